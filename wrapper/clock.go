package wrapper

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// Clock is where a client gets the time from and waits between attempts. Programs leave it at
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
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// minClockCorrection is the smallest difference to the service's clock that is corrected. Date
// has a resolution of a second, and the service accepts 10 s either way (source: observed), so
// a smaller difference cannot be why a timestamp was refused.
const minClockCorrection = 2 * time.Second

// maxClockCorrection is the largest difference that is corrected (our own choice): a machine
// that starts in 1970 for want of a clock is helped, and a Date that no clock shows is not
// believed.
const maxClockCorrection = 100 * 365 * 24 * time.Hour

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

// forget drops a correction that did not help.
func (c *serviceClock) forget() {
	c.offset.Store(0)
}

// keepClock is the layer that sets the clock from the Date header of an answer that refused
// the timestamp. No other answer changes the clock.
type keepClock struct {
	next  http.RoundTripper
	clock *serviceClock
}

func (k *keepClock) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := k.clock.Clock.Now()
	response, err := k.next.RoundTrip(req)
	if err != nil || !refusesTimestamp(response) {
		return response, err
	}
	// Counted back from now: a machine that slept or was set meanwhile has another time since.
	received := k.clock.Clock.Now()
	middle := received.Add(-received.Sub(sent) / 2)
	if offset, ok := offsetFromDate(response, middle); ok {
		k.clock.offset.Store(int64(offset))
	}
	return response, nil
}

// offsetFromDate returns how far local is behind the Date of the response, 0 if that is too
// little to matter, and whether the response has a Date that can be.
func offsetFromDate(response *http.Response, local time.Time) (time.Duration, bool) {
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, false
	}
	// Date is cut to whole seconds, so the service's clock shows half a second more on average.
	offset := date.Add(500 * time.Millisecond).Sub(local)
	switch {
	case offset.Abs() > maxClockCorrection:
		return 0, false
	case offset.Abs() < minClockCorrection:
		return 0, true
	}
	return offset, true
}

func refusesTimestamp(response *http.Response) bool {
	return response.StatusCode == http.StatusUnauthorized &&
		parseErrorBody(bufferedBytes(response)).code == codeTimestampExpired
}
