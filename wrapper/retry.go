package wrapper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// retry is the uppermost layer. It sends a request again where the retry table allows it.
// Everything below it happens once per attempt.
type retry struct {
	next     layer
	clock    *serviceClock
	logger   *slog.Logger
	policy   Retry
	retryFor func(*http.Request) Retry
	before   []func(context.Context, *http.Request) error
	observer Observer
	base     *url.URL
}

// do returns the call after its last attempt, and an [*Error] if there is no answer to it. The
// context of req does not count.
func (r *retry) do(ctx context.Context, req *http.Request) (*call, error) {
	defer closeBody(req)
	call := newCall(req, r.base)
	called := r.clock.Clock.Now()
	ctx = r.observer.callStarted(ctx, call)
	r.run(ctx, req, call)
	call.took = r.clock.Clock.Now().Sub(called)
	r.observer.callEnded(ctx, call)
	return call, call.failure()
}

func newCall(req *http.Request, base *url.URL) *call {
	call := &call{request: req, base: base, method: protocol.Method(req), path: protocol.Path(req.URL)}
	call.operation = protocol.OperationOf(call.method, call.path, base.EscapedPath())
	return call
}

// run makes the attempts of a call.
func (r *retry) run(ctx context.Context, req *http.Request, call *call) {
	policy, err := r.policyOf(ctx, req, call.operation)
	if err != nil {
		call.take(answer{err: fmt.Errorf("%w: the call's policy: %w", ErrInvalidRequest, err), delivery: refusedHere}, false, r.clock.Now())
		return
	}
	call.policy, call.offset = policy, r.clock.Offset()
	backoffs := policy.backoffs()
	for call.again = true; call.again && call.ended == nil; {
		ready, passed := r.mayBegin(ctx, req, call)
		if !passed {
			r.log(ctx, call, 0)
			return
		}
		r.attemptOnce(ctx, ready, call, backoffs)
	}
}

// attemptOnce makes one attempt, decides what follows and waits for that.
func (r *retry) attemptOnce(ctx context.Context, req *http.Request, call *call, backoffs *backoff.ExponentialBackOff) {
	started := r.clock.Clock.Now()
	if call.attempts == 0 {
		call.began = started
	}
	event := r.observer.next(call)
	watched := r.observer.attemptStarted(ctx, event)
	answer, ended := r.attempt(watched, req, call)
	duration := r.clock.Clock.Now().Sub(started)
	call.take(answer, ended, r.clock.Now())
	if call.again {
		r.plan(ctx, req, call, backoffs.NextBackOff())
	}
	r.learn(call)
	r.log(ctx, call, duration)
	r.observer.attemptEnded(watched, event, call, duration)
	if call.again {
		call.ended = r.clock.Wait(ctx, call.wait)
	}
}

// mayBegin asks the functions before attempts, and returns what they make of the request: a clone, so
// that they may set headers. It reports false if the call ends here.
func (r *retry) mayBegin(ctx context.Context, req *http.Request, call *call) (*http.Request, bool) {
	if len(r.before) == 0 {
		return req, true
	}
	waiting, cancel := r.boundDelay(ctx, call)
	defer cancel()
	clone := req.Clone(waiting)
	for _, before := range r.before {
		err := before(waiting, clone)
		switch {
		case err == nil:
			continue
		case call.attempts == 0:
			call.take(answer{err: err, delivery: refusedHere}, false, r.clock.Now())
		case ctx.Err() == nil && endedByDeadline(waiting, err):
			call.stop(whoseDeadline(ctx, waiting))
		default:
			call.stop(ReasonStopped)
			call.ended = fmt.Errorf("another attempt was not sent: %w", err)
		}
		return nil, false
	}
	if call.isLate(r.clock.Clock.Now()) {
		call.stop(ReasonTooLate)
		return nil, false
	}
	return clone, true
}

// endedByDeadline reports whether a function before attempts gave up because of its context's deadline. A
// limiter need not wait for that.
func endedByDeadline(waiting context.Context, err error) bool {
	_, bounded := waiting.Deadline()
	return waiting.Err() != nil || bounded && errors.Is(err, context.DeadlineExceeded)
}

func whoseDeadline(ctx, waiting context.Context) Reason {
	callers, _ := ctx.Deadline()
	if bound, _ := waiting.Deadline(); bound.Equal(callers) {
		return ReasonDeadline
	}
	return ReasonTooLate
}

// boundDelay ends the wait for a later attempt when that would come too late.
func (r *retry) boundDelay(ctx context.Context, call *call) (context.Context, context.CancelFunc) {
	if call.attempts == 0 || call.policy.MaxDelay == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, call.policy.MaxDelay-r.clock.Clock.Now().Sub(call.began))
}

