package wrapper

import (
	"fmt"
	"net/http"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// refusal returns the error of an answer that is not the documented success.
func (c *call) refusal(response *http.Response) *Error {
	body := parseErrorBody(bufferedBytes(response))
	refusal := c.newError()
	refusal.StatusCode = response.StatusCode
	refusal.Code, refusal.Details, refusal.Message = body.code, body.details, body.message
	refusal.kinds = kindsOf(response.StatusCode, body)
	answered := response.StatusCode < http.StatusMultipleChoices || mayFollowEffect(response.StatusCode)
	refusal.markUnknown(c.unknown || (answered && protocol.ChangesState(c.method)))
	refusal.Hint = hintFor(refusal, c)
	return refusal
}

// unexpected returns the error of an answer with the documented status and a body that is not
// what the contract says. The request has taken effect; what came of it cannot be told.
func (c *call) unexpected(response *http.Response, problem string) *Error {
	unexpected := c.newError()
	unexpected.StatusCode = response.StatusCode
	unexpected.Message = problem
	if !saysJSON(response) {
		unexpected.Message += fmt.Sprintf(" (Content-Type %q)", scrub(response.Header.Get("Content-Type"), maxCodeLength))
	}
	unexpected.kinds = []error{ErrUnexpectedResponse}
	unexpected.markUnknown(protocol.ChangesState(c.method))
	unexpected.Hint = hintFor(unexpected, c)
	return unexpected
}

func kindsOf(status int, body errorBody) []error {
	switch {
	case status == http.StatusUnauthorized:
		if cause := body.cause401(); cause != nil {
			return []error{cause, ErrUnauthenticated}
		}
		return []error{ErrUnauthenticated}
	case status == http.StatusForbidden:
		return []error{ErrForbidden}
	case status == http.StatusNotFound:
		return []error{ErrNotFound}
	case status == http.StatusConflict:
		return []error{ErrConflict}
	case status == http.StatusTooManyRequests:
		return []error{ErrRateLimited}
	case status == http.StatusBadRequest:
		return []error{ErrInvalidRequest}
	case status >= http.StatusInternalServerError:
		return []error{ErrUnavailable}
	}
	return []error{ErrUnexpectedResponse}
}
