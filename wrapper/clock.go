package wrapper

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Clock gives a client the time, and waits between attempts. Programs leave it at
// the system's clock; tests give their own with [WithClock]. Implementations must be safe for
// concurrent use.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
	// Wait returns nil after d, or the context's error as soon as the context ends.
	Wait(ctx context.Context, d time.Duration) error
}

// SystemClock returns the clock that clients have unless [WithClock] gives them another: the
// system's time, and waits that end with the context.
func SystemClock() Clock { return systemClock{} }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Wait(ctx context.Context, d time.Duration) error {
	return protocol.Wait(ctx, d)
}

// serviceClock is the caller's clock plus what the service's Date header taught about it.
type serviceClock struct {
	Clock

	offset atomic.Int64 // nanoseconds
}

// Now returns the time at the service as far as it is known.
func (c *serviceClock) Now() time.Time {
	return c.Clock.Now().Add(c.Offset())
}

// Offset returns how far the caller's clock is behind the service's.
func (c *serviceClock) Offset() time.Duration {
	return time.Duration(c.offset.Load())
}

// keepClock is the layer that sets the clock from the Date header of an answer that refused the
// timestamp. No other answer changes the clock.
func keepClock(next layer, clock *serviceClock) layer {
	return func(req *http.Request) answer {
		sent := clock.Clock.Now()
		a := next(req)
		a.offset = clock.Offset()
		if !a.refusesTimestamp() {
			return a
		}
		// Counted back from the arrival: a machine that slept, or whose clock was set, shows another time since.
		received := clock.Clock.Now()
		middle := received.Add(-received.Sub(sent) / 2)
		if skew, ok := protocol.ClockOffset(a.response.Header.Get("Date"), middle); ok {
			a.skew, a.offset = skew, skew
			clock.offset.Store(int64(skew))
		}
		return a
	}
}
