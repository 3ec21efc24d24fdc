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

func TestDamagedEntriesAreReportedWithoutAByteOfThem(t *testing.T) {
	other := keystoretest.NewEntry(t, "other", testURL)
	for name, test := range map[string]struct {
		damage  func(content string) string
		problem string
	}{
		"an empty file":            {func(string) string { return "" }, "it is empty"},
		"half a file":              {func(c string) string { return c[:len(c)/2] }, "only half of it"},
		"a file and a half":        {func(c string) string { return c + c[:len(c)/2] }, "no JSON"},
		"another text":             {func(string) string { return "-----BEGIN canary" }, "no JSON"},
		"a JSON text":              {func(string) string { return `"canary"` }, "no version"},
		"a JSON null":              {func(string) string { return "null" }, "no version"},
		"no version":               {replace(`"version": 1,`, ``), "no version"},
		"version 0":                {replace(`"version": 1`, `"version": 0`), "no version"},
		"a version that is a text": {replace(`"version": 1`, `"version": "canary"`), "no version"},
		"a later version":          {replace(`"version": 1`, `"version": 2`), "a later version"},
		"a member too many":        {replace(`"version": 1`, `"version": 1, "canary": 2`), "not that of this kind"},
		"a member of another type": {replace(`"name": "bot"`, `"name": ["canary"]`), "not that of this kind"},
		"an unknown state":         {replace(`"active"`, `"canary"`), "its state"},
		"an unknown type":          {replace(`"ed25519"`, `"canary"`), "its type"},
		"another base URL form":    {replace(testURL, testURL+"/"), "normal form"},
		"another key ID":           {replace(`"key_id": "id"`, `"key_id": "canary"`), "another key ID"},
		"an impossible key ID":     {replace(`"key_id": "id"`, `"key_id": "can ary"`), "its key ID"},
		"no public key":            {replace("BEGIN PUBLIC", "BEGIN CANARY"), "its public key"},
		"the PEM of another key": {func(c string) string {
			return strings.Replace(c, quoted(keystoreKey(t, c)), quoted(other.PrivateKey.RevealPrivateKey()), 1)
		}, "does not belong to its public key"},
		"half a PEM": {func(c string) string {
			key := quoted(keystoreKey(t, c))
			return strings.Replace(c, key, key[:len(key)/2], 1)
		}, "its private key cannot be used"},
		"a revoked key that is there": {replace(`"active"`, `"revoked"`), "revoked and still has"},
		"a huge file":                 {func(c string) string { return c + strings.Repeat(" ", 1<<20) }, "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			store := mustOpen(t, dir)
			entry, sound := keystoretest.NewEntry(t, "id", testURL), keystoretest.NewEntry(t, "sound", testURL)
			mustPut(t, store, entry, sound)
			mustSetCurrent(t, store, "id")
			path := filepath.Join(dir, keyFile("id"))
			before := mustRead(t, path)
			after := test.damage(before)
			if after == before {
				t.Fatal("the test damages nothing")
			}
			mustWrite(t, path, after)

			_, err := store.Get(t.Context(), "id")
			refusal := mustBeDamaged(t, err, path)
			if !strings.Contains(refusal.Problem, test.problem) {
				t.Errorf("the problem is %q, want %q", refusal.Problem, test.problem)
			}
			if text := err.Error(); strings.Contains(strings.ToLower(text), "canary") || strings.Contains(text, "PRIVATE KEY") {
				t.Errorf("%q quotes the file", text)
			}
			entries, err := store.List(t.Context())
			mustBeDamaged(t, err, path)
			if len(entries) != 1 || entries[0].KeyID != "sound" {
				t.Errorf("%d entries are listed beside the damaged one", len(entries))
			}
			_, err = store.Current(t.Context(), testURL)
			mustBeDamaged(t, err, path)
			locked(t, store, func() {
				mustBeDamaged(t, store.SetCurrent(t.Context(), testURL, "id"), path)
				mustBeDamaged(t, store.Put(t.Context(), entry), path)
			})
			if mustRead(t, path) != after {
				t.Error("the damaged file was changed")
			}
			mustWrite(t, path, before)
			mustGet(t, store, "id")
		})
	}
}

