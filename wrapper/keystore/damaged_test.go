package keystore_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// edited returns a memory engine that holds what a store with the entry "id", which is current, and
// the journal record "record" wrote, after an edit.
func edited(t *testing.T, edit func(content string) string) *keystore.Memory {
	t.Helper()
	engine := keystore.NewMemory()
	store := keystore.New(engine)
	mustPut(t, store, newEntry(t, "id", testURL), newEntry(t, "elsewhere", "https://elsewhere.invalid"))
	mustSetCurrent(t, store, "id")
	locked(t, store, func() { putRecords(t, store, keystore.JournalRecord{ID: "record", Data: []byte("data")}) })
	data, version, err := engine.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after := edit(string(data))
	if after == string(data) {
		t.Fatal("the test damages nothing")
	}
	if _, err := engine.Swap(t.Context(), []byte(after), version); err != nil {
		t.Fatal(err)
	}
	return engine
}

func TestADamagedDocumentIsReportedWithoutAByteOfIt(t *testing.T) {
	other := newEntry(t, "other", testURL)
	for name, test := range map[string]struct {
		damage  func(content string) string
		problem string
	}{
		"half a document":          {func(c string) string { return c[:len(c)/2] }, "a part of it is missing"},
		"a document and a half":    {func(c string) string { return c + c[:len(c)/2] }, "not JSON"},
		"another text":             {func(string) string { return "-----BEGIN canary" }, "not JSON"},
		"a JSON text":              {func(string) string { return `"canary"` }, "no version"},
		"a JSON null":              {func(string) string { return "null" }, "no version"},
		"no version":               {replace(`"version": 1,`, ``), "no version"},
		"version 0":                {replace(`"version": 1`, `"version": 0`), "no version"},
		"a version that is a text": {replace(`"version": 1`, `"version": "canary"`), "no version"},
		"a later version":          {replace(`"version": 1`, `"version": 2`), "a later version"},
		"a member too many":        {replace(`"version": 1`, `"version": 1, "canary": 2`), "not that of a store"},
		"a member of another type": {replace(`"name": "bot"`, `"name": ["canary"]`), "not that of a store"},
		"no store ID":              {replace(`"store_id"`, `"store_id": "", "canary"`), "not that of a store"},
		"an empty write ID":        {func(c string) string { return cut(c, `"write_id": "`, `"`) }, "write ID"},
		"no revision":              {func(c string) string { return cut(c, `"revision": `, `,`) + "" }, "not JSON"},
		"revision 0":               {replace(`"revision": 4`, `"revision": 0`), "revision"},
		"an unknown state":         {replace(`"active"`, `"canary"`), "its state"},
		"an unknown type":          {replace(`"ed25519"`, `"canary"`), "its type"},
		"another base URL form":    {replace(`"base_url": "`+testURL, `"base_url": "`+testURL+"/"), "normal form"},
		"an impossible key ID":     {replace(`"key_id": "id"`, `"key_id": "can ary"`), "its key ID"},
		"two entries with one ID":  {replace(`"key_id": "elsewhere"`, `"key_id": "id"`), "two entries"},
		"no public key":            {replace("BEGIN PUBLIC", "BEGIN CANARY"), "its public key"},
		"the PEM of another key": {func(c string) string {
			return strings.Replace(c, quoted(keystoreKey(t, c)), quoted(other.PrivateKey.RevealPrivateKey()), 1)
		}, "does not belong to its public key"},
		"half a PEM": {func(c string) string {
			key := quoted(keystoreKey(t, c))
			return strings.Replace(c, key, key[:len(key)/2], 1)
		}, "its private key cannot be used"},
		"a revoked key that is there":     {replace(`"active"`, `"revoked"`), "revoked and still has"},
		"no current key":                  {replace(testURL+`": "id"`, testURL+`": ""`), "the current key"},
		"a current key that is absent":    {replace(testURL+`": "id"`, testURL+`": "canary"`), "is not in it"},
		"a current key of another host":   {replace(testURL+`": "id"`, testURL+`": "elsewhere"`), "another base URL"},
		"a current key for another form":  {replace(testURL+`": "id"`, testURL+`/": "id"`), "another base URL"},
		"a record without ID":             {replace(`"record"`, `""`), "a record of its journal"},
		"a record with data that is none": {replace(`"data": "`, `"data": "canary!`), "not that of a store"},
	} {
		t.Run(name, func(t *testing.T) {
			store := keystore.New(edited(t, test.damage))
			_, getErr := store.Get(t.Context(), "id")
			_, listErr := store.List(t.Context())
			_, currentErr := store.Current(t.Context(), testURL)
			_, journalErr := store.Journal(t.Context())
			errs := []error{getErr, listErr, currentErr, journalErr, store.Check(t.Context())}
			locked(t, store, func() {
				errs = append(errs,
					store.Put(t.Context(), other), store.SetCurrent(t.Context(), testURL, "id"),
					store.PutJournal(t.Context(), keystore.JournalRecord{ID: "x"}), store.DeleteJournal(t.Context(), "record"))
			})
			for _, err := range errs {
				if refusal := mustBeDamaged(t, err, "the store"); !strings.Contains(refusal.Problem, test.problem) {
					t.Errorf("the problem is %q, want %q", refusal.Problem, test.problem)
				}
				if text := err.Error(); strings.Contains(strings.ToLower(text), "canary") || strings.Contains(text, "PRIVATE KEY") {
					t.Errorf("%q quotes the document", text)
				}
			}
		})
	}
}

