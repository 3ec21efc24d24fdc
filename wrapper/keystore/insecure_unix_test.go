//go:build !windows

package keystore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

func TestWhatIsMadeIsForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "above", "keys")
	prepared(t, dir)
	mustHaveMode(t, filepath.Dir(dir), 0o700)
	mustHaveMode(t, dir, 0o700)
	for _, path := range append(filesOf(t, dir), filepath.Join(dir, "lock"), filepath.Join(dir, "lock.swap")) {
		mustHaveMode(t, path, 0o600)
	}
}

func mustHaveMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: got %v, %v, want %v", path, info.Mode().Perm(), err, want)
	}
}

func TestModesThatLetOthersInAreRefusedWithTheMendingCommand(t *testing.T) {
	for _, mode := range []fs.FileMode{0o044, 0o022, 0o011, 0o004, 0o002, 0o001, 0o077} {
		t.Run(mode.String(), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "it's the keys")
			prepared(t, dir)
			store := mustOpen(t, dir)
			mustMend(t, dir, 0o700|mode, "chmod 700", func() error { return readAll(t, store) })
			mustMend(t, filepath.Join(dir, "store.json"), 0o600|mode, "chmod 600", func() error { return readAll(t, store) })
			mustMend(t, filepath.Join(dir, "store.3.json"), 0o600|mode, "chmod 600", func() error { return lockAndUnlock(t, store) })
			mustMend(t, filepath.Join(dir, "lock.swap"), 0o600|mode, "chmod 600", func() error { return lockAndUnlock(t, store) })
			mustMend(t, filepath.Join(dir, "lock"), 0o600|mode, "chmod 600", func() error { return lockAndUnlock(t, store) })
		})
	}
}

// mustMend gives path a mode, expects that to be refused, and that the command of the hint mends
// it.
func mustMend(t *testing.T, path string, mode fs.FileMode, command string, use func() error) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	refusal := mustBeInsecure(t, use(), path)
	hint, ok := strings.CutPrefix(refusal.Hint, "Run: ")
	if !ok || !strings.HasPrefix(hint, command) || !strings.Contains(refusal.Error(), path) || !strings.Contains(refusal.Problem, fmt.Sprintf("%04o", mode)) {
		t.Errorf("the error is %q", refusal.Error())
	}
	if out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", hint).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", hint, err, out)
	}
	if err := use(); err != nil {
		t.Errorf("after %q: %v", hint, err)
	}
}

func mustBeInsecure(t *testing.T, err error, path string) keystore.InsecureError {
	t.Helper()
	refusal, ok := errors.AsType[*keystore.InsecureError](err)
	if !ok || !errors.Is(err, wrapper.ErrInsecure) || refusal.Path != path {
		t.Fatalf("got %v, want that %s is insecure", err, path)
	}
	return *refusal
}

func TestSymbolicLinksAreRefused(t *testing.T) {
	for _, name := range []string{"store.json", "store.4.json", "lock", "lock.swap"} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			prepared(t, dir)
			store := mustOpen(t, dir)
			path := filepath.Join(dir, name)
			target := filepath.Join(t.TempDir(), "target")
			if err := errors.Join(os.Rename(path, target), os.Symlink(target, path)); err != nil {
				t.Fatal(err)
			}
			mustBeInsecure(t, errors.Join(readAll(t, store), lockAndUnlock(t, store)), path)
		})
	}
	t.Run("the directory", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "link")
		for _, target := range []string{t.TempDir(), "absent"} {
			if err := os.Symlink(target, link); err != nil {
				t.Fatal(err)
			}
			_, err := keystore.Open(link)
			mustBeInsecure(t, err, link)
			if err := os.Remove(link); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestWhatBelongsToAnotherUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		// Only the administrator can give a file away; what is his belongs to another user.
		_, err := keystore.Open("/")
		mustBeForeign(t, err, "/", 0)
		return
	}
	dir := newDir(t)
	prepared(t, dir)
	store := mustOpen(t, dir)
	for path, use := range map[string]func() error{
		filepath.Join(dir, "store.json"): func() error { return readAll(t, store) },
		filepath.Join(dir, "lock"):       func() error { return lockAndUnlock(t, store) },
		dir:                              func() error { return readAll(t, store) },
	} {
		if err := os.Chown(path, 12345, -1); err != nil {
			t.Fatal(err)
		}
		mustBeForeign(t, use(), path, 12345)
		if err := os.Chown(path, 0, -1); err != nil {
			t.Fatal(err)
		}
	}
}

