package keystore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

const (
	testURL   = "https://demo.invalid/trade-api/v2"
	countEach = 25
)

func TestAnotherProcessIsWaitedFor(t *testing.T) {
	dir := newDir(t)
	store := mustOpen(t, dir)
	other := start(t, "hold the lock", dir)
	if got := other.line(t); got != "locked" {
		t.Fatalf("the other process says %q", got)
	}
	ctx, end := context.WithCancel(t.Context())
	_, err := store.Lock(endsAwaited{ctx, end})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "another process holds the lock") {
		t.Errorf("got %v, want that another process holds the lock", err)
	}
	other.finish(t)
	locked(t, store, func() {})
}

// endsAwaited is a context that ends when somebody begins to wait for its end, which who can have
// the lock does not.
type endsAwaited struct {
	context.Context

	end context.CancelFunc
}

func (e endsAwaited) Done() <-chan struct{} {
	e.end()
	return e.Context.Done()
}

func TestAProcessThatIsKilledGivesTheLockBack(t *testing.T) {
	dir := newDir(t)
	other := start(t, "hold the lock", dir)
	other.line(t)
	other.kill(t)
	locked(t, mustOpen(t, dir), func() {})
}

func holdLock(ctx context.Context, dir string) error {
	store, err := keystore.Open(dir)
	if err != nil {
		return err
	}
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	fmt.Println("locked")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, lock.Unlock())
}

func TestProcessesAndGoroutinesLoseNoWriteOfEachOther(t *testing.T) {
	dir := newDir(t)
	store := mustOpen(t, dir)
	entry := newEntry(t, "counter", testURL)
	entry.Name = "0"
	mustPut(t, store, entry)
	others := []*process{start(t, "count", dir), start(t, "count", dir)}
	if err := countTo(t.Context(), dir, countEach); err != nil {
		t.Error(err)
	}
	for _, other := range others {
		other.finish(t)
	}
	if got := mustGet(t, store, "counter").Name; got != strconv.Itoa(3*countEach) {
		t.Errorf("counted to %s, want %d", got, 3*countEach)
	}
}

// countTo adds one to the entry "counter" as often as times says.
func countTo(ctx context.Context, dir string, times int) error {
	store, err := keystore.Open(dir)
	for range times {
		if err == nil {
			err = countOne(ctx, store)
		}
	}
	return err
}

func countOne(ctx context.Context, store *keystore.Store) error {
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	entry, err := store.Get(ctx, "counter")
	if err == nil {
		n, _ := strconv.Atoi(entry.Name)
		entry.Name = strconv.Itoa(n + 1)
		err = store.Put(ctx, entry)
	}
	return errors.Join(err, lock.Unlock())
}

func TestALockFileThatIsRemovedByHandIsMadeAnew(t *testing.T) {
	dir := newDir(t)
	store, other := mustOpen(t, dir), mustOpen(t, dir)
	locked(t, store, func() {})
	if err := os.Remove(filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	locked(t, store, func() {
		ctx, end := context.WithCancel(t.Context())
		if _, err := other.Lock(endsAwaited{ctx, end}); !errors.Is(err, context.Canceled) {
			t.Errorf("the lock was given twice: %v", err)
		}
	})
}

func locked(t *testing.T, store *keystore.Store, do func()) {
	t.Helper()
	lock, err := store.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	do()
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}

func mustPut(t *testing.T, store *keystore.Store, entries ...keystore.Entry) {
	t.Helper()
	locked(t, store, func() {
		for _, entry := range entries {
			if err := store.Put(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func mustSetCurrent(t *testing.T, store *keystore.Store, keyID string) {
	t.Helper()
	locked(t, store, func() {
		if err := store.SetCurrent(t.Context(), testURL, keyID); err != nil {
			t.Fatal(err)
		}
	})
}

func mustGet(t *testing.T, store *keystore.Store, keyID string) keystore.Entry {
	t.Helper()
	entry, err := store.Get(t.Context(), keyID)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}
