package wrapper

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Info is what a [Transport] knows about a call. Nothing in it is secret, and no ID of the path is in it.
type Info struct {
	// Operation is the operation of the contract, empty for any other endpoint.
	Operation protocol.Operation
	// Method is the request's method.
	Method string
	// Route is the path with {} in place of IDs and tickers, of which there are few: see [protocol.Route].
	Route string
	// Host is the host of the base URL, with the port if that has one.
	Host string
	// Attempts is how often sending was tried.
	Attempts int
	// StatusCode is the status of the last answer, 0 if there was none.
	StatusCode int
	// Reason says why no other attempt followed.
	Reason Reason
	// EarlierOutcomeUnknown: an attempt before the last may have taken effect. A 404 to a DELETE may
	// then mean that it did.
	EarlierOutcomeUnknown bool
	// LastOutcomeUnknown: the last attempt may have taken effect although it has no successful answer.
	LastOutcomeUnknown bool
	// AlreadyExists: the answer, 409 order_already_exists, follows an attempt of unknown outcome. The
	// order is there: see [ErrAlreadyExists].
	AlreadyExists bool
	// TimestampRefused: the service refused the timestamp of an attempt, and the next was signed afresh.
	TimestampRefused bool
	// ClockOffset is how far the local clock was taken to be behind the service's in the last attempt.
	ClockOffset time.Duration
	// Duration is how long the call took, waits included.
	Duration time.Duration
}

// CallInfo returns what the [Transport] that made the call knows about it. It reports false for a
// response that came by no Transport. The response may be read and closed.
func CallInfo(resp *http.Response) (Info, bool) {
	c := callOf(resp)
	if c == nil {
		return Info{}, false
	}
	return c.info(), true
}

// ErrorFrom returns the [*Error] that a [Client] would return for an answer, with its hint: nil for a
// success, also for a nil response. It does not consume the body. A response that came by a
// [Transport] may have been read already, and its error knows of all attempts. One that came by another
// client, such as one with [SignRequest], is read here up to 64 KiB; its error cannot tell what an earlier
// attempt did, and its signature is not examined.
func ErrorFrom(resp *http.Response) error {
	if resp == nil {
		return nil
	}
	c := callOf(resp)
	if c == nil {
		c = callBy(resp)
	}
	if c.succeeded() || c.status() < http.StatusOK || c.isDeleted() {
		return nil
	}
	return c.refusal()
}

type callKey struct{}

// attach lets CallInfo find the call by its response, also where an HTTP client wraps the body. The
// caller's request stays as it is.
func (c *call) attach() {
	c.response.Request = c.request.WithContext(context.WithValue(c.request.Context(), callKey{}, c))
}

func callOf(resp *http.Response) *call {
	if resp == nil || resp.Request == nil {
		return nil
	}
	c, _ := resp.Request.Context().Value(callKey{}).(*call)
	return c
}

// callBy makes the call of a response that came by another client.
func callBy(resp *http.Response) *call {
	req := resp.Request
	if req == nil || req.URL == nil {
		req = &http.Request{URL: &url.URL{}}
	}
	c := newCall(req, &url.URL{Path: protocol.BasePath})
	last := answer{response: resp}
	if resp.StatusCode >= http.StatusBadRequest && resp.Body != nil {
		begun, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody+1)) // what did arrive is used
		resp.Body = &peekedBody{io.MultiReader(bytes.NewReader(begun), resp.Body), resp.Body}
		if len(begun) <= maxErrorBody {
			last.said = parseErrorBody(begun)
		}
	}
	c.take(last, false, time.Now())
	return c
}

// peekedBody gives what was read of a body once more.
type peekedBody struct {
	io.Reader
	io.Closer
}

func (c *call) info() Info {
	return Info{
		Operation: c.operation, Method: c.method, Route: c.route(), Host: c.host(),
		Attempts: c.attempts, StatusCode: c.status(), Reason: c.reason,
		EarlierOutcomeUnknown: c.earlierUnknown, LastOutcomeUnknown: c.unknown, AlreadyExists: c.isThereAlready(),
		TimestampRefused: c.signedAfresh, ClockOffset: c.offset, Duration: c.took,
	}
}

func (c *call) route() string { return protocol.Route(c.path) }

func (c *call) host() string { return c.base.Host }
