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
	"slices"
	"strings"
	"syscall"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/keystoretest"
	"kalshi.internal/apikeys/wrapper/secret"
)

// change is an operation on a store that has the entries "old", which is current, and "new",
// and the journal record "record".
type change struct {
	name string
	do   func(ctx context.Context, store *keystore.Directory, entry keystore.Entry) error
	// done reports whether the change shows in the store.
	done func(t *testing.T, store *keystore.Directory) bool
}

func changes() []change {
	return []change{
		{
			"Put", func(ctx context.Context, store *keystore.Directory, entry keystore.Entry) error {
				entry.Name = "changed"
				return store.Put(ctx, entry)
			}, func(t *testing.T, store *keystore.Directory) bool {
				t.Helper()
				return mustGet(t, store, "new").Name == "changed"
			},
		}, {
			"SetCurrent", func(ctx context.Context, store *keystore.Directory, entry keystore.Entry) error {
				return store.SetCurrent(ctx, testURL, entry.KeyID)
			}, func(t *testing.T, store *keystore.Directory) bool {
				t.Helper()
				current, err := store.Current(t.Context(), testURL)
				if err != nil {
					t.Fatal(err)
				}
				return current.KeyID == "new"
			},
		}, {
			"PutJournal", func(ctx context.Context, store *keystore.Directory, _ keystore.Entry) error {
				return store.PutJournal(ctx, keystore.JournalRecord{ID: "record", Data: []byte("changed")})
			}, func(t *testing.T, store *keystore.Directory) bool {
				t.Helper()
				return journal(t, store) == "changed"
			},
		}, {
			"DeleteJournal", func(ctx context.Context, store *keystore.Directory, _ keystore.Entry) error {
				return store.DeleteJournal(ctx, "record")
			}, func(t *testing.T, store *keystore.Directory) bool {
				t.Helper()
				return journal(t, store) == ""
			},
		},
	}
}

func journal(t *testing.T, store *keystore.Directory) string {
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
	entry := keystoretest.NewEntry(t, "new", testURL)
	mustPut(t, store, keystoretest.NewEntry(t, "old", testURL), entry)
	mustSetCurrent(t, store, "old")
	locked(t, store, func() {
		if err := store.PutJournal(t.Context(), keystore.JournalRecord{ID: "record", Data: []byte("as it was")}); err != nil {
			t.Fatal(err)
		}
	})
	return entry
}

// stepsOf counts what is done between locking and unlocking, those included.
func stepsOf(t *testing.T, change change) []string {
	t.Helper()
	var taken []string
	dir := newDir(t)
	entry := prepared(t, dir)
	store := mustOpen(t, dir, keystore.WithSteps(func(step string) error {
		taken = append(taken, step)
		return nil
	}))
	if err := attempt(t.Context(), store, change, entry); err != nil {
		t.Fatal(err)
	}
	return taken
}

func attempt(ctx context.Context, store *keystore.Directory, change change, entry keystore.Entry) error {
	unlock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	return errors.Join(change.do(ctx, store, entry), unlock())
}

func TestACrashBeforeAnyStepLeavesTheOldStateOrTheNew(t *testing.T) {
	crash := errors.New("crash")
	points := 0
	for _, change := range changes() {
		for at, step := range stepsOf(t, change) {
			points++
			t.Run(fmt.Sprintf("%s, step %d, %s", change.name, at, step), func(t *testing.T) {
				dir, left := newDir(t), at
				entry := prepared(t, dir)
				store := mustOpen(t, dir, keystore.WithSteps(func(string) error {
					if left--; left < 0 {
						return crash
					}
					return nil
				}))
				if err := attempt(t.Context(), store, change, entry); !errors.Is(err, crash) {
					t.Fatalf("got %v, want the crash", err)
				}
				mustBeSound(t, dir, "old", "new")
				if done := change.done(t, mustOpen(t, dir)); done != afterTheSwitch(step) {
					t.Errorf("the change shows: %t", done)
				}
				if err := attempt(t.Context(), mustOpen(t, dir), change, entry); err != nil || !change.done(t, mustOpen(t, dir)) {
					t.Errorf("the change cannot be made after the crash: %v", err)
				}
			})
		}
	}
	t.Logf("%d crash points", points)
}

func TestAContentIsDurableBeforeItGetsItsPlaceAndThenItsNameIs(t *testing.T) {
	want := []string{
		keystore.StepLock, keystore.StepCreate, keystore.StepWrite, keystore.StepSync,
		keystore.StepRename, keystore.StepSyncDirectory, keystore.StepUnlock,
	}
	for _, change := range changes()[:3] {
		if got := stepsOf(t, change); !slices.Equal(got, want) {
			t.Errorf("%s: the steps are %q, want %q", change.name, got, want)
		}
	}
}

