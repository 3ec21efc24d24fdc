package ratelimit

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// pauseAfterRefusal is how long a bucket pauses after a 429 that names no time (our own choice): the service
// sends none (source: published), and refills half its bucket meanwhile.
const pauseAfterRefusal = 500 * time.Millisecond

// maxPause keeps a Retry-After without reason from stopping everything for good (our own choice).
const maxPause = time.Minute

// bucket lets one caller after the other draw on a token bucket.
type bucket struct {
	tokens *rate.Limiter
	// head is held by the caller whose turn it is. Those who wait for it get it in the order in which
	// they came.
	head chan struct{}

	mu    sync.Mutex
	until time.Time // nobody draws before
}

func newBucket(perSecond float64) *bucket {
	return &bucket{tokens: rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/2))), head: make(chan struct{}, 1)}
}

// wait draws tokens, in parts where they are more than the bucket holds.
func (b *bucket) wait(ctx context.Context, tokens int) error {
	select {
	case b.head <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.head }()
	for tokens > 0 {
		part := min(tokens, b.tokens.Burst())
		drawn, err := b.draw(ctx, part)
		if err != nil {
			return err
		}
		if drawn {
			tokens -= part
		}
	}
	return ctx.Err()
}

// draw waits for one part. It reports false if the service refused a request meanwhile: what was drawn is
// gone then.
func (b *bucket) draw(ctx context.Context, tokens int) (bool, error) {
	if pause := b.paused(time.Now()); pause > 0 {
		return false, waitWithin(ctx, pause)
	}
	reserved := b.tokens.ReserveN(time.Now(), tokens)
	if err := waitWithin(ctx, reserved.Delay()); err != nil {
		reserved.Cancel()
		return false, err
	}
	return b.paused(time.Now()) == 0, nil
}

// waitWithin waits, and does not begin a wait that the context would end.
func waitWithin(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && d > 0 && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	return protocol.Wait(ctx, d)
}

func (b *bucket) paused(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, b.until.Sub(now))
}

// pause stops all drawing for a time, after which the bucket is empty.
func (b *bucket) pause(d time.Duration) {
	if d <= 0 {
		d = pauseAfterRefusal
	}
	until := time.Now().Add(min(d, maxPause))
	b.mu.Lock()
	defer b.mu.Unlock()
	if !until.After(b.until) {
		return
	}
	b.until = until
	if left := int(b.tokens.TokensAt(until)); left > 0 {
		b.tokens.AllowN(until, left)
	}
}