// attempt sends a clone of req once, and reports whether the caller's context has ended.
func (r *retry) attempt(ctx context.Context, req *http.Request, call *call) (answer, bool) {
	if err := ctx.Err(); err != nil {
		return answer{err: err, delivery: refusedHere}, true
	}
	clone, cancel, err := clone(ctx, req, call)
	if err != nil {
		return answer{err: err, delivery: refusedHere}, false
	}
	defer cancel()
	a := r.next(clone, call.offset)
	a.deadline, _ = clone.Context().Deadline()
	if a.response != nil {
		// The clone's headers carry the signature; a printed response must not show them.
		a.response.Request = call.request
	}
	ended := ctx.Err()
	if a.err != nil && ended != nil && !errors.Is(a.err, ended) {
		// A transport may return the context's cause in place of its error.
		a.err = fmt.Errorf("%w: %w", ended, a.err)
	}
	return a, ended != nil
}

// clone returns a clone of req for one attempt, with a body of its own, and keeps net/http from
// what it would do by itself. The clone's context ends with the attempt, which includes reading
// the response body. It bounds the handshake of a connection that is upgraded, and not what follows.
func clone(ctx context.Context, req *http.Request, call *call) (*http.Request, context.CancelFunc, error) {
	body := req.Body
	if req.GetBody != nil {
		var err error
		if body, err = req.GetBody(); err != nil {
			return nil, nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, call.policy.AttemptTimeout)
	clone := req.Clone(ctx)
	clone.Body = body
	if !protocol.IsRepeatable(call.method) || call.policy.Resend == NeverAgain {
		// net/http would send a body again, below retry and signing, where HTTP/2 resets the stream
		// or where there is an Idempotency-Key.
		clone.GetBody = nil
	}
	if call.operation == protocol.GenerateAPIKey {
		// net/http would log what a server sends on an idle connection, and behind an answer that
		// seemed to have ended that may be a private key.
		clone.Close = true
	}
	return clone, cancel, nil
}

// plan sets how long to wait before the next attempt, or why the call ends although the retry
// table allows another.
func (r *retry) plan(ctx context.Context, req *http.Request, call *call, backoff time.Duration) {
	now := r.clock.Clock.Now()
	switch wait := max(backoff, call.retryAfter); {
	case call.reason == ReasonTimestamp && call.signedAfresh:
		call.stop(ReasonTimestampAgain)
	case call.attempts >= call.policy.MaxAttempts:
		call.stop(ReasonAttemptsUsedUp)
	case call.policy.Resend == NeverAgain && call.delivery != neverSent:
		call.stop(ReasonNeverAgain)
	case req.Body != nil && req.Body != http.NoBody && req.GetBody == nil:
		call.stop(ReasonNoReplay)
	case call.reason == ReasonTimestamp && call.isLate(now):
		call.stop(ReasonTooLate)
	case call.reason == ReasonTimestamp:
		call.signAfresh()
	case call.retryAfter > call.policy.MaxRetryAfter:
		call.stop(ReasonRetryAfter)
	case isBeyondDeadline(ctx, wait):
		call.stop(ReasonDeadline)
	case call.isLate(now.Add(wait)):
		call.stop(ReasonTooLate)
	default:
		call.wait = wait
	}
}

// learn keeps a correction for the calls that follow once the service has accepted it, so that one
// that does not help touches no other call. A call that has no other attempt leaves the trial to them.
func (r *retry) learn(call *call) {
	switch {
	case call.signedAfresh && call.acceptsTimestamp():
		r.clock.offset.Store(int64(call.offset))
	case call.refusesTimestamp() && call.clock.believed && !call.signedAfresh:
		r.clock.offset.Store(int64(call.clock.skew))
	}
}

// isBeyondDeadline reports whether the context would end in the wait.
func isBeyondDeadline(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	left := time.Until(deadline)
	return ok && left > 0 && wait >= left
}

// backoffs returns waits that grow exponentially with full jitter: each is drawn evenly from
// zero to a bound that doubles up to MaxBackoff. The library draws from an interval around its
// mean, so the mean is half the bound.
func (r Retry) backoffs() *backoff.ExponentialBackOff {
	waits := &backoff.ExponentialBackOff{
		InitialInterval:     r.FirstBackoff / 2,
		MaxInterval:         r.MaxBackoff / 2,
		Multiplier:          2,
		RandomizationFactor: 1,
	}
	waits.Reset()
	return waits
}

// log writes one record per attempt. It names the fields that it shows instead of those that it
// hides: no body, no header value, no signature, no error text.
func (r *retry) log(ctx context.Context, call *call, duration time.Duration) {
	if r.logger == nil {
		return
	}
	level := slog.LevelWarn
	if call.reason == ReasonAnswered {
		level = slog.LevelDebug
	}
	r.logger.LogAttrs(ctx, level, "kalshi request",
		slog.String("operation", cmp.Or(string(call.operation), call.method+" "+call.path)),
		slog.Int("attempt", call.attempts),
		slog.Int("status", call.status()),
		slog.Duration("duration", duration),
		slog.Bool("retry", call.again),
		slog.String("reason", string(call.reason)),
		slog.Duration("wait", call.wait),
	)
}

func isUpgrade(req *http.Request) bool {
	return req.Header.Get("Upgrade") != ""
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
