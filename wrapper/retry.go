package wrapper

import (
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// retry is the layer that sends a request again where the retry table allows it. Everything
// below it happens once per attempt.
type retry struct {
	next     http.RoundTripper
	clock    *serviceClock
	log      attemptLog
	policy   Retry
	basePath string
}

// attempt is one request that went out, what came of it, and what follows from that.
type attempt struct {
	result
	verdict

	duration time.Duration
	wait     time.Duration
}

// RoundTrip returns the last answer, or an [*Error] when there is none.
func (r *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	defer closeBody(req)
	call := callOf(req, r.basePath)
	backoffs := r.policy.backoffs()
	for {
		attempt := r.attempt(req, call, backoffs)
		r.log.record(req.Context(), call, attempt)
		if !attempt.again {
			return call.finish(attempt)
		}
		if err := r.clock.Wait(req.Context(), attempt.wait); err != nil {
			return nil, call.interrupted(attempt, err)
		}
	}
}

func (r *retry) attempt(req *http.Request, call *call, backoffs *backoff.ExponentialBackOff) attempt {
	started := r.clock.Clock.Now()
	result := r.send(req, call.operation)
	attempt := attempt{
		result:   result,
		verdict:  decide(call.operation, call.method, result),
		duration: r.clock.Clock.Now().Sub(started),
	}
	call.note(attempt, r.clock)
	if attempt.again {
		r.plan(req, call, &attempt, backoffs.NextBackOff())
	}
	return attempt
}

// plan sets how long to wait before the next attempt, or why there is none although the retry
// table would allow it.
func (r *retry) plan(req *http.Request, call *call, attempt *attempt, backoff time.Duration) {
	attempt.wait = max(backoff, call.retryAfter)
	switch {
	case attempt.reason == reasonTimestamp && call.signedAfresh:
		// The correction did not help, so it must not spoil the calls that follow.
		r.clock.forget()
		attempt.overrule(reasonTimestampAgain)
	case call.attempts >= r.policy.MaxAttempts:
		attempt.overrule(reasonAttemptsUsedUp)
	case !isReplayable(req):
		attempt.overrule(reasonNoReplay)
	case call.retryAfter > r.policy.MaxRetryAfter:
		attempt.overrule(reasonRetryAfter)
	case attempt.reason == reasonTimestamp:
		call.signedAfresh = true
		attempt.wait = 0
	}
}

func (a *attempt) overrule(why reason) {
	a.again, a.reason, a.wait = false, why, 0
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
