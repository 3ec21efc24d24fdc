package wrapper

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"
)

// limitSize is the lowest layer. It hands the request to the caller's transport and reads the
// body of the response whole, up to the limit. A connection that is lost half-way is thereby a
// failed attempt, which can be retried, and not a failed read later on.
func limitSize(transport http.RoundTripper, maxBytes int64, now func() time.Time) layer {
	return func(req *http.Request, _ time.Duration) answer {
		var trace connectionTrace
		response, err := transport.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace.hooks(now))))
		switch {
		case err != nil:
			return answer{err: trace.explain(err, transport, req), delivery: trace.delivery(err)}
		case response == nil:
			return answer{err: errors.New("the HTTP transport returned neither a response nor an error")}
		}
		a := answer{response: response, delivery: trace.delivery(nil), wrote: trace.wroteAt()}
		if req.Method != http.MethodHead && !(isUpgrade(req) && response.StatusCode == http.StatusSwitchingProtocols) {
			a.read(req, maxBytes)
		}
		return a
	}
}

func (a *answer) read(req *http.Request, maxBytes int64) {
	isError := a.status() >= http.StatusBadRequest
	body := bodyOf(a.response)
	defer func() { _ = body.Close() }()
	held, err := readBody(body, a.response.ContentLength, maxBytes)
	// The status of an error is the answer even if its body broke off: what did arrive is used.
	if err != nil && (!isError || errors.Is(err, errTooLarge) || req.Context().Err() != nil) {
		a.err = err
		return
	}
	if isError && held.length <= maxErrorBody {
		a.said = parseErrorBody(held.bytes())
	}
	a.body = held
	a.response.Body = held
	a.response.ContentLength = held.length
}

// bodyOf returns the body to read. After a switch to another protocol that the request did not ask
// for, reading would not end. A test's transport may leave the body out.
func bodyOf(response *http.Response) io.ReadCloser {
	if response.Body == nil {
		return http.NoBody
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		_ = response.Body.Close()
		return http.NoBody
	}
	return response.Body
}