// cut returns content without what stands between two texts.
func cut(content, from, to string) string {
	before, rest, _ := strings.Cut(content, from)
	_, after, _ := strings.Cut(rest, to)
	return before + from + to + after
}

func TestADamagedFileIsReportedWhereNoCopyIsSound(t *testing.T) {
	for name, test := range map[string]struct {
		damage  func(content string) string
		problem string
	}{
		"an empty file":             {func(string) string { return "" }, "it is empty"},
		"half a file":               {func(c string) string { return c[:len(c)/2] }, "checksum"},
		"a file and a half":         {func(c string) string { return c + c[:len(c)/2] }, "checksum"},
		"another text":              {func(string) string { return "canary" }, "does not begin like"},
		"a header alone":            {func(c string) string { line, _, _ := strings.Cut(c, "\n"); return line }, "checksum"},
		"an earlier version":        {replace(`"version":1`, `"version":0`), "does not begin like"},
		"a later version":           {replace(`"version":1`, `"version":2`), "a later version"},
		"no revision":               {replace(`"revision":4`, `"revision":0`), "revision"},
		"a bit that was turned":     {replace(`"name": "bot"`, `"name": "bnt"`), "checksum"},
		"a huge file":               {func(c string) string { return c + strings.Repeat(" ", 5<<20) }, "larger"},
		"zeros in place of a block": {func(c string) string { return c[:200] + strings.Repeat("\x00", len(c)-200) }, "checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			entry := prepared(t, dir)
			store := mustOpen(t, dir)
			path := filepath.Join(dir, "store.json")
			before := map[string]string{}
			for _, file := range filesOf(t, dir) {
				before[file] = mustRead(t, file)
				mustWrite(t, file, test.damage(before[file]))
			}
			after := mustRead(t, path)
			_, err := store.List(t.Context())
			if refusal := mustBeDamaged(t, err, path); !strings.Contains(refusal.Problem, test.problem) || strings.Contains(err.Error(), "canary") {
				t.Errorf("the error is %v, want %q", err, test.problem)
			}
			locked(t, store, func() { mustBeDamaged(t, store.Put(t.Context(), entry), path) })
			if mustRead(t, path) != after {
				t.Error("the damaged file was changed")
			}
			mustWrite(t, path, before[path])
			mustGet(t, store, "new")
		})
	}
}

