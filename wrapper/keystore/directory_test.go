package keystore_test

import (
	"path/filepath"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/keystoretest"
)

func TestADirectoryIsAStore(t *testing.T) {
	keystoretest.Run(t, func(t *testing.T) keystore.Store {
		t.Helper()
		store, err := keystore.Open(filepath.Join(t.TempDir(), "keys"))
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}

// newDir returns the path of an empty directory that can hold a store.
func newDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	mustOpen(t, dir)
	return dir
}

// mustOpen opens a store that does not wait for the disk, unless opts have it take every step: no
// test can tell, and some disks take a tenth of a second for each of thousands.
func mustOpen(t *testing.T, dir string, opts ...keystore.Option) *keystore.Directory {
	t.Helper()
	store, err := keystore.Open(dir, append([]keystore.Option{keystore.WithSteps(skipSyncs)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func skipSyncs(step string) error {
	if step == keystore.StepSync || step == keystore.StepSyncDirectory {
		return keystore.ErrSkipStep
	}
	return nil
}