func TestADamagedChoiceOfTheCurrentKeyIsReported(t *testing.T) {
	for name, test := range map[string]struct {
		damage  func(content string) string
		problem string
	}{
		"half a file":           {func(c string) string { return c[:len(c)/2] }, "only half of it"},
		"no key":                {replace(`"old"`, `""`), "names no key"},
		"a key that is absent":  {replace(`"old"`, `"absent"`), "does not hold"},
		"a key of another host": {replace(`"old"`, `"elsewhere"`), "of another base URL"},
		"another base URL":      {replace(testURL, "https://elsewhere.invalid"), "of another base URL"},
		"no base URL":           {replace(testURL, ""), "of another base URL"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			prepared(t, dir)
			store := mustOpen(t, dir)
			mustPut(t, store, keystoretest.NewEntry(t, "elsewhere", "https://elsewhere.invalid"))
			path := filepath.Join(dir, currentFile(t, dir))
			mustWrite(t, path, test.damage(mustRead(t, path)))
			_, err := store.Current(t.Context(), testURL)
			if refusal := mustBeDamaged(t, err, path); !strings.Contains(refusal.Problem, test.problem) {
				t.Errorf("the problem is %q, want %q", refusal.Problem, test.problem)
			}
			mustSetCurrent(t, store, "new")
			if current, err := store.Current(t.Context(), testURL); err != nil || current.KeyID != "new" {
				t.Errorf("another choice must mend it: %q, %v", current.KeyID, err)
			}
		})
	}
}

func TestADamagedJournalRecordIsReportedBesideTheOthers(t *testing.T) {
	dir := newDir(t)
	prepared(t, dir)
	store := mustOpen(t, dir)
	path := filepath.Join(dir, "journal-record.json")
	for name, damage := range map[string]func(string) string{
		"half a record":        func(c string) string { return c[:len(c)/2] },
		"data that is no data": replace(`"data": "`, `"data": "canary!`),
		"another ID":           replace(`"record"`, `"canary"`),
	} {
		t.Run(name, func(t *testing.T) {
			before := mustRead(t, path)
			mustWrite(t, path, damage(before))
			locked(t, store, func() {
				if err := store.PutJournal(t.Context(), keystore.JournalRecord{ID: "sound"}); err != nil {
					t.Error(err)
				}
				mustBeDamaged(t, store.PutJournal(t.Context(), keystore.JournalRecord{ID: "record"}), path)
			})
			records, err := store.Journal(t.Context())
			mustBeDamaged(t, err, path)
			if len(records) != 1 || records[0].ID != "sound" || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, %v", records, err)
			}
			mustWrite(t, path, before)
		})
	}
}

