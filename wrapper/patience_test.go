package wrapper_test

import (
	"context"
	"net/http"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

// patience bounds an attempt that must not time out, however slow the machine.
const patience = 5 * time.Minute

// stalling has an attempt time out while the server works on its request, however long that takes
// to get there. It is the client's transport, and step is the server's part: the time of an
// attempt is over once its request has come to step, and never for a request that is answered.
type stalling struct {
	http.RoundTripper

	arrived chan struct{}
}

func newStalling() stalling {
	return stalling{&http.Transport{DisableKeepAlives: true}, make(chan struct{})}
}

func (s stalling) step(w http.ResponseWriter, r *http.Request) {
	s.arrived <- struct{}{}
	stall(w, r)
}

func (s stalling) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(req.Context()))
	answered := make(chan struct{})
	defer close(answered)
	go func() {
		select {
		case <-s.arrived:
			cancel(context.DeadlineExceeded)
		case <-answered:
		}
	}()
	return s.RoundTripper.RoundTrip(req.WithContext(ctx))
}

// deadlineByHand is a context whose deadline passes when the channel is closed.
type deadlineByHand struct {
	context.Context

	passed chan struct{}
}

func (d deadlineByHand) Done() <-chan struct{} { return d.passed }

func (d deadlineByHand) Err() error {
	select {
	case <-d.passed:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// endingClock ends the context before the client waits.
type endingClock struct {
	*fakeClock

	end context.CancelFunc
}

func (c endingClock) Wait(ctx context.Context, d time.Duration) error {
	c.end()
	return c.fakeClock.Wait(ctx, d)
}

// interruptingClock ends the context once the client has begun to wait.
type interruptingClock struct {
	wrapper.Clock

	end context.CancelFunc
}

func (c interruptingClock) Wait(ctx context.Context, d time.Duration) error {
	return c.Clock.Wait(endsAwaited{ctx, c.end}, d)
}

// endsAwaited is a context that ends when somebody begins to wait for its end.
type endsAwaited struct {
	context.Context

	end context.CancelFunc
}

func (e endsAwaited) Done() <-chan struct{} {
	e.end()
	return e.Context.Done()
}
