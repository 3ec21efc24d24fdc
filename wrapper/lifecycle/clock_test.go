package lifecycle_test

import (
	"context"
	"sync"
	"time"
)

// fakeClock stands still but for its waits, and a tick at each look, so that no two timestamps
// are the same. Everything in a world goes by it, the service included.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	waited time.Duration
	// onWait, if set, is called once at the next wait, before time passes.
	onWait func()
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *fakeClock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	first := c.onWait
	c.onWait = nil
	c.mu.Unlock()
	if first != nil {
		first()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.advance(d)
	return nil
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.waited += d
}

// reset goes back to now, with nothing waited for.
func (c *fakeClock) reset(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.waited, c.onWait = now, 0, nil
}

func (c *fakeClock) beforeNextWait(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onWait = do
}
