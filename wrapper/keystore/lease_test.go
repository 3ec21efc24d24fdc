package keystore_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/enginetest"
)

// leased is an engine without a lock of its own. While it is away, nothing gets through; while it is cut,
// requests do and answers do not.
type leased struct {
	keystore.Document

	away, cut atomic.Bool
}

func newLeased() *leased {
	return &leased{Document: struct{ keystore.Document }{keystore.NewMemory()}}
}

func (l *leased) Load(ctx context.Context) ([]byte, string, error) {
	if l.away.Load() {
		return nil, "", keystore.ErrUnavailable
	}
	return l.Document.Load(ctx)
}

func (l *leased) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	if l.away.Load() {
		return "", keystore.ErrUnavailable
	}
	version, err := l.Document.Swap(ctx, data, ifVersion)
	if err == nil && l.cut.Swap(false) {
		return "", keystore.ErrUnavailable
	}
	return version, err
}

func mustTake(t *testing.T, store *keystore.Store) *keystore.Lock {
	t.Helper()
	lock, err := store.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func mustGiveBack(t *testing.T, lock *keystore.Lock) {
	t.Helper()
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
}

func TestAHolderThatLivesKeepsTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newLeased()
		lock := mustTake(t, keystore.New(engine))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := keystore.New(engine).Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after an hour of waiting: %v", err)
		}
		if err := errors.Join(lock.Held(), lock.Context().Err()); err != nil {
			t.Error(err)
		}
		mustGiveBack(t, lock)
		begun := time.Now()
		mustGiveBack(t, mustTake(t, keystore.New(engine)))
		if waited := time.Since(begun); waited > 0 {
			t.Errorf("a lock that was given back was waited for %v", waited)
		}
	})
}

func TestALockGoesOnWhereTheCallersContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		store := keystore.New(newLeased())
		lock, err := store.Lock(ctx)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		<-time.After(10 * time.Minute)
		if !errors.Is(lock.Context().Err(), context.Canceled) || lock.Held() != nil {
			t.Errorf("the lock's context: %v; held: %v", lock.Context().Err(), lock.Held())
		}
		if err := store.Put(t.Context(), newEntry(t, "id", testURL)); err != nil {
			t.Error(err)
		}
		mustGiveBack(t, lock)
	})
}

func TestTheLockOfASilentHolderIsTakenOverAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newLeased()
		way := &leased{Document: engine}
		holder := keystore.New(way)
		lock := mustTake(t, holder)
		way.away.Store(true)
		begun := time.Now()
		<-time.After(14 * time.Second)
		if err := lock.Held(); err != nil {
			t.Errorf("after 14 s: %v", err)
		}
		<-lock.Context().Done()
		if ended := time.Since(begun); ended != 15*time.Second || !errors.Is(context.Cause(lock.Context()), keystore.ErrLockLost) {
			t.Errorf("its context ended after %v: %v", ended, context.Cause(lock.Context()))
		}
		if err := lock.Held(); !errors.Is(err, keystore.ErrLockLost) {
			t.Errorf("after 15 s: %v", err)
		}
		waiting := time.Now()
		other := mustTake(t, keystore.New(engine))
		if waited := time.Since(waiting); waited != time.Minute {
			t.Errorf("another had waited for %v, want a minute", waited)
		}
		way.away.Store(false)
		if err := holder.Put(t.Context(), newEntry(t, "id", testURL)); !errors.Is(err, keystore.ErrLockLost) {
			t.Errorf("a write of the former holder: %v", err)
		}
		mustGiveBack(t, lock)
		if err := other.Held(); err != nil {
			t.Errorf("the former holder's unlock took the lock of another: %v", err)
		}
		mustGiveBack(t, other)
		mustList(t, keystore.New(engine))
	})
}

func TestAHolderNoticesThatAnotherHasTakenTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newLeased()
		lock := mustTake(t, keystore.New(engine))
		hasty := keystore.New(engine, keystore.WithLease(keystore.Lease{Term: time.Minute, Beat: time.Hour, Takeover: time.Second}))
		other := mustTake(t, hasty)
		begun := time.Now()
		<-lock.Context().Done()
		if noticed := time.Since(begun); noticed > 5*time.Second || !errors.Is(lock.Held(), keystore.ErrLockLost) {
			t.Errorf("noticed after %v: %v", noticed, lock.Held())
		}
		mustGiveBack(t, lock)
		if status, err := hasty.Status(t.Context()); err != nil || status.Revision != 2 || status.Holder == "" {
			t.Errorf("the former holder has written: %+v, %v", status, err)
		}
		mustGiveBack(t, other)
	})
}

