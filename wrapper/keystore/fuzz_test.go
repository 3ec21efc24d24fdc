package keystore_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/enginetest"
)

// Whatever an engine returns, it is a document that can be written again or damage that is not
// quoted.
func FuzzDocument(f *testing.F) {
	engine := keystore.NewMemory()
	store := keystore.New(engine)
	lock, err := store.Lock(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	entry := newEntry(f, "id", testURL)
	if err := errors.Join(
		store.Put(f.Context(), entry), store.SetCurrent(f.Context(), testURL, "id"),
		store.PutJournal(f.Context(), keystore.JournalRecord{ID: "id", Data: []byte("data")}), lock.Unlock(),
	); err != nil {
		f.Fatal(err)
	}
	sound, _, err := engine.Load(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add(sound[:len(sound)/2])
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"store_id":"s","revision":9223372036854775807,"write_id":"w","journal":[{"id":"id","data":null}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		engine := keystore.NewMemory()
		if _, err := engine.Swap(t.Context(), content, ""); err != nil {
			t.Fatal(err)
		}
		store := keystore.New(engine)
		entries, err := store.List(t.Context())
		if err != nil {
			mustBeDamaged(t, err, "the store")
			mustNotQuote(t, err, content)
			return
		}
		locked(t, store, func() {
			for _, entry := range entries {
				if err := store.Put(t.Context(), entry); err != nil {
					t.Errorf("what was read cannot be put: %v", err)
				}
			}
		})
		if _, err := keystore.New(engine).List(t.Context()); err != nil {
			t.Errorf("what was written cannot be read: %v", err)
		}
	})
}

// clearSealer seals nothing, so that what is sealed can be made up.
type clearSealer struct{}

func (clearSealer) Seal(plain []byte, _ keystore.Purpose) ([]byte, error) {
	return bytes.Clone(plain), nil
}
func (clearSealer) Open(sealed []byte) ([]byte, error) { return bytes.Clone(sealed), nil }

// Whatever a server returns for a sealed document and for what it publishes, it is sound or damage that is not
// quoted.
func FuzzSealed(f *testing.F) {
	const shortURL = "https://a.bc/v2" // which an error names
	engine := enginetest.NewPublisher("desk")
	store := keystore.New(engine, keystore.WithSealer(clearSealer{}))
	lock, err := store.Lock(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(
		store.Put(f.Context(), newEntry(f, "id", shortURL)), store.SetCurrent(f.Context(), shortURL, "id"), lock.Unlock(),
	); err != nil {
		f.Fatal(err)
	}
	sound, _, err := engine.Load(f.Context())
	object, _, objectErr := engine.Published(shortURL).Load(f.Context())
	if err := errors.Join(err, objectErr); err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add(object)
	f.Add([]byte("sealed\n{}"))
	f.Add([]byte(`{"version":1,"store":"a name that is long enough to be quoted","store_id":"s","revision":1,"write_id":"w"}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		engine := enginetest.NewPublisher("desk")
		enginetest.Replace(engine, content)
		enginetest.Replace(engine.Published(shortURL).(keystore.Document), content)
		_, listErr := keystore.New(engine, keystore.WithSealer(clearSealer{})).List(t.Context())
		_, statusErr := keystore.New(engine).Status(t.Context())
		_, currentErr := keystore.NewPublished(engine, clearSealer{}).Current(t.Context(), shortURL)
		for _, err := range []error{listErr, statusErr, currentErr} {
			if _, ok := errors.AsType[*keystore.DamagedError](err); err != nil && !ok && !errors.Is(err, keystore.ErrNoCurrent) {
				t.Errorf("got %v, want a *DamagedError", err)
			}
			if err != nil {
				mustNotQuote(t, err, content)
			}
		}
	})
}

// Whatever is in the files of a directory, it is a store or damage that is not quoted.
func FuzzFile(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "keys")
	store, err := keystore.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, "store.json")
	f.Add([]byte(framed("\n")))
	f.Add([]byte(framed("\n{}")))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"revision":1,"sha256":""}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		mustWrite(t, path, string(content))
		if _, err := store.List(t.Context()); err != nil {
			mustBeDamaged(t, err, path)
			mustNotQuote(t, err, content)
		}
	})
}

// mustNotQuote fails if an error repeats a part of what it is about that is long enough to be no
// coincidence.
func mustNotQuote(t *testing.T, err error, content []byte) {
	t.Helper()
	known := strings.ToLower(err.Error())
	const long = 24
	for i := 0; i+long <= len(content) && i < 4096; i++ {
		if part := strings.ToLower(string(content[i : i+long])); strings.Contains(known, part) && !strings.Contains(fixedTexts, part) {
			t.Fatalf("%v quotes %q", err, part)
		}
	}
}

// fixedTexts are what errors say whatever the file holds.
const fixedTexts = "put back a sound copy, or have it set aside: nothing is deleted" +
	"open the store with the key that it was sealed with open the store without a sealer"
