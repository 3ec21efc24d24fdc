package keystore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/enginetest"
)

func TestOnlyTheEntriesOfRevokedKeysCanBeDeleted(t *testing.T) {
	store := keystore.New(keystore.NewMemory())
	revoked, last := newEntry(t, "revoked", testURL), newEntry(t, "last", testURL)
	putCurrent(t, store, last)
	mustPut(t, store, newEntry(t, "active", testURL))
	for _, entry := range []keystore.Entry{revoked, last} {
		entry.State = keystore.StateRevoked
		mustPut(t, store, entry)
	}
	locked(t, store, func() {
		for keyID, want := range map[string]error{
			"active": keystore.ErrInvalid, "last": keystore.ErrInvalid, "absent": keystore.ErrNotFound,
		} {
			if err := store.Delete(t.Context(), "revoked", keyID); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", keyID, err, want)
			}
		}
		mustList(t, store, "active", "last", "revoked")
		if err := errors.Join(store.Delete(t.Context(), "revoked"), store.Delete(t.Context())); err != nil {
			t.Error(err)
		}
	})
	mustList(t, store, "active", "last")
}

func TestAStoreThatIsFullRefusesANewChangeAndEndsTheOldOne(t *testing.T) {
	store := keystore.New(keystore.NewMemory())
	locked(t, store, func() {
		n := 0
		for err := error(nil); err == nil; n++ {
			entry := newEntry(t, fmt.Sprint("id", n), testURL)
			entry.Name = strings.Repeat("n", 60<<10)
			err = store.Put(t.Context(), entry)
			if err != nil {
				mustSayPrune(t, err)
			}
			if n > 20 {
				t.Fatal("the store takes any number of entries")
			}
		}
		mustSayPrune(t, store.PutJournal(t.Context(), keystore.JournalRecord{ID: "new"}))
		if err := store.Put(t.Context(), newEntry(t, "small", testURL)); err != nil {
			t.Errorf("the reserve cannot be used: %v", err)
		}
	})
}

func mustSayPrune(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, keystore.ErrInvalid) || !strings.Contains(err.Error(), "store prune --older") {
		t.Errorf("got %v, want ErrInvalid with the command to run", err)
	}
}

func TestACopyHoldsAllThatTheStoreHeld(t *testing.T) {
	from := keystore.New(keystore.NewMemory())
	first := newEntry(t, "first", testURL)
	putCurrent(t, from, first)
	other := newEntry(t, "other", otherTestURL)
	mustPut(t, from, other)
	locked(t, from, func() {
		if err := from.PutJournal(t.Context(), keystore.JournalRecord{ID: "open", Data: []byte("data")}); err != nil {
			t.Fatal(err)
		}
	})
	publisher, sealer := enginetest.NewPublisher("desk"), newSealer(t)
	to := keystore.New(publisher, keystore.WithSealer(sealer))
	if err := keystore.Copy(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	for _, store := range []*keystore.Store{from, to} {
		mustHold(t, store, first)
		mustHold(t, store, other)
		mustBeCurrent(t, store, testURL, first)
		mustHaveNoCurrent(t, store, otherTestURL)
	}
	mustRecord(t, from, keystore.JournalRecord{ID: "open", Data: []byte("data")})
	mustRecord(t, to, keystore.JournalRecord{ID: "open", Data: []byte("data"), Foreign: true})
	mustPublish(t, keystore.NewPublished(publisher, sealer), first)
	if err := keystore.Copy(t.Context(), from, to); !errors.Is(err, keystore.ErrConflict) {
		t.Errorf("over a store that holds something: %v", err)
	}
}
