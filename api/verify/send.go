package verify

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// identity is who a request says it is from.
type identity struct {
	keyID  string
	signer crypto.Signer
}

// attempt is a request to send.
type attempt struct {
	method      string
	path        string // below the base URL, with its query
	body        string
	contentType string
	as          identity // the target's own if empty
	// added to the time in the timestamp
	shift time.Duration
	// writes the timestamp, which is signed so; milliseconds if nil
	timestamp func(time.Time) string
	// changes the signed headers
	edit func(http.Header)
	// is made in signing; a request without room for it has no signature
	mistake *explain.Mistake
}

func get(path string) attempt { return attempt{method: http.MethodGet, path: path} }

// answer is the response to an attempt.
type answer struct {
	status     int
	header     http.Header
	body       map[string]any // the JSON object in it, or nil; numbers are json.Number
	complete   bool           // whether the body came to its end
	violations []contract.Violation
	// by the local clock: just before the request was dated, and just after the answer had begun
	sent, arrived time.Time
}

func (a *answer) is(status int) bool { return a != nil && a.status == status }

func (a *answer) succeeded() bool { return a != nil && a.status >= 200 && a.status <= 299 }

// mayHaveExpired reports whether the request was so long on its way that its timestamp may have
// been too old when it came.
func (a *answer) mayHaveExpired() bool { return a.arrived.Sub(a.sent) > maxSkew }

// text returns a string member of the answer, or "".
func (a *answer) text(name string) string {
	if a == nil {
		return ""
	}
	return textOf(a.body, name)
}

func textOf(object map[string]any, name string) string {
	text, _ := object[name].(string)
	return text
}

// violations is a reporter for the answer to one request at a time.
type violations []contract.Violation

// Report keeps v if it is about more of the answer than its status, which has a check of its own.
func (all *violations) Report(v contract.Violation) {
	if v.Direction == contract.Response && v.Rule != contract.RuleStatus {
		*all = append(*all, v)
	}
}

// send sends an attempt, again after a 429, and once more after a 401 that may be due to a
// machine or a network that stood still.
func (p *probe) send(ctx context.Context, a attempt) (*answer, error) {
	again := false
	for tries := 1; ; tries++ {
		got, err := p.sendOnce(ctx, a)
		switch {
		case err != nil || tries == maxRateLimited:
			return got, err
		case got.is(http.StatusTooManyRequests):
			asked := protocol.RetryAfter(got.header.Get("Retry-After"), got.arrived)
			if err := protocol.Wait(ctx, min(cmp.Or(asked, rateLimitWait), maxRateLimitWait)); err != nil {
				return nil, err
			}
		case got.is(http.StatusUnauthorized) && got.mayHaveExpired() && !again:
			again = true
		default:
			return got, nil
		}
	}
}

func (p *probe) sendOnce(ctx context.Context, a attempt) (*answer, error) {
	sent := time.Now()
	r, err := p.request(ctx, a)
	if err != nil {
		return nil, err
	}
	p.found = nil
	response, err := p.client.Do(r)
	mayMakeKey := a.method == http.MethodPost && !neverLeft(err)
	p.keys.posted = p.keys.posted || mayMakeKey
	if err != nil {
		p.keys.lost = p.keys.lost || mayMakeKey
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	got := &answer{status: response.StatusCode, header: response.Header, violations: p.found, sent: sent, arrived: time.Now()}
	got.read(response.Body)
	if mayMakeKey {
		p.keys.remember(got)
	}
	return got, nil
}

func (a *answer) read(body io.Reader) {
	data, err := io.ReadAll(io.LimitReader(body, contract.MaxBodyBytes))
	a.complete = err == nil
	value, _ := decode(data)
	a.body, _ = value.(map[string]any)
}

// neverLeft reports whether err says that there was no connection to send a request on.
func neverLeft(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && (failed.Op == "dial" || failed.Op == "proxyconnect")
}

func (p *probe) request(ctx context.Context, a attempt) (*http.Request, error) {
	var body io.Reader
	if a.body != "" {
		body = bytes.NewReader([]byte(a.body))
	}
	r, err := http.NewRequestWithContext(ctx, a.method, p.base+a.path, body)
	if err != nil {
		return nil, err
	}
	if a.contentType != "" {
		r.Header.Set("Content-Type", a.contentType)
	}
	if a.as.signer == nil {
		a.as = p.self
	}
	if a.timestamp == nil {
		a.timestamp = protocol.Timestamp
	}
	timestamp := a.timestamp(time.Now().Add(p.clock + a.shift))
	signed, err := a.sign(r, timestamp)
	if err != nil {
		return nil, err
	}
	r.Header.Set(protocol.HeaderKey, a.as.keyID)
	r.Header.Set(protocol.HeaderTimestamp, timestamp)
	r.Header.Set(protocol.HeaderSignature, signed)
	if a.edit != nil {
		a.edit(r.Header)
	}
	return r, nil
}

func (a *attempt) sign(r *http.Request, timestamp string) (string, error) {
	path := protocol.Path(r.URL)
	if a.mistake == nil {
		return protocol.Sign(a.as.signer, timestamp, a.method, path)
	}
	signed, _, err := a.mistake.Sign(a.as.signer, explain.Request{
		KeyID: a.as.keyID, Timestamp: timestamp, Method: a.method,
		Host: r.URL.Host, Path: path, Query: r.URL.RawQuery, Body: a.body,
	})
	return signed, err
}