func mustBeForeign(t *testing.T, err error, path string, owner int) {
	t.Helper()
	refusal := mustBeInsecure(t, err, path)
	if want := fmt.Sprintf("belongs to user %d", owner); !strings.Contains(refusal.Problem, want) {
		t.Errorf("the problem is %q, want %q", refusal.Problem, want)
	}
	if want := fmt.Sprintf("chown %d %s", os.Geteuid(), path); !strings.Contains(refusal.Hint, want) {
		t.Errorf("the hint is %q, want %q", refusal.Hint, want)
	}
}

func TestAPipeIsReportedWithoutWaitingForItsWriter(t *testing.T) {
	dir := newDir(t)
	prepared(t, dir)
	for _, name := range []string{"store.4.json", "store.json", "lock"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := mustOpen(t, dir).Get(t.Context(), "old")
	mustBeDamaged(t, err, filepath.Join(dir, "store.json"))
	_, err = mustOpen(t, dir).Lock(t.Context())
	mustBeDamaged(t, err, filepath.Join(dir, "lock"))
}

func TestADirectoryThatCannotBeWrittenSaysSoAndCanBeRead(t *testing.T) {
	dir := newDir(t)
	prepared(t, dir)
	// The process that reads it may be another user's, which must be able to get there.
	for _, above := range []string{filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))} {
		if err := os.Chmod(above, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	start(t, "write where nothing can be written", dir).finish(t)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// writeReadOnly expects every write to be refused. The administrator, whom nothing stops, becomes
// another user for that.
func writeReadOnly(ctx context.Context, dir string) error {
	if err := giveUpRights(dir); err != nil {
		return err
	}
	store, err := keystore.Open(dir)
	if err != nil {
		return err
	}
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	entry, err := store.Get(ctx, "new")
	if err != nil {
		return err
	}
	for _, change := range changes() {
		err := change.do(ctx, store, entry)
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "Make the directory writable") {
			return fmt.Errorf("%s: got %w", change.name, err)
		}
	}
	if current, err := store.Current(ctx, testURL); err != nil || current.KeyID != "old" {
		return fmt.Errorf("the current entry is %q, %w", current.KeyID, err)
	}
	return lock.Unlock()
}

func giveUpRights(dir string) error {
	if os.Geteuid() != 0 {
		return os.Chmod(dir, 0o500)
	}
	const nobody = 65534
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		err = errors.Join(err, os.Chown(filepath.Join(dir, entry.Name()), nobody, nobody))
	}
	return errors.Join(err, os.Chown(dir, nobody, nobody), os.Chmod(dir, 0o500), syscall.Setuid(nobody))
}

// readAll reads everything.
func readAll(t *testing.T, store *keystore.Store) error {
	t.Helper()
	_, list := store.List(t.Context())
	_, current := store.Current(t.Context(), testURL)
	_, journal := store.Journal(t.Context())
	return errors.Join(list, current, journal)
}

func lockAndUnlock(t *testing.T, store *keystore.Store) error {
	t.Helper()
	lock, err := store.Lock(t.Context())
	if err != nil {
		return err
	}
	return lock.Unlock()
}

func TestAnInsecureDirectoryForWhatIsSetAsideIsRefused(t *testing.T) {
	dir := newDir(t)
	mustPut(t, mustOpen(t, dir), newEntry(t, "old", testURL))
	mustWrite(t, filepath.Join(dir, "store.json"), "{")
	aside := filepath.Join(dir, "damaged")
	if err := errors.Join(os.Mkdir(aside, 0o755), os.Chmod(aside, 0o755)); err != nil {
		t.Fatal(err)
	}
	store := mustOpen(t, dir)
	locked(t, store, func() {
		_, err := store.SetAside(t.Context())
		mustBeInsecure(t, err, aside)
	})
}