func TestAWriteOnItsWayDoesNotLandAfterATakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newLeased()
		slow := &delayed{Document: engine, delay: make(chan struct{})}
		holder := keystore.New(slow)
		lock := mustTake(t, holder)
		slow.isSlow.Store(true)
		done := make(chan error)
		go func() { done <- holder.Put(t.Context(), newEntry(t, "late", testURL)) }()
		other := mustTake(t, keystore.New(engine))
		close(slow.delay)
		if err := <-done; !errors.Is(err, keystore.ErrLockLost) {
			t.Errorf("the late write: %v", err)
		}
		mustGiveBack(t, other)
		mustGiveBack(t, lock)
		mustList(t, keystore.New(engine))
	})
}

// delayed is an engine whose swaps wait, as those of a process that is stopped.
type delayed struct {
	keystore.Document

	isSlow atomic.Bool
	delay  chan struct{}
}

func (d *delayed) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	if d.isSlow.Load() {
		<-d.delay
	}
	return d.Document.Swap(context.WithoutCancel(ctx), data, ifVersion)
}

func TestAnAbandonedLockRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newLeased()
		lock := mustTake(t, keystore.New(engine))
		if err := lock.Abandon(); err != nil {
			t.Error(err)
		}
		begun := time.Now()
		mustGiveBack(t, mustTake(t, keystore.New(engine)))
		if waited := time.Since(begun); waited != time.Minute {
			t.Errorf("the next holder had waited for %v, want a minute", waited)
		}
	})
}

func TestWithinOneStoreALostLockIsInUseUntilItIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newLeased()
		store := keystore.New(engine)
		lock := mustTake(t, store)
		engine.away.Store(true)
		<-lock.Context().Done()
		engine.away.Store(false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := store.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the lock was given to another goroutine, whose writes are as good as those of the former holder: %v", err)
		}
		mustGiveBack(t, lock)
	})
}

func TestAServerThatIsAwayForAMomentCostsNoWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newLeased()
		store := keystore.New(engine)
		locked(t, store, func() {
			engine.away.Store(true)
			time.AfterFunc(5*time.Second, func() { engine.away.Store(false) })
			if err := store.Put(t.Context(), newEntry(t, "away", testURL)); err != nil {
				t.Error(err)
			}
			engine.cut.Store(true)
			if err := store.Put(t.Context(), newEntry(t, "cut", testURL)); err != nil {
				t.Error(err)
			}
			engine.away.Store(true)
			begun := time.Now()
			err := store.Put(t.Context(), newEntry(t, "id", testURL))
			if waited := time.Since(begun); !errors.Is(err, keystore.ErrUnavailable) || waited > 15*time.Second {
				t.Errorf("after %v: %v", waited, err)
			}
			engine.away.Store(false)
		})
		if entries, err := store.List(t.Context()); err != nil || len(entries) != 2 {
			t.Errorf("%d entries, %v", len(entries), err)
		}
	})
}

func TestADocumentThatGoesBackIsDamaged(t *testing.T) {
	for name, test := range map[string]struct {
		replace func(was, is []byte) []byte
		problem string
	}{
		"to an older revision":  {func(was, _ []byte) []byte { return was }, "revision"},
		"to nothing":            {func(_, _ []byte) []byte { return nil }, "revision"},
		"to half of itself":     {func(_, is []byte) []byte { return is[:len(is)/2] }, "cannot be unsealed"},
		"to an older content":   {mixed, "revision"},
		"to that of a neighbor": {func(_, _ []byte) []byte { return neighbor() }, "the document of another store"},
	} {
		t.Run(name, func(t *testing.T) {
			engine, sealer := enginetest.NewPublisher("desk"), newSealer(t)
			store := keystore.New(engine, keystore.WithSealer(sealer))
			mustPut(t, store, newEntry(t, "first", testURL))
			was, _, _ := engine.Load(t.Context())
			mustPut(t, store, newEntry(t, "second", testURL))
			is, _, _ := engine.Load(t.Context())
			mustList(t, store, "first", "second")
			enginetest.Replace(engine, test.replace(was, is))
			_, err := store.List(t.Context())
			if refusal := mustBeDamaged(t, err, "the store"); !strings.Contains(refusal.Problem, test.problem) {
				t.Errorf("got %v, want %q", err, test.problem)
			}
		})
	}
}

