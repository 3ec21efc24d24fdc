package keystore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/keystoretest"
)

// Whatever is in an entry's file, it is an entry that can be put again or damage that is not
// quoted.
func FuzzEntryFile(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "keys")
	store, err := keystore.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, keyFile("id"))
	unlock, err := store.Lock(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(store.Put(f.Context(), keystoretest.NewEntry(f, "id", testURL)), unlock()); err != nil {
		f.Fatal(err)
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add(sound[:len(sound)/2])
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		mustWrite(t, path, string(content))
		entry, err := store.Get(t.Context(), "id")
		if err != nil {
			mustBeDamaged(t, err, path)
			mustNotQuote(t, err, content)
			return
		}
		if prepared, err := keystore.Prepare(entry); err != nil || prepared.KeyID != "id" {
			t.Errorf("what was read cannot be put: %v", err)
		}
	})
}

func FuzzJournalFile(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "keys")
	store, err := keystore.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, "journal-id.json")
	f.Add([]byte(`{"version":1,"id":"id","sequence":1,"data":"AAAA"}`))
	f.Add([]byte(`{"version":1,"id":"id","sequence":9223372036854775807,"data":null}`))
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		mustWrite(t, path, string(content))
		records, err := store.Journal(t.Context())
		if err != nil {
			mustBeDamaged(t, err, path)
			mustNotQuote(t, err, content)
			return
		}
		if len(records) != 1 || records[0].ID != "id" {
			t.Errorf("got %v", records)
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
const fixedTexts = "put back a sound copy, or have it set aside: nothing is deleted"
