package keystore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestOpenRefusesWhatIsNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	mustWrite(t, file, "")
	for _, path := range []string{"", file, filepath.Join(file, "keys"), "\x00"} {
		if _, err := keystore.Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: got %v", path, err)
		}
	}
}

func TestADirectoryThatCannotBeMadeIsReported(t *testing.T) {
	for _, refused := range []error{syscall.ENOSPC, errStopped} {
		for at := range 4 {
			dir := filepath.Join(t.TempDir(), "above", "keys")
			_, err := keystore.OpenWithSteps(dir, from(at, forEver, refused))
			if !errors.Is(err, refused) {
				t.Errorf("step %d: got %v, want %v", at, err, refused)
			}
			mustOpen(t, dir)
		}
	}
}

func TestADirectoryThatDisappearsIsReported(t *testing.T) {
	dir := newDir(t)
	store := mustOpen(t, dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	_, getErr := store.Get(t.Context(), "id")
	_, lockErr := store.Lock(t.Context())
	for _, err := range []error{getErr, lockErr} {
		if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, keystore.ErrNotFound) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v, want that the directory is missing", err)
		}
	}
}

func TestADirectoryIsKnownByItsAbsolutePath(t *testing.T) {
	above := t.TempDir()
	t.Chdir(above)
	store := mustOpen(t, "keys")
	t.Chdir(t.TempDir())
	locked(t, store, func() {})
	if _, err := os.Stat(filepath.Join(above, "keys", "lock")); err != nil {
		t.Error(err)
	}
}

func TestAStoreIsNotMadeWhereAShellWouldHaveMadeAnotherPath(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"$HOME/keys", "~/keys", "%h/keys", "file:///keys", `"keys`} {
		_, err := keystore.Open(dir)
		if _, ok := errors.AsType[*protocol.SettingError](err); !ok {
			t.Errorf("%s: got %v", dir, err)
		}
	}
	if made, err := os.ReadDir("."); err != nil || len(made) > 0 {
		t.Errorf("there is %v, %v", made, err)
	}
}
