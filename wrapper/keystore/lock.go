package keystore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// lockName is the file that is locked. It is empty, and never removed: while one process holds
// the lock of a removed file, another would make and lock a new one.
const lockName = "lock"

// How long to wait between two attempts to get the lock: our own choice, short against the
// calls to the service that are made while it is held.
const (
	firstLockWait   = 2 * time.Millisecond
	longestLockWait = 100 * time.Millisecond
)

// Lock implements [Store]. Whoever holds the lock is known to the operating system alone, so a
// process that was killed has given it back. Then Lock removes the temporary files that a crash
// left behind. While the lock of a Directory is held, all its callers may write.
func (d *Directory) Lock(ctx context.Context) (unlock func() error, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	folder, err := d.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }()
	var lock io.Closer
	err = d.steps.take(StepLock, func() (err error) {
		lock, err = folder.lock(ctx)
		return err
	})
	if err != nil && !speaksForItself(err) {
		err = fmt.Errorf("keystore: %s was not locked: %w%s", d.path, plain(err), mend(err))
	}
	if err != nil {
		return nil, err
	}
	unlock = d.unlocks(lock)
	if err := folder.clean(); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return unlock, nil
}

// unlocks returns the function that gives lock back, and says from now on that it is held.
func (d *Directory) unlocks(lock io.Closer) func() error {
	d.held.Store(true)
	return sync.OnceValue(func() error {
		stopped := d.steps.take(StepUnlock, func() error { return nil })
		d.held.Store(false)
		return errors.Join(stopped, lock.Close())
	})
}

// lock waits for the lock until ctx ends. Closing what it returns gives the lock back.
func (f *folder) lock(ctx context.Context) (io.Closer, error) {
	for wait := firstLockWait; ; wait = min(2*wait, longestLockWait) {
		lock, err := f.tryLock()
		if lock != nil || err != nil {
			return lock, err
		}
		if err := pause(ctx, wait); err != nil {
			return nil, fmt.Errorf("another process holds the lock: %w", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
