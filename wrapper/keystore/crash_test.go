package keystore_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/internal/privatefile"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// change is an operation on a store that has the entries "old", which is current, and "new",
// and the journal record "record".
type change struct {
	name string
	do   func(ctx context.Context, store *keystore.Store, entry keystore.Entry) error
	// done reports whether the change shows in the store.
	done func(t *testing.T, store *keystore.Store) bool
}

func changes() []change {
	return []change{
		{
			"Put", func(ctx context.Context, store *keystore.Store, entry keystore.Entry) error {
				entry.Name = "changed"
				return store.Put(ctx, entry)
			}, func(t *testing.T, store *keystore.Store) bool {
				t.Helper()
				return mustGet(t, store, "new").Name == "changed"
			},
		}, {
			"SetCurrent", func(ctx context.Context, store *keystore.Store, entry keystore.Entry) error {
				return store.SetCurrent(ctx, testURL, entry.KeyID)
			}, func(t *testing.T, store *keystore.Store) bool {
				t.Helper()
				current, err := store.Current(t.Context(), testURL)
				if err != nil {
					t.Fatal(err)
				}
				return current.KeyID == "new"
			},
		}, {
			"PutJournal", func(ctx context.Context, store *keystore.Store, _ keystore.Entry) error {
				return store.PutJournal(ctx, keystore.JournalRecord{ID: "record", Data: []byte("changed")})
			}, func(t *testing.T, store *keystore.Store) bool {
				t.Helper()
				return journal(t, store) == "changed"
			},
		}, {
			"DeleteJournal", func(ctx context.Context, store *keystore.Store, _ keystore.Entry) error {
				return store.DeleteJournal(ctx, "record")
			}, func(t *testing.T, store *keystore.Store) bool {
				t.Helper()
				return journal(t, store) == ""
			},
		},
	}
}

func journal(t *testing.T, store *keystore.Store) string {
	t.Helper()
	records, err := store.Journal(t.Context())
	if err != nil || len(records) > 1 {
		t.Fatalf("got %v, %v", records, err)
	}
	if len(records) == 0 {
		return ""
	}
	return string(records[0].Data)
}

// prepared fills the store in dir for a change, and returns the entry "new".
func prepared(t *testing.T, dir string) keystore.Entry {
	t.Helper()
	store := mustOpen(t, dir)
	entry := newEntry(t, "new", testURL)
	mustPut(t, store, newEntry(t, "old", testURL), entry)
	mustSetCurrent(t, store, "old")
	locked(t, store, func() {
		if err := store.PutJournal(t.Context(), keystore.JournalRecord{ID: "record", Data: []byte("as it was")}); err != nil {
			t.Fatal(err)
		}
	})
	return entry
}

// stepsOf returns the steps of a change.
func stepsOf(t *testing.T, change change) []string {
	t.Helper()
	var taken []string
	dir := newDir(t)
	entry := prepared(t, dir)
	store := mustOpenWith(t, dir, func(step string, do func() error) error {
		taken = append(taken, step)
		return do()
	})
	if err := attempt(t.Context(), store, change, entry); err != nil {
		t.Fatal(err)
	}
	return taken
}

// from returns steps that fail with err from the step at on, counted from 0, for as many as count
// says.
func from(at, count int, err error) steps {
	n := -1
	return func(_ string, do func() error) error {
		if n++; n >= at && n < at+count {
			return err
		}
		return do()
	}
}

// forEver is more steps than any operation has.
const forEver = 1000

func attempt(ctx context.Context, store *keystore.Store, change change, entry keystore.Entry) error {
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	return errors.Join(change.do(ctx, store, entry), lock.Unlock())
}

// showsFrom returns the first of the steps before which a crash leaves the new state.
func showsFrom(taken []string) int {
	renames := 0
	for i, step := range taken {
		if step == privatefile.StepRename {
			if renames++; renames == 2 {
				return i + 1
			}
		}
	}
	return len(taken)
}

var errStopped = errors.New("crash")

func TestACrashBeforeAnyStepLeavesTheOldStateOrTheNew(t *testing.T) {
	if testing.Short() {
		return
	}
	points := 0
	for _, change := range changes() {
		taken := stepsOf(t, change)
		for at, step := range taken {
			points++
			t.Run(fmt.Sprintf("%s, step %d, %s", change.name, at, step), func(t *testing.T) {
				dir := newDir(t)
				entry := prepared(t, dir)
				err := attempt(t.Context(), mustOpenWith(t, dir, from(at, forEver, errStopped)), change, entry)
				if !errors.Is(err, errStopped) && step != privatefile.StepRemove {
					t.Fatalf("got %v, want the crash", err)
				}
				wanted := at >= showsFrom(taken)
				mustSurviveTheLossOfAnyFile(t, dir)
				if done := change.done(t, mustOpen(t, dir)); done != wanted {
					t.Errorf("the change shows: %t", done)
				}
				mustBeSound(t, dir, "old", "new")
				if done := change.done(t, mustOpen(t, dir)); done != wanted {
					t.Errorf("once the lock was taken, the change shows: %t", done)
				}
				if err := attempt(t.Context(), mustOpen(t, dir), change, entry); err != nil || !change.done(t, mustOpen(t, dir)) {
					t.Errorf("the change cannot be made after the crash: %v", err)
				}
			})
		}
	}
	t.Logf("%d crash points", points)
}

