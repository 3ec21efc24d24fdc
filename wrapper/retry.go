package wrapper

import (
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

// do returns the call after its last attempt.
func (r *retry) do(req *http.Request) *call {
	defer closeBody(req)
	call := newCall(req, r.basePath)
	backoffs := r.policy.backoffs()
	for {
		started := r.clock.Clock.Now()
		answer, ended := r.attempt(req, call.operation)
		now := r.clock.Clock.Now()
		call.take(attempt{
			answer:   answer,
			verdict:  decide(call.operation, call.method, answer, ended),
			duration: now.Sub(started),
		}, now.Add(r.clock.Offset()))
		if call.again {
			r.plan(req, call, backoffs.NextBackOff())
		}
		r.log(req.Context(), call)
		if !call.again {
			return call
		}
		if call.ended = r.clock.Wait(req.Context(), call.wait); call.ended != nil {
			return call
		}
	}
}

// attempt sends a clone of req once, and reports whether the caller's context has ended.
func (r *retry) attempt(req *http.Request, operation protocol.Operation) (answer, bool) {
	if err := req.Context().Err(); err != nil {
		return answer{err: err, delivery: refusedHere}, true
	}
	ctx, cancel := r.attemptContext(req)
	defer cancel()
	clone, err := cloneFor(ctx, req, operation)
	if err != nil {
		return answer{err: err, delivery: refusedHere}, false
	}
	a := r.next.send(clone)
	if a.response != nil {
		// The clone's headers carry the signature; whoever prints the response need not see them.
		a.response.Request = req
	}
	ended := req.Context().Err()
	if a.err != nil && ended != nil && !errors.Is(a.err, ended) {
		// A transport may return the context's cause in place of its error.
		a.err = fmt.Errorf("%w: %w", ended, a.err)
	}
	return a, ended != nil
}

// cloneFor returns a clone of req with a body of its own, and keeps net/http from what it would do
// by itself.
func cloneFor(ctx context.Context, req *http.Request, operation protocol.Operation) (*http.Request, error) {
	clone := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		clone.Body = body
	}
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
	return clone, nil
}

// attemptContext bounds an attempt, which includes reading the response body. A request to
// upgrade the connection goes on after its answer, so it is bounded by the caller alone.
func (r *retry) attemptContext(req *http.Request) (context.Context, context.CancelFunc) {
	if isUpgrade(req) {
		return req.Context(), func() {}
	}
	return context.WithTimeout(req.Context(), r.policy.AttemptTimeout)
}

// plan sets how long to wait before the next attempt, or why there is none although the retry
// table allows one.
func (r *retry) plan(req *http.Request, call *call, backoff time.Duration) {
	switch {
	case call.reason == reasonTimestamp && call.signedAfresh:
		// The correction did not help, so it must not spoil the calls that follow.
		r.clock.forget()
		call.overrule(reasonTimestampAgain)
	case call.attempts >= r.policy.MaxAttempts:
		call.overrule(reasonAttemptsUsedUp)
	case hasBody(req) && req.GetBody == nil:
		call.overrule(reasonNoReplay)
	case call.retryAfter > r.policy.MaxRetryAfter:
		call.overrule(reasonRetryAfter)
	case call.reason == reasonTimestamp:
		call.signedAfresh = true
	default:
		call.wait = max(backoff, call.retryAfter)
	}
}

func (a *attempt) overrule(why reason) {
	a.again, a.reason = false, why
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
func (r *retry) log(ctx context.Context, call *call) {
	if r.logger == nil {
		return
	}
	level := slog.LevelWarn
	if call.reason == reasonAnswered {
		level = slog.LevelDebug
	}
	r.logger.LogAttrs(ctx, level, "kalshi request",
		slog.String("operation", call.label()),
		slog.Int("attempt", call.attempts),
		slog.Int("status", call.status()),
		slog.Duration("duration", call.duration),
		slog.Bool("retry", call.again),
		slog.String("reason", string(call.reason)),
		slog.Duration("wait", call.wait),
	)
}

func isUpgrade(req *http.Request) bool {
	return req.Header.Get("Upgrade") != ""
}

func hasBody(req *http.Request) bool {
	return req.Body != nil && req.Body != http.NoBody
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
