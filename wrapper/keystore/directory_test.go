package keystore_test

import (
	"path/filepath"
	"testing"

	"kalshi.internal/apikeys/wrapper/internal/privatefile"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// newDir returns the path of an empty directory that can hold a store.
func newDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	mustOpen(t, dir)
	return dir
}

// mustOpen opens a store that does not wait for the disk: no test can tell, and some disks take a
// tenth of a second for each of thousands.
func mustOpen(t *testing.T, dir string) *keystore.Store {
	t.Helper()
	return mustOpenWith(t, dir, func(_ string, do func() error) error { return do() })
}

// mustOpenWith opens a store that calls around for each step, and does not wait for the disk.
func mustOpenWith(t *testing.T, dir string, around steps) *keystore.Store {
	t.Helper()
	store, err := keystore.OpenWithSteps(dir, func(step string, do func() error) error {
		return around(step, func() error {
			if step == privatefile.StepSync || step == privatefile.StepSyncDirectory {
				return nil
			}
			return do()
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// steps is called for each step that changes the file system, in place of doing it.
type steps func(step string, do func() error) error
