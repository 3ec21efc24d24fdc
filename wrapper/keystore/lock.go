package keystore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Lease says how the lock of a store works whose engine has none of its own, as one on a server. The lock
// stands in the document, so no write of a holder that has lost it can take effect.
type Lease struct {
	// Term is how long a holder counts on the lock after its last write: 15 s by default.
	Term time.Duration
	// Beat is how often a holder writes only to show that it lives: every 5 s by default.
	Beat time.Duration
	// Takeover is how long a waiter sees no write, by its own clock, before it takes the lock of another:
	// 60 s by default. What the other has signed within its Term must not be accepted any more by then, so
	// this is longer than Term and the service's window for timestamps, 30 s (source: observed), together.
	Takeover time.Duration
}

// defaultLease is our own choice.
func defaultLease() Lease {
	return Lease{Term: 15 * time.Second, Beat: 5 * time.Second, Takeover: 60 * time.Second}
}

// WithLease sets the times of the lock, for tests against a service with another window for timestamps. All
// who share a store need the same. An engine with a lock of its own ignores it.
func WithLease(lease Lease) Option {
	return func(s *Store) { s.lease = lease }
}

// Lock is the lock of a [Store] while it is held. It is safe for concurrent use.
type Lock struct {
	store   *Store
	ctx     context.Context //nolint:containedctx // It ends with the lock, and is what Lock is for.
	cancel  context.CancelCauseFunc
	release func() error
	unlock  func() error

	// The rest is for a lease. token is empty without one.
	token string
	// alive ends with the lock. The caller's context may end before, and what the caller has begun is not
	// broken off then.
	alive context.Context //nolint:containedctx // It ends with the lock.
	end   context.CancelFunc
	done  chan struct{}

	mu sync.Mutex
	// renewed is when the last write was begun that the holder knows to have taken effect.
	renewed time.Time
	expiry  *time.Timer
	lost    bool
}

// Context ends when the lock may be lost, and with the context that [Store.Lock] was called with.
func (l *Lock) Context() context.Context { return l.ctx }

// Held returns nil if the lock is held at this moment, and [ErrLockLost] once it may have gone to another.
// Ask right before each effect outside the store: a program can be stopped between any two instructions.
// It looks at the monotonic clock and at the wall clock, because one of them stands still while some
// machines sleep.
func (l *Lock) Held() error {
	if l.token == "" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now, term := time.Now(), l.store.lease.Term
	if now.Sub(l.renewed) >= term || now.Round(0).Sub(l.renewed.Round(0)) >= term {
		l.lost = true
	}
	if l.lost {
		return fmt.Errorf("%w, after %v without an answer of %s: run this again, and what was begun is finished or undone",
			ErrLockLost, term, l.store.place)
	}
	return nil
}

// Unlock gives the lock back. A lock that was lost, or that the server does not take back in time, is no
// error: it ends by itself. Calling Unlock again does nothing.
func (l *Lock) Unlock() error { return l.unlock() }

// Abandon ends the lock and lets it run out: the next holder waits for [Lease].Takeover. It is for a holder
// whose request may still be on its way. A lock of the engine's own is given back.
func (l *Lock) Abandon() error {
	l.lose()
	return l.unlock()
}

func (l *Lock) lose() {
	l.mu.Lock()
	l.lost = true
	l.mu.Unlock()
	l.cancel(ErrLockLost)
	if l.token != "" {
		l.end()
	}
}

// isIn reports whether the document says that this lock is held.
func (l *Lock) isIn(d *document) bool {
	return l.token == "" || d.Lock != nil && d.Lock.Token == l.token
}

// wasLost ends a lock that another has taken, and returns the error of who used it.
func (l *Lock) wasLost(cause error) error {
	l.lose()
	return errors.Join(l.Held(), cause)
}

// renew notes that a write took effect which was begun at that time.
func (l *Lock) renew(begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token == "" {
		return
	}
	l.renewed = begun
	l.expiry.Reset(l.store.lease.Term - time.Since(begun))
}

// Lock takes the store's only lock, which excludes all other processes and goroutines, and waits
// for it until ctx ends. The lock of a process that dies becomes free: at once where the engine has a lock,
// after [Lease].Takeover where it has none. The lock is not reentrant. Call [Lock.Unlock] at the end.
func (s *Store) Lock(ctx context.Context) (*Lock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.awaitOwn(ctx); err != nil {
		return nil, err
	}
	lock, err := s.take(ctx)
	if err != nil {
		<-s.locking
		return nil, err
	}
	lock.unlock = sync.OnceValue(func() error {
		s.held.Store(nil)
		defer func() { <-s.locking }()
		return lock.release()
	})
	s.held.Store(lock)
	return lock, nil
}