// mixed has the head of the one document and the content of the other.
func mixed(was, is []byte) []byte {
	return []byte(strings.Join([]string{part(is, 0), part(is, 1), part(was, 2)}, "\n"))
}

func part(document []byte, n int) string { return strings.SplitN(string(document), "\n", 3)[n] }

func neighbor() []byte {
	return []byte("sealed\n" + `{"version":1,"store":"other","store_id":"a","revision":9,"write_id":"b"}` + "\n")
}

func TestWhatWasSealedForAnotherStoreIsDamaged(t *testing.T) {
	sealer := newSealer(t)
	of := func(name string) *enginetest.Publisher {
		engine := enginetest.NewPublisher(name)
		putCurrent(t, keystore.New(engine, keystore.WithSealer(sealer)), newEntry(t, name, testURL))
		return engine
	}
	one, other := of("one"), of("other")
	data, _, _ := one.Load(t.Context())
	head := strings.Replace(part(data, 1), `"store":"one"`, `"store":"other"`, 1)
	enginetest.Replace(other, []byte(strings.Join([]string{part(data, 0), head, part(data, 2)}, "\n")))
	_, err := keystore.New(other, keystore.WithSealer(sealer)).List(t.Context())
	if refusal := mustBeDamaged(t, err, "the store"); !strings.Contains(refusal.Problem, "another place") {
		t.Error(err)
	}
}

func TestAStoreOnAServerIsSealed(t *testing.T) {
	engine := enginetest.NewPublisher("desk")
	store := keystore.New(engine)
	_, lockErr := store.Lock(t.Context())
	_, readErr := store.List(t.Context())
	_, currentErr := keystore.NewPublished(engine, nil).Current(t.Context(), testURL)
	enginetest.Replace(engine.Published(testURL).(keystore.Document), []byte("{}"))
	_, clearErr := keystore.NewPublished(engine, nil).Current(t.Context(), testURL)
	for _, err := range []error{lockErr, readErr, clearErr} {
		if refused, ok := errors.AsType[*keystore.InsecureError](err); !ok || !strings.Contains(refused.Hint, "--seal-to") {
			t.Errorf("got %v, want an *InsecureError that says how to seal", err)
		}
	}
	if !errors.Is(currentErr, keystore.ErrNoCurrent) {
		t.Error(currentErr)
	}
}

func TestTheStatusIsThereWithoutTheKey(t *testing.T) {
	engine := enginetest.NewPublisher("desk")
	if status, err := keystore.New(engine).Status(t.Context()); err != nil || status.StoreID != "" || status.Revision != 0 {
		t.Errorf("of an empty store: %+v, %v", status, err)
	}
	store := keystore.New(engine, keystore.WithSealer(newSealer(t)))
	begun := time.Now()
	lock := mustTake(t, store)
	status, err := keystore.New(engine).Status(t.Context())
	if err != nil || status.StoreID == "" || status.Revision != 1 || !strings.Contains(status.Holder, "process") || status.Since.Before(begun) {
		t.Errorf("of a locked store: %+v, %v", status, err)
	}
	mustGiveBack(t, lock)
	if status, err := keystore.New(engine).Status(t.Context()); err != nil || status.Holder != "" || status.Bytes == 0 {
		t.Errorf("of a free store: %+v, %v", status, err)
	}
}

func putCurrent(t *testing.T, store *keystore.Store, entry keystore.Entry) {
	t.Helper()
	mustPut(t, store, entry)
	mustSetCurrent(t, store, entry.KeyID)
}

func TestReadersOfTheSameStoreTakeNoLockAway(t *testing.T) {
	store := keystore.New(newLeased())
	lock := mustTake(t, store)
	entry := newEntry(t, "id", testURL)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := store.List(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 500 {
		if err := store.Put(t.Context(), entry); err != nil {
			t.Fatalf("write %d: %v", n+1, err)
		}
	}
	close(stop)
	readers.Wait()
	mustGiveBack(t, lock)
}