// mustSurviveTheLossOfAnyFile damages and removes each file of the store in turn. What is read then
// must be complete: the state that it was, or the one that a write was about to make of it.
func mustSurviveTheLossOfAnyFile(t *testing.T, dir string) {
	t.Helper()
	for _, path := range filesOf(t, dir) {
		before := mustRead(t, path)
		mustWrite(t, path, before[:len(before)/2])
		mustHoldBoth(t, dir, "with half of "+path)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		mustHoldBoth(t, dir, "without "+path)
		mustWrite(t, path, before)
	}
}

func mustHoldBoth(t *testing.T, dir, when string) {
	t.Helper()
	entries, err := mustOpen(t, dir).List(t.Context())
	if err != nil || len(entries) != 2 {
		t.Errorf("%s: %d entries, %v", when, len(entries), err)
	}
}

// filesOf returns the paths of the store's main file and its copies.
func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "store*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%q, %v", paths, err)
	}
	return paths
}

func TestACrashInTheFirstWriteLeavesAnEmptyStoreOrTheNewState(t *testing.T) {
	entry := newEntry(t, "id", testURL)
	put := change{name: "Put", do: func(ctx context.Context, store *keystore.Store, entry keystore.Entry) error {
		return store.Put(ctx, entry)
	}}
	crashed := true
	for at := 0; crashed; at++ {
		dir := newDir(t)
		err := attempt(t.Context(), mustOpenWith(t, dir, from(at, forEver, errStopped)), put, entry)
		crashed = errors.Is(err, errStopped)
		for range 2 { // before the lock is taken, and after
			entries, err := mustOpen(t, dir).List(t.Context())
			if err != nil || (len(entries) == 0 && !crashed) {
				t.Errorf("step %d: %d entries, %v", at, len(entries), err)
			}
			locked(t, mustOpen(t, dir), func() { mustHaveNoTemporaryFile(t, dir) })
		}
		mustPut(t, mustOpen(t, dir), entry)
	}
}

func TestACopyIsDurableBeforeTheMainFileIsWritten(t *testing.T) {
	one := []string{
		privatefile.StepCreate, privatefile.StepWrite, privatefile.StepSync,
		privatefile.StepRename, privatefile.StepSyncDirectory,
	}
	want := slices.Concat(one, one, []string{privatefile.StepRemove})
	for _, change := range changes() {
		if got := stepsOf(t, change); !slices.Equal(got, want) {
			t.Errorf("%s: the steps are %q, want %q", change.name, got, want)
		}
	}
}

func TestWhatTheSystemRefusesLeavesTheOldStateAndNothingBehind(t *testing.T) {
	if testing.Short() {
		return
	}
	for _, refusal := range []struct {
		name string
		err  error
		hint string
	}{
		{"a full disk", syscall.ENOSPC, "Make room on the disk"},
		{"a read-only file system", syscall.EROFS, "Make the directory writable"},
		{"no permission", os.NewSyscallError("openat", syscall.EACCES), "Make the directory writable"},
		{"a failing disk", syscall.EIO, ""},
	} {
		for _, change := range changes() {
			taken := stepsOf(t, change)
			for at, step := range taken {
				for _, count := range []int{1, forEver} {
					t.Run(fmt.Sprintf("%s, %s, %d from step %d, %s", refusal.name, change.name, count, at, step), func(t *testing.T) {
						dir := newDir(t)
						entry := prepared(t, dir)
						store := mustOpenWith(t, dir, from(at, count, refusal.err))
						err := attempt(t.Context(), store, change, entry)
						switch {
						case step == privatefile.StepRemove:
							if err != nil {
								t.Errorf("got %v, though only an old copy stays", err)
							}
						case !errors.Is(err, refusal.err):
							t.Errorf("got %v, want %v", err, refusal.err)
						case !strings.Contains(err.Error(), refusal.hint) || !strings.Contains(err.Error(), dir):
							t.Errorf("%q does not say %q and where", err, refusal.hint)
						}
						wanted := at >= showsFrom(taken)
						if done := change.done(t, store); done != wanted {
							t.Errorf("for the same store, the change shows: %t", done)
						}
						if count == 1 {
							mustHaveNoTemporaryFile(t, dir)
						}
						mustBeSound(t, dir, "old", "new")
						if done := change.done(t, mustOpen(t, dir)); done != wanted {
							t.Errorf("the change shows: %t", done)
						}
					})
				}
			}
		}
	}
}