func TestTheNewestCopyIsReadInPlaceOfADamagedOrLostMainFile(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"damaged": func(path string) error { return os.Truncate(path, 200) },
		"lost":    os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			entry := prepared(t, dir)
			store, path := mustOpen(t, dir), filepath.Join(dir, "store.json")
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			if journal(t, store) != "as it was" {
				t.Error("the last write is lost")
			}
			mustHold(t, store, entry)
			if name == "lost" {
				mustPut(t, store, entry)
				mustBeSound(t, dir, "old", "new")
				return
			}
			mustBeDamaged(t, store.Check(t.Context()), path)
			locked(t, store, func() {
				mustBeDamaged(t, store.Put(t.Context(), entry), path)
				if moved, err := store.SetAside(t.Context()); err != nil || len(moved) != 1 {
					t.Errorf("set aside %q, %v", moved, err)
				}
				if err := store.Put(t.Context(), entry); err != nil {
					t.Error(err)
				}
			})
			mustBeSound(t, dir, "old", "new")
		})
	}
}

func TestAnOlderCopyIsReadOnlyOnceTheNewerOnesWereSetAside(t *testing.T) {
	dir := newDir(t)
	prepared(t, dir)
	store, files := mustOpen(t, dir), filesOf(t, dir)
	if len(files) != 3 {
		t.Fatalf("the store has the files %q", files)
	}
	newest := []string{filepath.Join(dir, "store.json"), filepath.Join(dir, "store.4.json")}
	for _, path := range newest {
		mustWrite(t, path, "damaged")
	}
	_, err := store.List(t.Context())
	mustBeDamaged(t, err, newest[0])
	locked(t, store, func() {
		if moved, err := store.SetAside(t.Context()); err != nil || len(moved) != 2 {
			t.Fatalf("set aside %q, %v", moved, err)
		}
	})
	if journal(t, store) != "" {
		t.Error("the journal record is there, though it came with the last write")
	}
	mustBeSound(t, dir, "old", "new")
}

func TestWhatIsDamagedIsSetAsideOnRequestAndNeverDeleted(t *testing.T) {
	dir := newDir(t)
	prepared(t, dir)
	store := mustOpen(t, dir)
	mustWrite(t, filepath.Join(dir, "notes.json"), "not the store's")
	files := filesOf(t, dir)
	for _, path := range files {
		mustWrite(t, path, "damaged "+filepath.Base(path))
	}
	later := filepath.Join(dir, "store.9.json")
	mustWrite(t, later, `{"version":2}`)

	if _, err := store.SetAside(t.Context()); !errors.Is(err, keystore.ErrNotLocked) {
		t.Errorf("got %v, want ErrNotLocked", err)
	}
	locked(t, store, func() {
		moved, err := store.SetAside(t.Context())
		if err != nil && !strings.Contains(err.Error(), "later version") || len(moved) != len(files) {
			t.Fatalf("set aside %q, %v", moved, err)
		}
		for _, path := range moved {
			name, _, _ := strings.Cut(filepath.Base(path), ".json.")
			if got := mustRead(t, path); got != "damaged "+name+".json" || filepath.Dir(path) != filepath.Join(dir, "damaged") {
				t.Errorf("%s holds %q", path, got)
			}
		}
		if moved, err := store.SetAside(t.Context()); err != nil || len(moved) > 0 {
			t.Errorf("again: set aside %q, %v", moved, err)
		}
	})
	_, err := store.Get(t.Context(), "old")
	mustBeDamaged(t, err, later)
	if err := os.Remove(later); err != nil {
		t.Fatal(err)
	}
	if entries, err := store.List(t.Context()); err != nil || len(entries) > 0 {
		t.Errorf("%d entries are left, %v", len(entries), err)
	}
	mustRead(t, filepath.Join(dir, "notes.json"))
	mustPut(t, store, newEntry(t, "again", testURL))
}

