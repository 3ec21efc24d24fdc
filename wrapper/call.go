package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// call is what is known about one call across its attempts.
type call struct {
	operation    protocol.Operation
	method, path string
	attempts     int
	// unknown: some attempt may have taken effect.
	unknown bool
	// signedAfresh: the timestamp was refused and the request signed again.
	signedAfresh bool
	// retryAfter is what the last answer asked for.
	retryAfter time.Duration
	// skew is how far the local clock was behind when the timestamp was refused.
	skew time.Duration
	// offset is by how much the local clock, being behind, was corrected.
	offset time.Duration
	// selfCheck examines the signature of the last attempt that was answered.
	selfCheck selfCheck
}

type callKey struct{}

// withCall returns a context that hands the client the call which the transport fills in.
func withCall(ctx context.Context) (context.Context, *call) {
	record := &call{}
	return context.WithValue(ctx, callKey{}, record), record
}

// withoutCall returns a context for what happens below retry: a credential source or a transport
// that makes calls of its own with it must not write into this one.
func withoutCall(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, (*call)(nil))
}

func callOf(req *http.Request, basePath string) *call {
	record, _ := req.Context().Value(callKey{}).(*call)
	if record == nil {
		record = &call{}
	}
	record.method = protocol.Method(req)
	record.path = protocol.Path(req.URL)
	record.operation = protocol.OperationOf(record.method, record.path, basePath)
	return record
}

// label names the call in log records.
func (c *call) label() string {
	if c.operation != "" {
		return string(c.operation)
	}
	return strings.TrimSpace(c.method + " " + c.path)
}

// note takes in what an attempt came to.
func (c *call) note(attempt attempt, clock *serviceClock) {
	if attempt.reason == reasonUnsendable {
		return
	}
	c.attempts++
	c.unknown = c.unknown || attempt.unknown || (attempt.sentTwice && protocol.ChangesState(c.method))
	c.retryAfter = 0
	if attempt.response == nil {
		return
	}
	c.offset = clock.Offset()
	c.selfCheck = selfCheckOf(attempt.response)
	c.retryAfter = protocol.RetryAfter(attempt.response.Header.Get("Retry-After"), clock.Now())
	if attempt.reason == reasonTimestamp {
		c.skew, _ = protocol.ClockOffset(attempt.response.Header.Get("Date"), clock.Clock.Now())
	}
}

// finish returns the last attempt's answer, or an [*Error] that says why there is none.
func (c *call) finish(attempt attempt) (*http.Response, error) {
	if attempt.response != nil {
		return attempt.response, nil
	}
	return nil, c.failure(attempt.result)
}

// interrupted returns the error of a call whose context ended while it waited. It keeps what
// the last attempt came to.
func (c *call) interrupted(attempt attempt, ended error) *Error {
	failure := c.failure(result{err: ended, ended: true})
	if attempt.response != nil {
		failure = c.refusal(attempt.response)
		failure.cause = ended
		return failure
	}
	failure.cause = fmt.Errorf("%w; the last attempt: %w", ended, attempt.err)
	return failure
}

// failure returns the error of a call that has no answer.
func (c *call) failure(r result) *Error {
	failure := c.newError()
	failure.cause = r.err
	if answer, ok := errors.AsType[*unreadableError](r.err); ok {
		failure.StatusCode = answer.status
	}
	switch {
	case isType[*unsentError](r.err) && c.attempts == 0:
		failure.Hint = unsentHint(failure)
		return failure
	case isType[*unsentError](r.err):
	case isCertificateError(r.err):
		failure.kinds = []error{ErrInsecure}
	case errors.Is(r.err, errTooLarge):
		failure.kinds = []error{ErrUnexpectedResponse}
	case !r.ended:
		failure.kinds = []error{ErrUnavailable}
	}
	failure.markUnknown(c.unknown)
	failure.Hint = hintFor(failure, c)
	return failure
}

func (c *call) newError() *Error {
	return &Error{
		Operation: c.operation, Method: c.method, Path: c.path,
		Attempts: c.attempts, RetryAfter: c.retryAfter,
	}
}

func (e *Error) markUnknown(unknown bool) {
	if unknown && !e.is(ErrOutcomeUnknown) {
		e.kinds = append(e.kinds, ErrOutcomeUnknown)
	}
}
