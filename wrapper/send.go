package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// send makes one attempt with a clone of req.
func (r *retry) send(req *http.Request) result {
	if err := req.Context().Err(); err != nil {
		return result{err: &unsentError{err}, neverSent: true}
	}
	ctx, cancel := r.attemptContext(req)
	defer cancel()
	var connection connectionTrace
	clone := req.Clone(httptrace.WithClientTrace(withoutCall(ctx), connection.hooks()))
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return result{err: &unsentError{err}, neverSent: true}
		}
		clone.Body = body
	}
	if !isIdempotent(methodOf(req)) && hasIdempotencyKey(req) {
		// net/http sends such requests again by itself, below retry and signing.
		clone.GetBody = nil
	}
	response, err := r.next.RoundTrip(clone)
	if err != nil {
		ended := req.Context().Err()
		return result{err: withContextError(err, ended), ended: ended != nil, neverSent: connection.neverSent(err)}
	}
	// The clone's headers carry the signature; whoever prints the response need not see them.
	response.Request = req
	return result{response: response}
}

// withContextError keeps the context's error visible to errors.Is where a transport returns the
// context's cause in its place.
func withContextError(err, ended error) error {
	if ended == nil || errors.Is(err, ended) {
		return err
	}
	return fmt.Errorf("%w: %w", ended, err)
}

// attemptContext bounds an attempt, which includes reading the response body. A request to
// upgrade the connection goes on after its answer, so it is bounded by the caller alone.
func (r *retry) attemptContext(req *http.Request) (context.Context, context.CancelFunc) {
	if req.Header.Get("Upgrade") != "" {
		return req.Context(), func() {}
	}
	return context.WithTimeout(req.Context(), r.policy.attemptTimeout)
}

// connectionTrace watches whether an attempt ever had a connection. Transports that do not
// report to httptrace leave it untouched.
type connectionTrace struct {
	asked, got atomic.Bool
}

func (c *connectionTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { c.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.got.Store(true) },
	}
}

// neverSent is true only on evidence: a dial error, or a transport that asked for a connection
// and never got one.
func (c *connectionTrace) neverSent(err error) bool {
	return !c.got.Load() && (c.asked.Load() || isDialError(err))
}

func hasIdempotencyKey(req *http.Request) bool {
	return req.Header.Get("Idempotency-Key") != "" || req.Header.Get("X-Idempotency-Key") != ""
}

func hasBody(req *http.Request) bool {
	return req.Body != nil && req.Body != http.NoBody
}

func isReplayable(req *http.Request) bool {
	return !hasBody(req) || req.GetBody != nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
