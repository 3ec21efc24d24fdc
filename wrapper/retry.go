package wrapper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
	basePath string
}

// do returns the call after its last attempt, and an [*Error] if there is no answer to it. The
// context of req does not count.
func (r *retry) do(ctx context.Context, req *http.Request) (*call, error) {
	defer closeBody(req)
	call := &call{method: protocol.Method(req), path: protocol.Path(req.URL)}
	call.operation = protocol.OperationOf(call.method, call.path, r.basePath)
	call.offset = r.clock.Offset()
	backoffs := r.policy.backoffs()
	for {
		started := r.clock.Clock.Now()
		answer, ended := r.attempt(ctx, req, call)
		duration := r.clock.Clock.Now().Sub(started)
		call.take(answer, decide(call.operation, call.method, answer, ended), r.clock.Now())
		if call.again {
			r.plan(ctx, req, call, backoffs.NextBackOff())
		}
		r.learn(call)
		r.log(ctx, call, duration)
		if call.again {
			call.ended = r.clock.Wait(ctx, call.wait)
		}
		if !call.again || call.ended != nil {
			return call, call.failure()
		}
	}
}

// attempt sends a clone of req once, and reports whether the caller's context has ended.
func (r *retry) attempt(ctx context.Context, req *http.Request, call *call) (answer, bool) {
	if err := ctx.Err(); err != nil {
		return answer{err: err, delivery: refusedHere}, true
	}
	clone, cancel, err := r.clone(ctx, req, call.operation)
	if err != nil {
		return answer{err: err, delivery: refusedHere}, false
	}
	defer cancel()
	a := r.next(clone, call.offset)
	a.deadline, _ = clone.Context().Deadline()
	if a.response != nil {
		// The clone's headers carry the signature; a printed response must not show them.
		a.response.Request = req
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
// the response body. A connection that is upgraded goes on after its answer, so the caller alone
// bounds it.
func (r *retry) clone(ctx context.Context, req *http.Request, operation protocol.Operation) (*http.Request, context.CancelFunc, error) {
	body := req.Body
	if req.GetBody != nil {
		var err error
		if body, err = req.GetBody(); err != nil {
			return nil, nil, err
		}
	}
	cancel := func() {}
	if !isUpgrade(req) {
		ctx, cancel = context.WithTimeout(ctx, r.policy.AttemptTimeout)
	}
	clone := req.Clone(ctx)
	clone.Body = body
	if !protocol.IsIdempotent(protocol.Method(req)) {
		// net/http would send a body again, below retry and signing, where HTTP/2 resets the stream
		// or where there is an Idempotency-Key.
		clone.GetBody = nil
	}
	if operation == protocol.GenerateAPIKey {
		// net/http would log what a server sends on an idle connection, and behind an answer that
		// seemed to have ended that may be a private key.
		clone.Close = true
	}
	return clone, cancel, nil
}

// plan sets how long to wait before the next attempt, or why the call ends although the retry
// table allows another.
func (r *retry) plan(ctx context.Context, req *http.Request, call *call, backoff time.Duration) {
	switch wait := max(backoff, call.retryAfter); {
	case call.reason == reasonTimestamp && call.signedAfresh:
		call.stop(reasonTimestampAgain)
	case call.attempts >= r.policy.MaxAttempts:
		call.stop(reasonAttemptsUsedUp)
	case req.Body != nil && req.Body != http.NoBody && req.GetBody == nil:
		call.stop(reasonNoReplay)
	case call.reason == reasonTimestamp:
		call.signAfresh()
	case call.retryAfter > r.policy.MaxRetryAfter:
		call.stop(reasonRetryAfter)
	case isBeyondDeadline(ctx, wait):
		call.stop(reasonDeadline)
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
	if call.reason == reasonAnswered {
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