func TestASkippedStepIsNotDoneAndCountsAsDone(t *testing.T) {
	for _, change := range changes() {
		for _, row := range []struct {
			skipped []string
			shows   bool
		}{
			{[]string{keystore.StepSync, keystore.StepSyncDirectory}, true},
			{[]string{keystore.StepRename, keystore.StepRemove}, false},
		} {
			dir := newDir(t)
			entry := prepared(t, dir)
			store := mustOpen(t, dir, keystore.WithSteps(func(step string) error {
				if slices.Contains(row.skipped, step) {
					return keystore.ErrSkipStep
				}
				return nil
			}))
			err := attempt(t.Context(), store, change, entry)
			if done := change.done(t, mustOpen(t, dir)); err != nil || done != row.shows {
				t.Errorf("%s without %q: the change shows: %t, %v", change.name, row.skipped, done, err)
			}
		}
	}
}

// afterTheSwitch reports whether the change shows if step was not done.
func afterTheSwitch(step string) bool {
	return step == keystore.StepSyncDirectory || step == keystore.StepUnlock
}

func TestWhatTheSystemRefusesLeavesTheOldStateAndNothingBehind(t *testing.T) {
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
			for at, step := range stepsOf(t, change) {
				t.Run(fmt.Sprintf("%s, %s, step %d, %s", refusal.name, change.name, at, step), func(t *testing.T) {
					dir, left := newDir(t), at
					entry := prepared(t, dir)
					store := mustOpen(t, dir, keystore.WithSteps(func(string) error {
						if left--; left == -1 {
							return refusal.err
						}
						return nil
					}))
					err := attempt(t.Context(), store, change, entry)
					if !errors.Is(err, refusal.err) {
						t.Fatalf("got %v, want %v", err, refusal.err)
					}
					if step != keystore.StepUnlock && (!strings.Contains(err.Error(), refusal.hint) || !strings.Contains(err.Error(), dir)) {
						t.Errorf("%q does not say %q and where", err, refusal.hint)
					}
					mustHaveNoTemporaryFile(t, dir)
					mustBeSound(t, dir, "old", "new")
					if done := change.done(t, mustOpen(t, dir)); done != afterTheSwitch(step) {
						t.Errorf("the change shows: %t", done)
					}
				})
			}
		}
	}
}

func TestAFileThatACrashLeftBehindIsRemovedUnderTheLock(t *testing.T) {
	dir := newDir(t)
	entry := prepared(t, dir)
	stop := errors.New("stop")
	failing := mustOpen(t, dir, keystore.WithSteps(func(step string) error {
		if step == keystore.StepRename {
			return stop
		}
		return nil
	}))
	if err := attempt(t.Context(), failing, changes()[0], entry); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if names := temporaryFiles(t, dir); len(names) != 1 {
		t.Fatalf("the crash left %q", names)
	}
	if entries, err := mustOpen(t, dir).List(t.Context()); err != nil || len(entries) != 2 {
		t.Errorf("what was left behind counts: %d entries, %v", len(entries), err)
	}
	for _, refused := range []error{syscall.EACCES, stop} {
		store := mustOpen(t, dir, keystore.WithSteps(func(step string) error {
			if step == keystore.StepRemove {
				return refused
			}
			return nil
		}))
		if _, err := store.Lock(t.Context()); !errors.Is(err, refused) {
			t.Errorf("got %v, want %v", err, refused)
		}
	}
	locked(t, mustOpen(t, dir), func() { mustHaveNoTemporaryFile(t, dir) })
}

func TestAWriterThatIsKilledLosesNothing(t *testing.T) {
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

func rotateOnce(ctx context.Context, store *keystore.Directory) error {
	entry, err := randomEntry()
	if err != nil {
		return err
	}
	unlock, err := store.Lock(ctx)
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
	return errors.Join(err, unlock())
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
// behind once it was taken, and the entries with keyIDs are there.
func mustBeSound(t *testing.T, dir string, keyIDs ...string) {
	t.Helper()
	store := mustOpen(t, dir)
	_, err := store.List(t.Context())
	_, journalErr := store.Journal(t.Context())
	_, currentErr := store.Current(t.Context(), testURL)
	if err := errors.Join(err, journalErr, currentErr); err != nil {
		t.Error(err)
	}
	for _, keyID := range keyIDs {
		mustGet(t, store, keyID)
	}
	locked(t, store, func() { mustHaveNoTemporaryFile(t, dir) })
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
