package keystore_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// A test waits this long for a lock that it must not get, and that long for one that it must get.
const (
	moment   = 30 * time.Millisecond
	patience = 5 * time.Minute
)

func theLockWaitsUntilTheContextEnds(s suite) {
	locked(s.T, s.Store, func() { mustNotLock(s.T, s.Store) })
	locked(s.T, s.Store, func() {})
}

func unlockingAgainDoesNothing(s suite) {
	lock, err := s.Lock(s.Context())
	if err != nil || lock.Unlock() != nil || lock.Unlock() != nil {
		s.Fatal("locking and unlocking must succeed")
	}
	locked(s.T, s.Store, func() {
		if err := lock.Unlock(); err != nil {
			s.Error(err)
		}
		mustNotLock(s.T, s.Store)
		if err := s.PutJournal(s.Context(), keystore.JournalRecord{ID: "id"}); err != nil {
			s.Errorf("the first unlock took the second lock away: %v", err)
		}
	})
}

func onlyOneAtATimeHoldsTheLock(s suite) {
	const writers, each = 4, 5
	mustPut(s.T, s.Store, counter(s.T, s.Store, 0))
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				if err := count(s.Context(), s.Store); err != nil {
					s.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got, err := s.Get(s.Context(), "counter"); err != nil || got.Name != strconv.Itoa(writers*each) {
		s.Errorf("%d times one makes %q, %v", writers*each, got.Name, err)
	}
}

func anEndedContextChangesNothing(s suite) {
	entry := newEntry(s.T, "id", testURL)
	mustPut(s.T, s.Store, entry)
	ended, end := context.WithCancel(s.Context())
	end()
	lock, err := s.Lock(ended)
	if !errors.Is(err, context.Canceled) {
		s.Errorf("Lock: got %v, want context.Canceled", err)
	}
	if err == nil {
		_ = lock.Unlock()
	}
	locked(s.T, s.Store, func() {
		for name, err := range map[string]error{
			"Put":           s.Put(ended, newEntry(s.T, "other", testURL)),
			"SetCurrent":    s.SetCurrent(ended, testURL, "id"),
			"PutJournal":    s.PutJournal(ended, keystore.JournalRecord{ID: "id"}),
			"DeleteJournal": s.DeleteJournal(ended, "id"),
		} {
			if !errors.Is(err, context.Canceled) {
				s.Errorf("%s: got %v, want context.Canceled", name, err)
			}
		}
	})
	mustList(s.T, s.Store, "id")
	mustHaveNoCurrent(s.T, s.Store, testURL)
	mustRecord(s.T, s.Store)
}

func mustNotLock(t *testing.T, store *keystore.Store) {
	t.Helper()
	ctx, end := context.WithTimeout(t.Context(), patience)
	defer end()
	if lock, err := store.Lock(awaited{ctx, end}); err == nil || !errors.Is(err, ctx.Err()) {
		t.Errorf("the lock was given twice: %v", err)
		if err == nil {
			_ = lock.Unlock()
		}
	}
}

// awaited is a context that ends a moment after somebody has begun to wait for its end. However
// slow the machine, a store has had its chance to give the lock by then.
type awaited struct {
	context.Context

	end context.CancelFunc
}

func (a awaited) Done() <-chan struct{} {
	time.AfterFunc(moment, a.end)
	return a.Context.Done()
}

// counter is an entry that counts in its name.
func counter(t *testing.T, store *keystore.Store, n int) keystore.Entry {
	t.Helper()
	entry, err := store.Get(t.Context(), "counter")
	if errors.Is(err, keystore.ErrNotFound) {
		entry, err = newEntry(t, "counter", testURL), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	entry.Name = strconv.Itoa(n)
	return entry
}

// count adds one under the lock, and reads without it as readers may.
func count(ctx context.Context, store *keystore.Store) (err error) {
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	entry, err := store.Get(ctx, "counter")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(entry.Name)
	if err != nil {
		return fmt.Errorf("a write was seen half: %w", err)
	}
	entry.Name = strconv.Itoa(n + 1)
	return store.Put(ctx, entry)
}
