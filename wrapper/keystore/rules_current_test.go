package keystore_test

import (
	"errors"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

func withoutAChoiceNoKeyIsCurrent(s suite) {
	mustPut(s.T, s.Store, newEntry(s.T, "id", testURL))
	mustHaveNoCurrent(s.T, s.Store, testURL)
}

func whatIsCurrentSwitches(s suite) {
	one, two := newEntry(s.T, "one", testURL), newEntry(s.T, "two", testURL)
	for _, entry := range []keystore.Entry{one, two, one} {
		mustPut(s.T, s.Store, entry)
		mustMakeCurrent(s.T, s.Store, entry)
		mustBeCurrent(s.T, s.Store, testURL, entry)
	}
}

func everyBaseURLHasItsOwnCurrentKey(s suite) {
	one, two := newEntry(s.T, "one", testURL), newEntry(s.T, "two", "https://demo.invalid:8443/trade-api/v2")
	for _, entry := range []keystore.Entry{one, two} {
		mustPut(s.T, s.Store, entry)
		mustMakeCurrent(s.T, s.Store, entry)
	}
	mustBeCurrent(s.T, s.Store, one.BaseURL, one)
	mustBeCurrent(s.T, s.Store, two.BaseURL, two)
	mustHaveNoCurrent(s.T, s.Store, "https://demo.invalid")
}

func theSpellingOfABaseURLDoesNotMatter(s suite) {
	entry := newEntry(s.T, "id", testURL)
	mustPut(s.T, s.Store, entry)
	locked(s.T, s.Store, func() {
		if err := s.SetCurrent(s.Context(), "https://DEMO.invalid/trade-api/v2/", "id"); err != nil {
			s.Error(err)
		}
	})
	mustBeCurrent(s.T, s.Store, " "+testURL+"//", entry)
	if _, err := s.Current(s.Context(), "demo"); !errors.Is(err, keystore.ErrInvalid) {
		s.Errorf("got %v, want ErrInvalid", err)
	}
}

func whatCannotSignHereCannotBecomeCurrent(s suite) {
	entry := newEntry(s.T, "id", testURL)
	elsewhere := newEntry(s.T, "elsewhere", "https://elsewhere.invalid")
	revoked := newEntry(s.T, "revoked", testURL)
	revoked.State = keystore.StateRevoked
	for _, entry := range []keystore.Entry{entry, elsewhere, revoked} {
		mustPut(s.T, s.Store, entry)
	}
	mustMakeCurrent(s.T, s.Store, entry)
	for keyID, want := range map[string]error{
		"absent": keystore.ErrNotFound, "": keystore.ErrNotFound,
		"elsewhere": keystore.ErrInvalid, "revoked": keystore.ErrInvalid,
	} {
		locked(s.T, s.Store, func() {
			if err := s.SetCurrent(s.Context(), testURL, keyID); !errors.Is(err, want) {
				s.Errorf("%q: got %v, want %v", keyID, err, want)
			}
		})
	}
	mustBeCurrent(s.T, s.Store, testURL, entry)
}

func theCurrentEntryIsReturnedAsItIsNow(s suite) {
	entry := newEntry(s.T, "id", testURL)
	mustPut(s.T, s.Store, entry)
	mustMakeCurrent(s.T, s.Store, entry)
	entry.State, entry.PrivateKey = keystore.StateRevoked, secret.PEM{}
	mustPut(s.T, s.Store, entry)
	mustBeCurrent(s.T, s.Store, testURL, entry)
}

func mustMakeCurrent(t *testing.T, store *keystore.Store, entry keystore.Entry) {
	t.Helper()
	locked(t, store, func() {
		if err := store.SetCurrent(t.Context(), entry.BaseURL, entry.KeyID); err != nil {
			t.Fatal(err)
		}
	})
}

func mustBeCurrent(t *testing.T, store *keystore.Store, baseURL string, want keystore.Entry) {
	t.Helper()
	got, err := store.Current(t.Context(), baseURL)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, got, want)
}

func mustHaveNoCurrent(t *testing.T, store *keystore.Store, baseURL string) {
	t.Helper()
	if got, err := store.Current(t.Context(), baseURL); !errors.Is(err, keystore.ErrNoCurrent) {
		t.Errorf("got %q, %v, want ErrNoCurrent", got.KeyID, err)
	}
}
