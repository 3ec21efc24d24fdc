package wrapper

import (
	"context"
	"errors"
	"net/http"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Observer has functions that a client calls as a call goes on, from the goroutine that makes it. A nil
// function is left out. They must return soon and be safe for concurrent use. What they are given holds no
// secret, no query and no body.
type Observer struct {
	// CallStarted is called before the first attempt. The context that it returns is that of
	// the call from there on; it must come from the one it is given.
	CallStarted func(ctx context.Context, call Info) context.Context
	// AttemptStarted is called before the request is signed, after the functions of [WithBeforeAttempt].
	// The context that it returns is that of the attempt; it must come from the one it is given.
	AttemptStarted func(ctx context.Context, attempt Attempt) context.Context
	// AttemptEnded is called with the context of the attempt, before the wait for the next.
	AttemptEnded func(ctx context.Context, attempt Attempt)
	// CallEnded is called once the call has its answer or error.
	CallEnded func(ctx context.Context, call Info)
}

// Attempt is what is known about one attempt of a call. Operation, Method, Route and Host have few values,
// so that they can label metrics.
type Attempt struct {
	// Operation is the operation of the contract, empty for any other endpoint.
	Operation protocol.Operation
	// Method is the request's method, Route its path with {} in place of IDs, Host its host and port.
	Method, Route, Host string
	// Number counts the attempts of a call from 1.
	Number int
	// ClockOffset is how far the local clock is taken to be behind the service's for the timestamp.
	ClockOffset time.Duration

	// StatusCode is the answer's status, 0 if there was none. This and what follows is zero before the
	// attempt has ended.
	StatusCode int
	// Reason says why another attempt follows, or why none does.
	Reason Reason
	// RetryAfter is how long the answer asked to wait, 0 if it did not.
	RetryAfter time.Duration
	// Again says that another attempt follows after Wait.
	Again bool
	Wait  time.Duration
	// Duration is how long the attempt took.
	Duration time.Duration
}

// WithObserver has observer told of every attempt and every call. Given several times, each is told, in
// order.
func WithObserver(observer Observer) Option {
	return func(c *config) error {
		c.observer = c.observer.then(observer)
		return nil
	}
}

// WithBeforeAttempt has before called ahead of every attempt, above signing and below retry: a limiter
// waits there, and a breaker refuses there. It is given the context of the call and a clone of
// the request, of which it may set headers and must not read the body; its waits do not count for
// [Retry].AttemptTimeout. Its error ends the call, and an [*Error] wraps it that is [ErrNotSent] if no
// attempt may have taken effect. Ahead of a second attempt the context ends when that would come later than
// [Retry].MaxDelay allows. Given several times, each is called, in order, until one returns an error.
func WithBeforeAttempt(before func(ctx context.Context, req *http.Request) error) Option {
	return func(c *config) error {
		if before == nil {
			return errors.New("WithBeforeAttempt: the function is nil; leave the option out")
		}
		c.beforeAttempt = append(c.beforeAttempt, before)
		return nil
	}
}

// then returns an observer that tells o and then next.
func (o Observer) then(next Observer) Observer {
	return Observer{
		CallStarted:    startBoth(o.CallStarted, next.CallStarted),
		AttemptStarted: startBoth(o.AttemptStarted, next.AttemptStarted),
		AttemptEnded:   endBoth(o.AttemptEnded, next.AttemptEnded),
		CallEnded:      endBoth(o.CallEnded, next.CallEnded),
	}
}

func startBoth[E any](first, second func(context.Context, E) context.Context) func(context.Context, E) context.Context {
	if first == nil {
		return second
	}
	if second == nil {
		return first
	}
	return func(ctx context.Context, event E) context.Context { return second(first(ctx, event), event) }
}

func endBoth[E any](first, second func(context.Context, E)) func(context.Context, E) {
	if first == nil {
		return second
	}
	if second == nil {
		return first
	}
	return func(ctx context.Context, event E) {
		first(ctx, event)
		second(ctx, event)
	}
}

func (o Observer) callStarted(ctx context.Context, c *call) context.Context {
	if o.CallStarted == nil {
		return ctx
	}
	return o.CallStarted(ctx, c.info())
}

func (o Observer) callEnded(ctx context.Context, c *call) {
	if o.CallEnded != nil {
		o.CallEnded(ctx, c.info())
	}
}

// next returns the event of the attempt that follows, the zero one if nobody is told of attempts.
func (o Observer) next(c *call) Attempt {
	if o.AttemptStarted == nil && o.AttemptEnded == nil {
		return Attempt{}
	}
	return c.nextAttempt()
}

func (o Observer) attemptStarted(ctx context.Context, a Attempt) context.Context {
	if o.AttemptStarted == nil {
		return ctx
	}
	return o.AttemptStarted(ctx, a)
}

func (o Observer) attemptEnded(ctx context.Context, a Attempt, c *call, took time.Duration) {
	if o.AttemptEnded == nil {
		return
	}
	a.StatusCode, a.Reason, a.RetryAfter, a.Again, a.Wait, a.Duration = c.status(), c.reason, c.retryAfter, c.again, c.wait, took
	o.AttemptEnded(ctx, a)
}

// nextAttempt returns what is known of an attempt before it begins.
func (c *call) nextAttempt() Attempt {
	return Attempt{
		Operation: c.operation, Method: c.method, Route: c.route(), Host: c.host(), Number: c.attempts + 1, ClockOffset: c.offset,
	}
}