func TestAFileThatACrashLeftBehindIsRemovedUnderTheLock(t *testing.T) {
	dir := newDir(t)
	entry := prepared(t, dir)
	crashes := mustOpenWith(t, dir, from(2, forEver, errStopped))
	if err := attempt(t.Context(), crashes, changes()[0], entry); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	if names := temporaryFiles(t, dir); len(names) != 1 {
		t.Fatalf("the crash left %q", names)
	}
	if entries, err := mustOpen(t, dir).List(t.Context()); err != nil || len(entries) != 2 {
		t.Errorf("what was left behind counts: %d entries, %v", len(entries), err)
	}
	if _, err := mustOpenWith(t, dir, from(0, 1, syscall.EACCES)).Lock(t.Context()); !errors.Is(err, syscall.EACCES) {
		t.Errorf("got %v, want that it cannot be removed", err)
	}
	locked(t, mustOpen(t, dir), func() { mustHaveNoTemporaryFile(t, dir) })
}

func TestAWriterThatIsKilledLosesNothing(t *testing.T) {
	if testing.Short() {
		return
	}
	const kills = 30
	dir := newDir(t)
	var written []string
	for i := range kills {
		writer := start(t, "rotate for ever", dir)
		for range i%4 + 1 {
			written = append(written, writer.line(t))
		}
		written = append(written, writer.kill(t)...)
		mustBeSound(t, dir, written...)
	}
	current, err := mustOpen(t, dir).Current(t.Context(), testURL)
	if err != nil || current.PrivateKey.IsEmpty() {
		t.Errorf("the current entry is %q, %v", current.KeyID, err)
	}
	t.Logf("%d kills, %d entries", kills, len(written))
}

// rotateForEver puts entries and makes each current, and says so once it is done.
func rotateForEver(ctx context.Context, dir string) error {
	store, err := keystore.Open(dir)
	for err == nil {
		err = rotateOnce(ctx, store)
	}
	return err
}

func rotateOnce(ctx context.Context, store *keystore.Store) error {
	entry, err := randomEntry()
	if err != nil {
		return err
	}
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	err = errors.Join(
		store.PutJournal(ctx, keystore.JournalRecord{ID: entry.KeyID, Data: []byte("rotating")}),
		store.Put(ctx, entry),
		store.SetCurrent(ctx, testURL, entry.KeyID),
		store.DeleteJournal(ctx, entry.KeyID),
	)
	if err == nil {
		fmt.Println(entry.KeyID)
	}
	return errors.Join(err, lock.Unlock())
}

func randomEntry() (keystore.Entry, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return keystore.Entry{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return keystore.Entry{}, err
	}
	publicKey, err := keystore.PublicKeyPEM(public)
	return keystore.Entry{
		KeyID: rand.Text(), Type: gen.KeyTypeEd25519, BaseURL: testURL, PublicKey: publicKey, State: keystore.StateActive,
		PrivateKey: secret.NewPEM(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))),
	}, err
}

// mustBeSound fails unless everything in the store can be read, the lock is free, nothing is left
// behind once it was taken, the newest revision is there twice, and the entries with keyIDs are
// there.
func mustBeSound(t *testing.T, dir string, keyIDs ...string) {
	t.Helper()
	store := mustOpen(t, dir)
	_, err := store.List(t.Context())
	_, journalErr := store.Journal(t.Context())
	_, currentErr := store.Current(t.Context(), testURL)
	if err := errors.Join(err, journalErr, currentErr, store.Check(t.Context())); err != nil {
		t.Error(err)
	}
	for _, keyID := range keyIDs {
		mustGet(t, store, keyID)
	}
	locked(t, store, func() {
		mustHaveNoTemporaryFile(t, dir)
		mustHaveTheNewestTwice(t, dir)
	})
}

func mustHaveTheNewestTwice(t *testing.T, dir string) {
	t.Helper()
	// The first line also says which file it is.
	_, newest, _ := strings.Cut(mustRead(t, filepath.Join(dir, "store.json")), "\n")
	found := 0
	for _, path := range filesOf(t, dir) {
		if _, document, _ := strings.Cut(mustRead(t, path), "\n"); document == newest {
			found++
		}
	}
	if found != 2 {
		t.Errorf("the newest revision is there %d times, in %q", found, filesOf(t, dir))
	}
}

func mustHaveNoTemporaryFile(t *testing.T, dir string) {
	t.Helper()
	if names := temporaryFiles(t, dir); len(names) > 0 {
		t.Errorf("%q was left behind", names)
	}
}

func temporaryFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".tmp-") {
			names = append(names, entry.Name())
		}
	}
	return names
}