// awaitOwn waits until no other goroutine uses a lock of this Store. One that was lost is in use until its
// holder gives it back.
func (s *Store) awaitOwn(ctx context.Context) error {
	select {
	case s.locking <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.locking <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) take(ctx context.Context) (*Lock, error) {
	lock := &Lock{store: s}
	if engine, ok := s.engine.(Locker); ok {
		release, err := engine.Lock(ctx)
		if err != nil {
			return nil, err
		}
		lock.ctx, lock.cancel = context.WithCancelCause(ctx)
		lock.release = func() error { lock.cancel(context.Canceled); return release() }
		return lock, nil
	}
	lock.token = newID()
	begun, err := s.takeLease(ctx, lock.token)
	if err != nil {
		return nil, err
	}
	lock.ctx, lock.cancel = context.WithCancelCause(ctx)
	lock.alive, lock.end = context.WithCancel(context.WithoutCancel(ctx))
	lock.done, lock.renewed = make(chan struct{}), begun
	lock.expiry = time.AfterFunc(s.lease.Term-time.Since(begun), func() {
		if lock.Held() != nil {
			lock.lose()
		}
	})
	lock.release = lock.releaseLease
	go lock.beat()
	return lock, nil
}

// takeLease waits until the lock is free, or silent for so long that it is taken over, and returns when the
// write was begun that took it.
func (s *Store) takeLease(ctx context.Context, token string) (time.Time, error) {
	var seen string
	since := time.Now()
	for {
		d, version, err := s.read(ctx)
		if err != nil {
			return since, err
		}
		begun := time.Now()
		if version != seen {
			seen, since = version, begun
		}
		left := s.lease.Takeover - begun.Sub(since)
		if d.Lock == nil || left <= 0 {
			next := d.next(s.isCopy(version))
			next.Lock = &storedLock{Token: token, Holder: holderName(), Since: begun.UTC()}
			if err = s.swap(ctx, swap{next: next, ifVersion: version, room: maxDocument}); !errors.Is(err, ErrStale) {
				return begun, err
			}
			continue
		}
		if err := s.awaitChange(ctx, version, left); err != nil {
			return since, err
		}
	}
}

// awaitChange waits for a change of the document, at most for that long.
func (s *Store) awaitChange(ctx context.Context, version string, atMost time.Duration) error {
	waiting, end := context.WithTimeout(ctx, atMost)
	defer end()
	if err := s.engine.Changed(waiting, version); err != nil {
		_ = protocol.Wait(waiting, firstPause) // the next look says what is wrong
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: another process holds the lock of %s", ctx.Err(), s.place)
	}
	return nil
}

// beat shows that the holder lives, until the lock is given back or lost.
func (l *Lock) beat() {
	defer close(l.done)
	tick := time.NewTicker(l.store.lease.Beat)
	defer tick.Stop()
	for {
		select {
		case <-l.alive.Done():
			return
		case <-tick.C:
		}
		if err := l.store.beat(l.alive, l); errors.Is(err, ErrLockLost) {
			l.lose()
			return
		}
	}
}

func (l *Lock) releaseLease() error {
	l.end()
	<-l.done
	l.expiry.Stop()
	lost := l.Held()
	l.cancel(context.Canceled)
	if lost == nil {
		ctx, end := context.WithTimeout(context.Background(), patience)
		defer end()
		_ = l.store.free(ctx, l) // else it ends by itself
	}
	return nil
}

// beat writes only to show that the holder lives.
func (s *Store) beat(ctx context.Context, l *Lock) error {
	return s.relock(ctx, l, func(held *storedLock) *storedLock {
		next := *held
		next.Beat++
		return &next
	})
}

func (s *Store) free(ctx context.Context, l *Lock) error {
	return s.relock(ctx, l, func(*storedLock) *storedLock { return nil })
}

// relock changes the lock in the document, and nothing else.
func (s *Store) relock(ctx context.Context, l *Lock, change func(*storedLock) *storedLock) error {
	return s.exclusively(ctx, func() error {
		d, version, err := s.read(ctx)
		if err != nil {
			return err
		}
		if !l.isIn(d) {
			return ErrLockLost
		}
		begun, next := time.Now(), d.next(false)
		next.Lock = change(d.Lock)
		if err := s.swap(ctx, swap{next: next, ifVersion: version, room: maxDocument}); err != nil {
			return err
		}
		l.renew(begun)
		return nil
	})
}

// holderName says for people who holds a lock.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown machine"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}
