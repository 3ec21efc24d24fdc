package wrapper

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// call is what is known about one call across its attempts. In the end it is the answer to the
// call, because it holds the answer to the last attempt.
type call struct {
	answer
	decision

	request      *http.Request
	base         *url.URL
	operation    protocol.Operation
	method, path string
	policy       Retry
	attempts     int
	// began is when the first attempt did, by the caller's clock.
	began time.Time
	// earlierUnknown: an attempt before the last may have taken effect. The last may have, if its
	// decision says so.
	earlierUnknown bool
	// offset is by how much the local clock, being behind, is corrected.
	offset time.Duration
	// signedAfresh: the timestamp was refused and the request signed again.
	signedAfresh bool
	// retryAfter is what the last answer asked for.
	retryAfter time.Duration
	// ended is why there was no further attempt although one was planned: the context's error, or
	// that of a function before attempts.
	ended error
	// took is how long the call took.
	took time.Duration
}

// take makes an answer the last one of the call.
func (c *call) take(last answer, ended bool, now time.Time) {
	earlierUnknown := c.maybeApplied()
	c.answer = last
	c.decision = decide(c, last, ended)
	c.earlierUnknown = earlierUnknown || last.delivery == sentTwice && protocol.ChangesState(c.method)
	if last.delivery == refusedHere {
		return
	}
	c.attempts++
	c.retryAfter = 0
	if last.response != nil {
		c.retryAfter = protocol.RetryAfter(last.response.Header.Get("Retry-After"), now)
	}
}

// maybeApplied reports whether some attempt may have taken effect without the answer saying so.
func (c *call) maybeApplied() bool {
	return c.earlierUnknown || c.unknown
}

// stop ends the call although the retry table allows another attempt.
func (c *call) stop(why Reason) {
	c.again, c.reason, c.wait = false, why, 0
}

// signAfresh has the next attempt signed with the time of the last answer, if that is believed.
func (c *call) signAfresh() {
	c.signedAfresh = true
	if c.clock.believed {
		c.offset = c.clock.skew
	}
}

// isLate reports whether an attempt that begins at the time comes later than the policy allows.
func (c *call) isLate(begins time.Time) bool {
	return c.policy.MaxDelay > 0 && c.attempts > 0 && begins.Sub(c.began) > c.policy.MaxDelay
}

// failure returns the [*Error] that says why there is no answer, nil if there is one.
func (c *call) failure() error {
	switch {
	case c.err == nil && c.ended == nil:
		return nil
	case c.err == nil:
		return c.refusal()
	case c.ended != nil:
		return c.newError(c.maybeApplied(), fmt.Errorf("%w; the last attempt: %w", c.ended, c.err))
	}
	return c.newError(c.maybeApplied(), c.err, c.kind)
}

// refusal returns the error of an answer that is not the documented success.
func (c *call) refusal() *Error {
	unknown := c.maybeApplied() || c.status() < http.StatusMultipleChoices && protocol.ChangesState(c.method)
	kinds := c.said.kinds(c.status())
	if c.isThereAlready() {
		kinds, unknown = append(kinds, ErrAlreadyExists), false
	}
	return c.newError(unknown, c.ended, kinds...)
}

// codeOrderExists refuses a second order with the same client_order_id (source: observed).
const codeOrderExists = "order_already_exists"

// isThereAlready reports whether the answer says that what the call was to make is there, as an earlier
// attempt may have made it.
func (c *call) isThereAlready() bool {
	return c.earlierUnknown && c.status() == http.StatusConflict && c.said.code == codeOrderExists
}

// isDeleted reports whether the key that the call was to delete is gone although the answer is a 404.
func (c *call) isDeleted() bool {
	return c.operation == protocol.DeleteAPIKey && c.earlierUnknown && c.status() == http.StatusNotFound && c.said.own
}

// notAsDocumented returns the error of an answer that is not the documented success. If it has the
// status, its body is not what the contract says: the request has taken effect, but with what
// result is not known.
func (c *call) notAsDocumented(success int, problem error) *Error {
	if c.status() != success {
		return c.refusal()
	}
	if !saysJSON(c.response) {
		problem = fmt.Errorf("%w (Content-Type %q)", problem, scrub(c.response.Header.Get("Content-Type"), maxCodeLength))
	}
	return c.newError(protocol.ChangesState(c.method), problem, ErrUnexpectedResponse)
}

func (c *call) succeeded() bool { return c.status()/100 == 2 }

func (c *call) newError(maybeApplied bool, cause error, kinds ...error) *Error {
	kinds = slices.DeleteFunc(kinds, func(kind error) bool { return kind == nil })
	if maybeApplied && errors.Is(cause, ErrNotSent) {
		cause = sentBeforeError{cause}
	}
	e := &Error{
		Operation: c.operation, Method: c.method, Path: c.path,
		StatusCode: c.status(), Code: c.said.code, Details: c.said.details, Message: c.said.message,
		Attempts: c.attempts, RetryAfter: c.retryAfter,
		kinds: kinds, cause: cause, own: c.said.own,
	}
	switch {
	case maybeApplied && !e.is(ErrOutcomeUnknown):
		e.kinds = append(e.kinds, ErrOutcomeUnknown)
	case !maybeApplied && c.wasNotSent() && !e.is(ErrOutcomeUnknown) && !e.is(ErrNotSent):
		e.kinds = append(e.kinds, ErrNotSent)
	}
	e.Hint = hintFor(e, c)
	return e
}

// wasNotSent reports whether the last attempt certainly did not go out. A request that would follow a
// redirect did not either, but the one that was redirected did.
func (c *call) wasNotSent() bool {
	if c.ended != nil {
		return c.reason == ReasonStopped
	}
	return (c.delivery == refusedHere || c.delivery == neverSent) && !errors.Is(c.err, ErrUnexpectedResponse)
}

func saysJSON(response *http.Response) bool {
	return strings.Contains(response.Header.Get("Content-Type"), "json")
}

// sentBeforeError is the cause of an error of a call that was sent, and whose last attempt was not: it is no
// [ErrNotSent], which would say that nothing had an effect.
type sentBeforeError struct{ error }

// Is implements what [errors.Is] asks.
func (s sentBeforeError) Is(target error) bool {
	return target != ErrNotSent && errors.Is(s.error, target)
}

// As implements what [errors.As] asks.
func (s sentBeforeError) As(target any) bool { return errors.As(s.error, target) }
