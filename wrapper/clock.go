package wrapper

import (
	"context"
	"net/http"
	"strconv"
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
	// shown is what the last success with a Date header showed.
	shown atomic.Pointer[shownTime]
}

// shownTime is a Date header, and when it came by the caller's clock.
type shownTime struct {
	date     string
	received time.Time
}

// serviceTime returns the service's time by the last Date header.
func (c *serviceClock) serviceTime() (time.Time, bool) {
	shown := c.shown.Load()
	if shown == nil {
		return time.Time{}, false
	}
	date, err := http.ParseTime(shown.date)
	return date.Add(c.Clock.Now().Sub(shown.received)), err == nil
}

// Now returns the time at the service as far as it is known.
func (c *serviceClock) Now() time.Time {
	return c.Clock.Now().Add(c.Offset())
}

// Offset returns how far the caller's clock is behind the service's.
func (c *serviceClock) Offset() time.Duration {
	return time.Duration(c.offset.Load())
}

// maxHold is how long after its signature a request may go out, or if nothing says when it did be
// answered, for its answer to tell something about the clock (our own choice).
const maxHold = 5 * time.Second

// clockReading is what the Date header of an answer says about the local clock.
type clockReading struct {
	// skew is how far the local clock is behind, if believed, or seems to be.
	skew     time.Duration
	believed bool
	// held is how long the request was on its way at least, if that was too long to tell.
	held time.Duration
}

// readClock is the layer that compares the clock with the Date header of an answer that refused the
// timestamp, and notes what the others show. No other answer corrects the clock.
func readClock(next layer, clock *serviceClock, most time.Duration) layer {
	return func(req *http.Request, offset time.Duration) answer {
		a := next(req, offset)
		if a.response == nil {
			return a
		}
		received := clock.Clock.Now()
		if date := a.response.Header.Get("Date"); date != "" && a.status()/100 == 2 {
			clock.shown.Store(&shownTime{date, received})
		}
		if a.refusesTimestamp() {
			signed, _ := strconv.ParseInt(req.Header.Get(protocol.HeaderTimestamp), 10, 64) // which signEach wrote
			a.clock = a.readClock(time.UnixMilli(signed).Add(-offset), received, most)
		}
		return a
	}
}

func (a *answer) readClock(signed, received time.Time, most time.Duration) clockReading {
	out, latest := a.wrote, a.wrote
	if a.wrote.IsZero() {
		out, latest = signed, received
	}
	if held := latest.Sub(signed); held > maxHold {
		return clockReading{held: held}
	}
	// Counted back from the arrival: a machine that slept, or whose clock was set, shows another time since.
	uncertain := received.Sub(out) / 2
	skew, ok := protocol.ClockOffset(a.response.Header.Get("Date"), received.Add(-uncertain))
	switch {
	case !ok:
		return clockReading{}
	case skew.Abs() <= uncertain:
		return clockReading{believed: true}
	}
	return clockReading{skew: skew, believed: skew.Abs() <= most && isWithinCertificate(a.response, received.Add(skew))}
}

// isWithinCertificate reports whether the server's certificate was valid at the time, if there is one.
func isWithinCertificate(response *http.Response, at time.Time) bool {
	if response.TLS == nil || len(response.TLS.PeerCertificates) == 0 {
		return true
	}
	leaf := response.TLS.PeerCertificates[0]
	return !at.Before(leaf.NotBefore) && !at.After(leaf.NotAfter)
}
