package lifecycle_test

import (
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/secret"
)

func (w *world) bootstrap(options ...sandbox.KeyOption) sandbox.Key {
	w.t.Helper()
	key, err := w.box.Bootstrap(append([]sandbox.KeyOption{sandbox.OfType(sandbox.Ed25519)}, options...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

func (w *world) importKey(key sandbox.Key, use bool) (keystore.Entry, error) {
	return w.manager.Import(w.t.Context(), lifecycle.ImportRequest{KeyID: key.ID, PrivateKey: key.PrivateKey, Use: use})
}

func TestTheFirstImportedKeyBecomesCurrent(t *testing.T) {
	w := emptyWorld(t)
	entry, err := w.importKey(w.first, false)
	if err != nil {
		t.Fatal(err)
	}
	if entry.Name != "bot" || entry.Type != gen.KeyTypeEd25519 || entry.State != keystore.StateActive || len(entry.Scopes) != 2 {
		t.Errorf("the entry is %+v", entry)
	}
	if w.current().KeyID != w.first.ID || len(w.seam.requests) != 1 {
		t.Errorf("current is %v, sent %v", w.current(), w.seam.requests)
	}
}

func TestAnotherImportedKeyBecomesCurrentIfAskedOrIfNoneWorks(t *testing.T) {
	w := newWorld(t)
	second, third := w.bootstrap(), w.bootstrap(sandbox.Named("third"))
	if _, err := w.importKey(second, false); err != nil || w.current().KeyID != w.first.ID {
		t.Errorf("%v, current is %s", err, w.current().KeyID)
	}
	if _, err := w.importKey(second, true); err != nil || w.current().KeyID != second.ID {
		t.Errorf("%v, current is %s", err, w.current().KeyID)
	}
	w.markRevoked(second.ID)
	if _, err := w.importKey(third, false); err != nil || w.current().KeyID != third.ID {
		t.Errorf("%v, current is %s", err, w.current().KeyID)
	}
}

func TestAKeyThatIsImportedAgainKeepsItsAge(t *testing.T) {
	w := newWorld(t)
	before := w.current()
	w.setState(w.first.ID, keystore.StateRetiring)
	again, err := w.importKey(w.first, false)
	if err != nil || !again.CreatedAt.Equal(before.CreatedAt) || again.State != keystore.StateActive {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestAKeyThatDoesNotWorkIsNotImported(t *testing.T) {
	w := emptyWorld(t)
	other := w.bootstrap()
	for _, row := range []struct {
		name    string
		request lifecycle.ImportRequest
		want    error
	}{
		{"the private key of another", lifecycle.ImportRequest{KeyID: w.first.ID, PrivateKey: other.PrivateKey}, wrapper.ErrBadSignature},
		{"a key of another environment", lifecycle.ImportRequest{KeyID: "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11", PrivateKey: other.PrivateKey}, wrapper.ErrUnknownKey},
		{"no key ID", lifecycle.ImportRequest{PrivateKey: other.PrivateKey}, nil},
		{"no private key", lifecycle.ImportRequest{KeyID: w.first.ID, PrivateKey: secret.NewPEM("none")}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := w.manager.Import(t.Context(), row.request)
			if err == nil {
				t.Fatal("it was imported")
			}
			if row.want != nil {
				mustMatch(t, err, row.want)
			}
			if len(w.entries()) != 0 {
				t.Errorf("held are %v", w.entries())
			}
		})
	}
}

func TestAKeyIsImportedAlthoughNothingElseCanBeRecovered(t *testing.T) {
	w := newWorld(t)
	w.issueUntil(answeredGenerate)
	w.deleteAtService(w.first.ID)
	_, err := w.manager.Recover(t.Context())
	mustMatch(t, err, wrapper.ErrUnknownKey)
	key := w.bootstrap()
	if _, err := w.importKey(key, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.manager.Recover(t.Context()); err != nil {
		t.Error(err)
	}
	if live := w.liveKeys(); len(live) != 1 || live[0].ID != key.ID {
		t.Errorf("live are %+v", live)
	}
}