func TestADocumentThatIsDamagedInAFileThatIsNotIsSetAsideToo(t *testing.T) {
	dir := newDir(t)
	prepared(t, dir)
	path := filepath.Join(dir, "store.json")
	mustWrite(t, path, framed(replace(`"active"`, `"canary"`)(mustRead(t, path))))
	store := mustOpen(t, dir)
	_, err := store.List(t.Context())
	mustBeDamaged(t, err, path)
	locked(t, store, func() {
		if moved, err := store.SetAside(t.Context()); err != nil || len(moved) != 1 {
			t.Errorf("set aside %q, %v", moved, err)
		}
	})
	mustBeSound(t, dir, "old", "new")
}

// framed returns the content of a file with a header for the rest.
func framed(content string) string {
	_, document, _ := strings.Cut(content, "\n")
	return fmt.Sprintf(`{"version":1,"revision":4,"sha256":"%x"}`+"\n%s", sha256.Sum256([]byte(document)), document)
}

func TestADamagedCopyIsNotDeletedOrWrittenOver(t *testing.T) {
	for _, name := range []string{"store.3.json", "store.4.json", "store.5.json", "store.6.json"} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			entry := prepared(t, dir) // of revision 4
			path := filepath.Join(dir, name)
			mustWrite(t, path, "damaged")
			store := mustOpen(t, dir)
			mustGet(t, store, "new")
			var refused error
			locked(t, store, func() {
				for range 4 {
					refused = errors.Join(refused, store.Put(t.Context(), entry))
				}
			})
			if refused != nil && name != "store.5.json" && name != "store.6.json" {
				t.Error(refused)
			}
			if mustRead(t, path) != "damaged" {
				t.Error("the damaged copy is gone")
			}
			locked(t, store, func() {
				if moved, err := store.SetAside(t.Context()); err != nil || len(moved) != 1 {
					t.Errorf("set aside %q, %v", moved, err)
				}
				if err := store.Put(t.Context(), entry); err != nil {
					t.Error(err)
				}
			})
			mustBeSound(t, dir, "old", "new")
		})
	}
}

func TestTwoDamagedFilesOfOneNameAreBothKept(t *testing.T) {
	dir := newDir(t)
	store := mustOpen(t, dir)
	for range 2 {
		mustWrite(t, filepath.Join(dir, "store.json"), "damaged")
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
	crashed := true
	for at := 0; crashed; at++ {
		dir := newDir(t)
		prepared(t, dir)
		mustWrite(t, filepath.Join(dir, "store.json"), "damaged")
		store := mustOpenWith(t, dir, from(at, forEver, errStopped))
		locked(t, store, func() {
			_, err := store.SetAside(t.Context())
			crashed = errors.Is(err, errStopped)
		})
		mustHoldBoth(t, dir, fmt.Sprintf("step %d", at))
		aside, _ := filepath.Glob(filepath.Join(dir, "damaged", "store.json.*"))
		if here, _ := os.ReadFile(filepath.Join(dir, "store.json")); len(aside) == 1 == (string(here) == "damaged") {
			t.Errorf("step %d: store.json holds %q, and %q was set aside", at, here, aside)
		}
		locked(t, mustOpen(t, dir), func() {
			if _, err := mustOpen(t, dir).SetAside(t.Context()); !errors.Is(err, keystore.ErrNotLocked) {
				t.Error(err)
			}
		})
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

// keystoreKey returns the first private key in a document.
func keystoreKey(t *testing.T, content string) string {
	t.Helper()
	begin := strings.Index(content, "-----BEGIN "+"PRIVATE")
	if begin < 0 {
		t.Fatal("there is no private key")
	}
	key, _, _ := strings.Cut(content[begin:], `"`)
	return strings.ReplaceAll(key, `\n`, "\n")
}

func quoted(pem string) string { return strings.ReplaceAll(pem, "\n", `\n`) }

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
