package contract

import (
	"net/http"
)

// Transport returns a RoundTripper that holds every exchange against the contract: the request
// before next sends it, the response before the caller sees it. It changes and stops
// nothing, and reports what it finds to reporter. A nil next is [http.DefaultTransport].
//
// Bodies are read ahead up to [MaxBodyBytes], so a request body that is written while its response
// is being read does not work through it. The bytes, lengths and
// errors the two sides see are the original ones. A response that net/http has decompressed is
// checked as its caller gets it.
//
// The transport is safe for concurrent use if next and reporter are.
func Transport(next http.RoundTripper, reporter Reporter, opts ...Option) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return &transport{next: next, reporter: reporter, settings: newSettings(opts)}
}

type transport struct {
	next     http.RoundTripper
	reporter Reporter
	settings settings
}

// RoundTrip sends r by way of the next transport.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body captured
	sent := r
	if r.Body != nil && r.Body != http.NoBody {
		// A RoundTripper must not change its request, and reading a body does.
		copied := *r
		body, copied.Body = capture(r.Body, r.ContentLength)
		sent = &copied
	}
	e := begin(&t.settings, t.reporter, r, body, caller)
	answer, err := t.next.RoundTrip(sent)
	if err != nil {
		return answer, err
	}
	e.end(answer.StatusCode, answer.Header, t.captureAnswer(answer))
	return answer, nil
}

func (t *transport) captureAnswer(answer *http.Response) captured {
	// The body after a protocol switch is the connection, which never ends.
	if answer.Body == nil || answer.Body == http.NoBody || answer.StatusCode == http.StatusSwitchingProtocols {
		return captured{}
	}
	var body captured
	body, answer.Body = capture(answer.Body, answer.ContentLength)
	return body
}
