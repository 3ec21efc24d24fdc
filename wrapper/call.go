package wrapper

import (
	"fmt"
	"net/http"
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

	operation    protocol.Operation
	method, path string
	attempts     int
	// maybeApplied: some attempt may have taken effect.
	maybeApplied bool
	// offset is by how much the local clock, being behind, is corrected.
	offset time.Duration
	// signedAfresh: the timestamp was refused and the request signed again.
	signedAfresh bool
	// retryAfter is what the last answer asked for.
	retryAfter time.Duration
	// ended is the context's error, if the context ended in the wait for another attempt.
	ended error
}

// take makes an answer the last one of the call.
func (c *call) take(last answer, follows decision, now time.Time) {
	c.answer, c.decision = last, follows
	if last.delivery == refusedHere {
		return
	}
	c.attempts++
	c.retryAfter = 0
	c.maybeApplied = c.maybeApplied || follows.unknown || (last.delivery == sentTwice && protocol.ChangesState(c.method))
	if last.response != nil {
		c.retryAfter = protocol.RetryAfter(last.response.Header.Get("Retry-After"), now)
	}
}

// stop ends the call although the retry table allows another attempt.
func (c *call) stop(why reason) {
	c.again, c.reason = false, why
}

// signAfresh has the next attempt signed with the time of the last answer, if that is believed.
func (c *call) signAfresh() {
	c.signedAfresh = true
	if c.clock.believed {
		c.offset = c.clock.skew
	}
}

// failure returns the [*Error] that says why there is no answer, nil if there is one.
func (c *call) failure() error {
	switch {
	case c.err == nil && c.ended == nil:
		return nil
	case c.err == nil:
		return c.refusal()
	case c.ended != nil:
		return c.newError(c.maybeApplied, fmt.Errorf("%w; the last attempt: %w", c.ended, c.err))
	}
	return c.newError(c.maybeApplied, c.err, c.kind)
}

// refusal returns the error of an answer that is not the documented success.
func (c *call) refusal() *Error {
	applied := c.status() < http.StatusMultipleChoices || mayFollowEffect(c.status())
	return c.newError(c.maybeApplied || applied && protocol.ChangesState(c.method), c.ended, c.said.kinds(c.status())...)
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
	e := &Error{
		Operation: c.operation, Method: c.method, Path: c.path,
		StatusCode: c.status(), Code: c.said.code, Details: c.said.details, Message: c.said.message,
		Attempts: c.attempts, RetryAfter: c.retryAfter,
		kinds: kinds, cause: cause, own: c.said.own,
	}
	if maybeApplied && !e.is(ErrOutcomeUnknown) {
		e.kinds = append(e.kinds, ErrOutcomeUnknown)
	}
	e.Hint = hintFor(e, c)
	return e
}

func saysJSON(response *http.Response) bool {
	return strings.Contains(response.Header.Get("Content-Type"), "json")
}
