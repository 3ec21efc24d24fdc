package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// send makes one attempt with a clone of req.
func (r *retry) send(req *http.Request, op protocol.Operation) result {
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
	restrict(clone, op)
	response, err := r.next.RoundTrip(clone)
	if err != nil {
		ended := req.Context().Err()
		return result{
			err: withContextError(err, ended), ended: ended != nil,
			neverSent: connection.neverSent(err) || isType[*lateError](err), sentTwice: connection.sentTwice(),
		}
	}
	// The clone's headers carry the signature; whoever prints the response need not see them.
	response.Request = req
	return result{response: response, sentTwice: connection.sentTwice()}
}

// restrict keeps net/http from what it would do on its own.
func restrict(clone *http.Request, op protocol.Operation) {
	if !protocol.IsIdempotent(protocol.Method(clone)) {
		// It sends a body again, below retry and signing, where HTTP/2 resets the stream or where
		// there is an Idempotency-Key, whatever became of the first.
		clone.GetBody = nil
	}
	if op == protocol.GenerateAPIKey {
		// It logs what a server sends on an idle connection, which may be a private key
		// behind an answer that seemed to have ended.
		clone.Close = true
	}
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
	if isUpgrade(req) {
		return req.Context(), func() {}
	}
	return context.WithTimeout(req.Context(), r.policy.AttemptTimeout)
}

func isUpgrade(req *http.Request) bool {
	return req.Header.Get("Upgrade") != ""
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