func TestWhatIsDamagedIsSetAsideOnRequestAndNeverDeleted(t *testing.T) {
	dir := newDir(t)
	prepared(t, dir)
	store := mustOpen(t, dir)
	mustPut(t, store, keystoretest.NewEntry(t, "later", testURL))
	later := filepath.Join(dir, keyFile("later"))
	mustWrite(t, later, replace(`"version": 1`, `"version": 2`)(mustRead(t, later)))
	mustWrite(t, filepath.Join(dir, "notes.json"), "not the store's")
	names := []string{currentFile(t, dir), "journal-record.json", keyFile("old")}
	for _, name := range names {
		mustWrite(t, filepath.Join(dir, name), "damaged "+name)
	}

	if _, err := store.SetAside(t.Context()); !errors.Is(err, keystore.ErrNotLocked) {
		t.Errorf("got %v, want ErrNotLocked", err)
	}
	locked(t, store, func() {
		moved, err := store.SetAside(t.Context())
		if err != nil || len(moved) != len(names) {
			t.Fatalf("set aside %q, %v", moved, err)
		}
		for i, name := range names {
			if got := mustRead(t, moved[i]); got != "damaged "+name || filepath.Dir(moved[i]) != filepath.Join(dir, "damaged") {
				t.Errorf("%s holds %q", moved[i], got)
			}
		}
		if moved, err := store.SetAside(t.Context()); err != nil || len(moved) > 0 {
			t.Errorf("again: set aside %q, %v", moved, err)
		}
	})
	if _, err := store.Get(t.Context(), "old"); !errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if _, err := store.Current(t.Context(), testURL); !errors.Is(err, keystore.ErrNoCurrent) {
		t.Errorf("got %v, want ErrNoCurrent", err)
	}
	_, err := store.Get(t.Context(), "later")
	mustBeDamaged(t, err, later)
	mustGet(t, store, "new")
	mustRead(t, filepath.Join(dir, "notes.json"))
}

func TestTwoDamagedFilesOfOneNameAreBothKept(t *testing.T) {
	dir := newDir(t)
	store := mustOpen(t, dir)
	for range 2 {
		mustWrite(t, filepath.Join(dir, keyFile("id")), "damaged")
		locked(t, store, func() {
			if moved, err := store.SetAside(t.Context()); err != nil || len(moved) != 1 {
				t.Errorf("set aside %q, %v", moved, err)
			}
		})
	}
	if kept, err := os.ReadDir(filepath.Join(dir, "damaged")); err != nil || len(kept) != 2 {
		t.Errorf("%d files are kept, %v", len(kept), err)
	}
}

func TestACrashWhileSettingAsideLosesNoFile(t *testing.T) {
	crash := errors.New("crash")
	for at := range 5 {
		dir, left := newDir(t), at+1 // one for the lock
		mustWrite(t, filepath.Join(dir, keyFile("id")), "damaged")
		store := mustOpen(t, dir, keystore.WithSteps(func(string) error {
			if left--; left < 0 {
				return crash
			}
			return nil
		}))
		unlock, err := store.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.SetAside(t.Context())
		if err := errors.Join(err, unlock()); !errors.Is(err, crash) {
			t.Errorf("step %d: got %v, want the crash", at, err)
		}
		here, _ := filepath.Glob(filepath.Join(dir, "key-*"))
		aside, _ := filepath.Glob(filepath.Join(dir, "damaged", "key-*"))
		if len(here)+len(aside) != 1 {
			t.Errorf("step %d: the file is in %q and %q", at, here, aside)
		}
	}
}

func mustBeDamaged(t *testing.T, err error, path string) keystore.DamagedError {
	t.Helper()
	refusal, ok := errors.AsType[*keystore.DamagedError](err)
	if !ok || refusal.Path != path || refusal.Hint == "" || refusal.Problem == "" {
		t.Fatalf("got %v, want that %s is damaged", err, path)
	}
	return *refusal
}

func replace(old, next string) func(string) string {
	return func(content string) string { return strings.Replace(content, old, next, 1) }
}

// keystoreKey returns the private key in the content of an entry's file.
func keystoreKey(t *testing.T, content string) string {
	t.Helper()
	begin := strings.Index(content, "-----BEGIN "+"PRIVATE")
	end := strings.LastIndex(content, `"`)
	if begin < 0 || end < begin {
		t.Fatal("there is no private key")
	}
	return strings.ReplaceAll(content[begin:end], `\n`, "\n")
}

func quoted(pem string) string { return strings.ReplaceAll(pem, "\n", `\n`) }

func keyFile(keyID string) string { return "key-" + keyID + ".json" }

// currentFile returns the name of the only file that says what is current.
func currentFile(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "current-*.json"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("got %q, %v", paths, err)
	}
	return filepath.Base(paths[0])
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
