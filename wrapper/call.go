package wrapper

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// call is what is known about one call across its attempts. It ends as the answer to the call.
type call struct {
	// attempt is the last one.
	attempt

	operation    protocol.Operation
	method, path string
	attempts     int
	// maybeApplied: some attempt may have taken effect.
	maybeApplied bool
	// signedAfresh: the timestamp was refused and the request signed again.
	signedAfresh bool
	// retryAfter is what the last answer asked for.
	retryAfter time.Duration
	// ended is the context's error, if the context ended in the wait for another attempt.
	ended error
}

// attempt is one request, the answer to it, and what follows from that.
type attempt struct {
	answer
	verdict

	duration time.Duration
	wait     time.Duration
}

func newCall(req *http.Request, basePath string) *call {
	method, path := protocol.Method(req), protocol.Path(req.URL)
	return &call{method: method, path: path, operation: protocol.OperationOf(method, path, basePath)}
}

// label names the call in log records.
func (c *call) label() string {
	if c.operation != "" {
		return string(c.operation)
	}
	return c.method + " " + c.path
}

// take makes an attempt the last one of the call.
func (c *call) take(last attempt, now time.Time) {
	c.attempt = last
	if last.delivery == refusedHere {
		return
	}
	c.attempts++
	c.retryAfter = 0
	c.maybeApplied = c.maybeApplied || last.unknown || (last.delivery == sentTwice && protocol.ChangesState(c.method))
	if last.response != nil {
		c.retryAfter = protocol.RetryAfter(last.response.Header.Get("Retry-After"), now)
	}
}

// failure returns why there is no answer, nil if there is one.
func (c *call) failure() *Error {
	switch {
	case c.err == nil && c.ended == nil:
		return nil
	case c.err == nil:
		return c.refusal()
	case c.ended != nil:
		return c.newError(c.maybeApplied, fmt.Errorf("%w; the last attempt: %w", c.ended, c.err))
	}
	switch c.reason {
	case reasonRefusedHere, reasonContextEnded:
		return c.newError(c.maybeApplied, c.err)
	case reasonCertificate:
		return c.newError(c.maybeApplied, c.err, ErrInsecure)
	case reasonTooLarge:
		return c.newError(c.maybeApplied, c.err, ErrUnexpectedResponse)
	}
	return c.newError(c.maybeApplied, c.err, ErrUnavailable)
}

// refusal returns the error of an answer that is not the documented success.
func (c *call) refusal() *Error {
	success := c.status() < http.StatusMultipleChoices || mayFollowEffect(c.status())
	return c.newError(c.maybeApplied || success && protocol.ChangesState(c.method), c.ended, c.said.kinds(c.status())...)
}

// unexpected returns the error of an answer with the documented status and a body that is not
// what the contract says. The request has taken effect, but with what result is not known.
func (c *call) unexpected(problem string) *Error {
	if !saysJSON(c.response) {
		problem += fmt.Sprintf(" (Content-Type %q)", scrub(c.response.Header.Get("Content-Type"), maxCodeLength))
	}
	return c.newError(protocol.ChangesState(c.method), errors.New(problem), ErrUnexpectedResponse)
}

func (c *call) newError(maybeApplied bool, cause error, kinds ...error) *Error {
	e := &Error{
		Operation: c.operation, Method: c.method, Path: c.path,
		StatusCode: c.status(), Code: c.said.code, Details: c.said.details, Message: c.said.message,
		Attempts: c.attempts, RetryAfter: c.retryAfter,
		kinds: kinds, cause: cause,
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
