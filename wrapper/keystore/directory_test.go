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
		return mustOpen(t, filepath.Join(t.TempDir(), "keys"))
	})
}

// newDir returns the path of an empty directory that can hold a store.
func newDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	mustOpen(t, dir)
	return dir
}

func mustOpen(t *testing.T, dir string, opts ...keystore.Option) *keystore.Directory {
	t.Helper()
	store, err := keystore.Open(dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
