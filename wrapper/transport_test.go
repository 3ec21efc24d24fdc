package wrapper_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestEveryAttemptCarriesAFreshTimestampAndAValidSignature(t *testing.T) {
	f := newFixture(t, answer(503, ``), answer(429, ``), answer(500, ``), answer(200, emptyList))
	if _, err := f.client(t).GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(f.seen()); got != 4 {
		t.Fatalf("%d requests, want 4", got)
	}
	f.mustBeSignedAfresh(t)
}

// switchingSource gives other credentials at each look.
type switchingSource struct {
	mu    sync.Mutex
	given int
	all   []*wrapper.Credentials
}

func (s *switchingSource) Credentials(context.Context) (*wrapper.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given++
	return s.all[min(s.given, len(s.all))-1], nil
}

func TestARotatedKeyTakesEffectWithTheNextAttempt(t *testing.T) {
	first, second := newCredentials(t, ownKeyID), newCredentials(t, otherKey)
	var keyIDs []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keyIDs = append(keyIDs, r.Header.Get(protocol.HeaderKey))
		key := map[string]*wrapper.Credentials{ownKeyID: first, otherKey: second}[r.Header.Get(protocol.HeaderKey)]
		if err := protocol.Verify(key.Signer().Public(), r.Header.Get(protocol.HeaderTimestamp), r.Method, r.URL.Path, r.Header.Get(protocol.HeaderSignature)); err != nil {
			t.Error(err)
		}
		answer(map[bool]int{true: 503, false: 200}[len(keyIDs) == 1], emptyList)(w, r)
	}))
	t.Cleanup(server.Close)
	client, err := wrapper.NewClient(&switchingSource{all: []*wrapper.Credentials{first, second}},
		wrapper.WithBaseURL(server.URL+basePath), wrapper.WithClock(newFakeClock()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(keyIDs, " "); got != ownKeyID+" "+otherKey {
		t.Errorf("signed with %s, want the first key and then the second", got)
	}
}

type failingSource struct{ err error }

func (s failingSource) Credentials(context.Context) (*wrapper.Credentials, error) { return nil, s.err }

type zeroSource struct{}

func (zeroSource) Credentials(context.Context) (*wrapper.Credentials, error) {
	return &wrapper.Credentials{}, nil
}

func TestASourceWithoutCredentialsNeverSendsAnonymously(t *testing.T) {
	locked := errors.New("the HSM is locked")
	for name, source := range map[string]wrapper.CredentialSource{
		"with an error":         failingSource{locked},
		"with nothing at all":   failingSource{nil},
		"with zero credentials": zeroSource{},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, answer(200, emptyList))
			client, err := wrapper.NewClient(source, f.options()...)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.GetAPIKeys(t.Context())
			failure := mustBeError(t, err)
			if failure.Attempts != 0 || len(f.seen()) != 0 {
				t.Errorf("%d attempts, %d requests; want none", failure.Attempts, len(f.seen()))
			}
			if name == "with an error" {
				mustMatch(t, err, locked)
			}
		})
	}
}

func TestTheCallersRequestIsNeverChanged(t *testing.T) {
	f := newFixture(t, answer(503, ``), answer(200, emptyList))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL+basePath+"/api_keys", nil)
	req.Header.Set("X-Trace", "1")
	before := fmt.Sprintf("%v %v", req.Header, req.URL)
	response, err := f.transport(t).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprintf("%v %v", req.Header, req.URL); after != before {
		t.Errorf("the request was %s and is now %s", before, after)
	}
	if got := response.Request; got.URL != req.URL || got.Header.Get("X-Trace") != "1" || got.Header.Get(protocol.HeaderSignature) != "" {
		t.Errorf("the response points to %v; it must show the caller's request, without the signature", got)
	}
}

func TestRequestsThatMustNotBeSignedAreRefused(t *testing.T) {
	f := newFixture(t, answer(200, ``))
	here := f.server.URL
	for _, row := range []struct {
		name, url string
		change    func(*http.Request)
		kind      error
	}{
		{name: "another host", url: "https://example.com" + basePath, kind: wrapper.ErrInsecure},
		{name: "another port", url: "http://127.0.0.1:1" + basePath, kind: wrapper.ErrInsecure},
		{name: "another scheme", url: strings.Replace(here, "http://", "https://", 1), kind: wrapper.ErrInsecure},
		{name: "a Host header of another host", url: here, kind: wrapper.ErrInsecure, change: func(r *http.Request) { r.Host = "example.com" }},
		{name: "a signature that is already there", url: here, kind: wrapper.ErrInvalidRequest, change: func(r *http.Request) { r.Header.Set(protocol.HeaderSignature, "c2ln") }},
		{name: "a key ID in a header of odd case", url: here, kind: wrapper.ErrInvalidRequest, change: func(r *http.Request) { r.Header["kalshi-ACCESS-key"] = []string{"x"} }},
		{name: "an opaque URL", url: here, kind: wrapper.ErrInvalidRequest, change: func(r *http.Request) { r.URL.Opaque = "//elsewhere/x" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, row.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if row.change != nil {
				row.change(req)
			}
			_, err = f.transport(t).RoundTrip(req)
			mustMatch(t, err, row.kind)
			if failure := mustBeError(t, err); failure.Attempts != 0 || len(f.seen()) != 0 {
				t.Errorf("%d attempts, %d requests; want none", failure.Attempts, len(f.seen()))
			}
		})
	}
}

func TestATransportFollowsNoRedirectForItsHTTPClient(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := newFixture(t, answer(status, ``, "Location", basePath+"/api_keys"), answer(200, emptyList))
		httpClient := &http.Client{Transport: f.transport(t)}
		_, err := httpClient.Post(f.server.URL+basePath+"/api_keys/", "application/json", strings.NewReader(`{}`))
		mustMatch(t, err, wrapper.ErrUnexpectedResponse)
		if !strings.Contains(err.Error(), "CheckRedirect") {
			t.Errorf("the error does not say what to do: %v", err)
		}
		if seen := len(f.seen()); seen != 1 {
			t.Errorf("after status %d, %d requests went out", status, seen)
		}
	}
}

func TestAPrintedResponseDoesNotShowItsBody(t *testing.T) {
	f := newFixture(t, answer(201, `{"api_key_id":"`+otherKey+`","private_key":"`+canaryPEM+`"}`))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.server.URL+basePath+"/api_keys/generate", nil)
	response, err := f.transport(t).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	inDecimal := strings.Trim(fmt.Sprintf("%d", []byte(canaryBody)), "[]")
	inHexadecimal := fmt.Sprintf("%x", canaryBody)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, shown := range []string{fmt.Sprintf(verb, response), fmt.Sprintf(verb, *response)} {
			for _, canary := range []string{canaryBody, inDecimal, inHexadecimal, strings.ToUpper(inHexadecimal)} {
				if strings.Contains(shown, canary) {
					t.Errorf("%s shows the private key", verb)
				}
			}
		}
	}
}

func TestInvalidOptionsAreRefused(t *testing.T) {
	credentials := newCredentials(t, ownKeyID)
	for _, row := range []struct {
		name   string
		option wrapper.Option
		kind   error
	}{
		{"plain http to another machine", wrapper.WithBaseURL("http://api.elections.kalshi.com/trade-api/v2"), wrapper.ErrInsecure},
		{"a base URL without a host", wrapper.WithBaseURL("/trade-api/v2"), nil},
		{"a base URL from a variable that is not set", wrapper.WithBaseURL(""), nil},
		{"a base URL without a scheme", wrapper.WithBaseURL("127.0.0.1:8080/trade-api/v2"), nil},
		{"a base URL of another scheme", wrapper.WithBaseURL("ftp://127.0.0.1"), nil},
		{"a base URL with a password", wrapper.WithBaseURL("https://u:p@127.0.0.1"), nil},
		{"a base URL with a query", wrapper.WithBaseURL("https://127.0.0.1/?a=b"), nil},
		{"a base URL that is no URL", wrapper.WithBaseURL("https://[::1"), nil},
		{"a negative number of attempts", wrapper.WithRetry(wrapper.Retry{MaxAttempts: -1}), nil},
		{"a negative attempt timeout", wrapper.WithRetry(wrapper.Retry{AttemptTimeout: -1}), nil},
		{"a negative Retry-After", wrapper.WithRetry(wrapper.Retry{MaxRetryAfter: -1}), nil},
		{"no response bytes", wrapper.WithMaxResponseBytes(0), nil},
		{"more response bytes than memory", wrapper.WithMaxResponseBytes(2 << 30), nil},
		{"a backoff that shrinks", wrapper.WithRetry(wrapper.Retry{FirstBackoff: 2 * time.Second, MaxBackoff: time.Second}), nil},
		{"a negative backoff", wrapper.WithRetry(wrapper.Retry{FirstBackoff: -1}), nil},
		{"a nil transport", wrapper.WithHTTPTransport(nil), nil},
		{"a nil clock", wrapper.WithClock(nil), nil},
		{"a nil option", nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := wrapper.NewClient(credentials, row.option)
			if err == nil || strings.Contains(err.Error(), "u:p") {
				t.Fatalf("got %v, want an error without the password", err)
			}
			if row.kind != nil {
				mustMatch(t, err, row.kind)
			}
			if _, err := wrapper.NewTransport(credentials, row.option); err == nil {
				t.Error("NewTransport accepts what NewClient refuses")
			}
		})
	}
	if _, err := wrapper.NewClient(nil); err == nil {
		t.Error("NewClient accepts a nil source")
	}
}

func TestTheBaseURLIsUsedAsItIsMeant(t *testing.T) {
	for _, suffix := range []string{"", "/", "//"} {
		f := newFixture(t, answer(200, emptyList))
		client, err := wrapper.NewClient(f.credentials, wrapper.WithBaseURL(" "+f.server.URL+basePath+suffix+" "))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.GetAPIKeys(t.Context()); err != nil {
			t.Errorf("base URL with %q at its end: %v", suffix, err)
		}
		if got := f.seen()[0].target; got != basePath+"/api_keys" {
			t.Errorf("asked for %s", got)
		}
	}
}

func TestABodyThatCannotBeReplayedIsSentOnce(t *testing.T) {
	f := newFixture(t, answer(429, rateLimitBody), answer(200, ``))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, f.server.URL+basePath+"/x", io.NopCloser(strings.NewReader("once")))
	response, err := f.transport(t).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusTooManyRequests || len(f.seen()) != 1 || f.seen()[0].body != "once" {
		t.Errorf("status %d after %d requests, want 429 after one with its body", response.StatusCode, len(f.seen()))
	}
}

func TestEachAttemptSendsTheWholeBody(t *testing.T) {
	f := newFixture(t, answer(429, rateLimitBody), answer(201, `{"api_key_id":"`+otherKey+`","private_key":"pem"}`))
	if _, err := f.client(t).GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"}); err != nil {
		t.Fatal(err)
	}
	for _, request := range f.seen() {
		if request.body != `{"name":"bot"}` {
			t.Errorf("sent %q", request.body)
		}
	}
}

type failingBody struct{ io.Reader }

func (failingBody) Close() error { return nil }

func TestABodyThatCannotBeMadeAgainIsNotSent(t *testing.T) {
	f := newFixture(t, answer(200, ``))
	gone := errors.New("the file is gone")
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.server.URL+basePath+"/x", failingBody{strings.NewReader("x")})
	req.GetBody = func() (io.ReadCloser, error) { return nil, gone }
	_, err := f.transport(t).RoundTrip(req)
	mustMatch(t, err, gone)
	if len(f.seen()) != 0 {
		t.Error("a request went out")
	}
}

func TestRetryAfter(t *testing.T) {
	clock := newFakeClock()
	inFiveSeconds := clock.now.Add(5 * time.Second).Format(http.TimeFormat)
	for _, row := range []struct {
		name, header string
		least, most  time.Duration
		requests     int
	}{
		{"in seconds is honoured", "7", 7 * time.Second, 7 * time.Second, 2},
		{"as a date is honoured", inFiveSeconds, 4 * time.Second, 5 * time.Second, 2},
		{"at the cap is honoured", "30", 30 * time.Second, 30 * time.Second, 2},
		{"beyond the cap returns at once", "31", 0, 0, 1},
		{"beyond any number returns at once", "99999999999999999999", 0, 0, 1},
		{"beyond a duration returns at once", "9999999999999", 0, 0, 1},
		{"in the past falls back to backoff", "Mon, 02 Jan 2006 15:04:05 GMT", 0, wrapper.DefaultRetry().FirstBackoff, 2},
		{"that is no number falls back to backoff", "soon", 0, wrapper.DefaultRetry().FirstBackoff, 2},
		{"that is negative falls back to backoff", "-3", 0, wrapper.DefaultRetry().FirstBackoff, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, answer(429, rateLimitBody, "Retry-After", row.header), answer(200, emptyList))
			_, err := f.client(t).GetAPIKeys(t.Context())
			if got := len(f.seen()); got != row.requests {
				t.Fatalf("%d requests, want %d", got, row.requests)
			}
			if row.requests == 1 {
				mustMatch(t, err, wrapper.ErrRateLimited)
				if failure := mustBeError(t, err); failure.RetryAfter < 31*time.Second {
					t.Errorf("RetryAfter is %s", failure.RetryAfter)
				}
				return
			}
			if wait := f.clock.waited()[0]; wait < row.least || wait > row.most {
				t.Errorf("waited %s, want %s to %s", wait, row.least, row.most)
			}
		})
	}
}

func TestBackoffGrowsWithFullJitterUpToItsCap(t *testing.T) {
	const ms = time.Millisecond
	bounds := []time.Duration{100 * ms, 200 * ms, 400 * ms, 400 * ms, 400 * ms}
	seen := map[time.Duration]bool{}
	for range 20 {
		f := newFixture(t, answer(503, ``))
		_, err := f.client(t, wrapper.WithRetry(wrapper.Retry{MaxAttempts: 6, FirstBackoff: 100 * ms, MaxBackoff: 400 * ms})).GetAPIKeys(t.Context())
		mustMatch(t, err, wrapper.ErrUnavailable)
		waits := f.clock.waited()
		if len(waits) != len(bounds) {
			t.Fatalf("waited %d times, want %d", len(waits), len(bounds))
		}
		for i, wait := range waits {
			if wait < 0 || wait > bounds[i]+1 {
				t.Errorf("wait %d is %s, over its bound of %s", i, wait, bounds[i])
			}
			seen[wait] = true
		}
	}
	if len(seen) < 90 {
		t.Errorf("100 waits had %d lengths: not jittered", len(seen))
	}
}

func TestAContextEndsAWaitAndTheErrorKeepsTheLastAnswer(t *testing.T) {
	f := newFixture(t, answer(429, rateLimitBody, "Retry-After", "30"))
	ctx, cancel := context.WithCancel(t.Context())
	clock := interruptingClock{wrapper.SystemClock(), cancel}
	_, err := f.client(t, wrapper.WithClock(clock)).GetAPIKeys(ctx)
	mustMatch(t, err, context.Canceled, wrapper.ErrRateLimited)
	if got := len(f.seen()); got != 1 {
		t.Errorf("%d requests, want 1: the wait went on after the context had ended", got)
	}
}

func TestAWaitAfterALostConnectionKeepsThatTheOutcomeIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newFixture(t, hangUp)
	err := f.client(t, wrapper.WithClock(endingClock{f.clock, cancel})).DeleteAPIKey(ctx, otherKey)
	mustMatch(t, err, context.Canceled, wrapper.ErrOutcomeUnknown, io.EOF)
	if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "list the keys") {
		t.Errorf("hint %q does not say to list the keys", hint)
	}
}

func TestThePortOfTheSchemeNeedNotBeWritten(t *testing.T) {
	for base, url := range map[string]string{
		"https://127.0.0.1/x":    "https://127.0.0.1:443/x",
		"https://127.0.0.1:443":  "https://127.0.0.1/x",
		"http://localhost":       "http://LOCALHOST:80/x",
		"http://localhost:80/v2": "http://localhost/x",
	} {
		reached := errors.New("reached")
		transport, err := wrapper.NewTransport(newCredentials(t, ownKeyID), wrapper.WithBaseURL(base),
			wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1}), wrapper.WithHTTPTransport(brokenTransport{reached}))
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequestWithContext(t.Context(), "", url, nil)
		_, err = transport.RoundTrip(req)
		mustMatch(t, err, reached)
	}
}

type brokenTransport struct{ err error }

func (b brokenTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, b.err }

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	f := newFixture(t, answer(200, emptyList))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.client(t).GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "bot"})
	mustMatch(t, err, context.Canceled)
	if errors.Is(err, wrapper.ErrOutcomeUnknown) || len(f.seen()) != 0 {
		t.Errorf("%v after %d requests: nothing was sent, so nothing is unknown", err, len(f.seen()))
	}
}

func TestAContextThatEndsWhileDiallingLeavesNothingUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newFixture(t, answer(200, ``))
	carrier := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	_, err := f.client(t, wrapper.WithHTTPTransport(carrier)).GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "bot"})
	mustMatch(t, err, context.Canceled)
	if errors.Is(err, wrapper.ErrOutcomeUnknown) {
		t.Errorf("%v: nothing was sent, so nothing is unknown", err)
	}
}

func TestAContextThatEndsDuringAPostLeavesTheOutcomeUnknown(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		cancel(errors.New("the operator stopped it"))
		stall(w, r)
	})
	_, err := f.client(t).GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "bot"})
	mustMatch(t, err, context.Canceled, wrapper.ErrOutcomeUnknown)
}

func TestAnUpgradedConnectionIsSignedAndPassedOn(t *testing.T) {
	f := newFixture(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = connection.Close() }()
		_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := buffer.ReadString('\n')
		_, _ = io.WriteString(connection, line)
	})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL+"/trade-api/ws/v2", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	response, err := f.transport(t).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	stream, ok := response.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("the body of a %d is a %T and cannot be written to", response.StatusCode, response.Body)
	}
	defer func() { _ = stream.Close() }()
	_, _ = io.WriteString(stream, "hello\n")
	if line, err := bufio.NewReader(stream).ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// plainTransport hides that http.Transport reports to httptrace, as other round trippers do.
type plainTransport struct{ next http.RoundTripper }

func (p plainTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return p.next.RoundTrip(req.WithContext(withoutTrace{req.Context()}))
}

type withoutTrace struct{ context.Context }

func (withoutTrace) Value(any) any { return nil }

func TestATransportThatDoesNotReportConnectionsIsNotTrustedToHaveSentNothing(t *testing.T) {
	f := newFixture(t, hangUp, answer(200, ``))
	err := f.roundTrip(t, http.MethodPost, "/portfolio/orders", wrapper.WithHTTPTransport(plainTransport{http.DefaultTransport}))
	mustMatch(t, err, wrapper.ErrOutcomeUnknown)
	if got := len(f.seen()); got != 1 {
		t.Errorf("a POST was sent %d times", got)
	}
}

// callingSource lists keys with the context it is given before it gives credentials, as a source
// that looks up the current key at the service would.
type callingSource struct {
	t     *testing.T
	inner *wrapper.Transport
	url   string
	creds *wrapper.Credentials
}

func (s callingSource) Credentials(ctx context.Context) (*wrapper.Credentials, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	return s.creds, response.Body.Close()
}

func TestASourceThatMakesCallsOfItsOwnDoesNotDisturbTheCall(t *testing.T) {
	inner := newFixture(t, answer(200, emptyList))
	outer := newFixture(t, answer(500, ``))
	source := callingSource{t, inner.transport(t), inner.server.URL + basePath + "/api_keys", outer.credentials}
	client, err := wrapper.NewClient(source, outer.options()...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
	mustMatch(t, err, wrapper.ErrOutcomeUnknown)
	failure := mustBeError(t, err)
	if got := len(outer.seen()); got != 1 || failure.Operation != "generateApiKey" || failure.Attempts != 1 {
		t.Errorf("%d requests; %v", got, failure)
	}
}

func TestANeverSentAttemptAfterOneOfUnknownOutcomeLeavesItUnknown(t *testing.T) {
	f := newFixture(t, answer(500, ``))
	source := &failsLater{credentials: f.credentials}
	client, err := wrapper.NewClient(source, f.options()...)
	if err != nil {
		t.Fatal(err)
	}
	err = client.DeleteAPIKey(t.Context(), otherKey)
	mustMatch(t, err, wrapper.ErrOutcomeUnknown, errVaultDown)
	if failure := mustBeError(t, err); failure.Attempts != 1 || strings.Contains(failure.Hint, "Nothing was sent") {
		t.Errorf("%d attempts, hint %q", failure.Attempts, failure.Hint)
	}
}

var errVaultDown = errors.New("the vault is down")

// failsLater gives credentials once.
type failsLater struct {
	credentials *wrapper.Credentials
	asked       int
}

func (s *failsLater) Credentials(context.Context) (*wrapper.Credentials, error) {
	s.asked++
	if s.asked > 1 {
		return nil, errVaultDown
	}
	return s.credentials, nil
}

func TestAPostWithAnIdempotencyKeyIsNotSentAgainBelowSigning(t *testing.T) {
	f := newFixture(t, answer(200, ``), hangUp, answer(200, ``))
	transport := f.transport(t)
	for i, method := range []string{http.MethodGet, http.MethodPost} {
		req, _ := http.NewRequestWithContext(t.Context(), method, f.server.URL+basePath+"/x", strings.NewReader("body"))
		req.Header.Set("Idempotency-Key", "1")
		_, err := transport.RoundTrip(req)
		if i == 1 {
			mustMatch(t, err, wrapper.ErrOutcomeUnknown)
		}
	}
	if got := len(f.seen()); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

// closingTransport counts the bodies that were closed.
type closingTransport struct{ closed *int }

func (c closingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		response.Body = &countedBody{response.Body, c.closed}
	}
	return response, err
}

type countedBody struct {
	io.ReadCloser

	closed *int
}

func (b *countedBody) Close() error {
	*b.closed++
	return b.ReadCloser.Close()
}

func TestEveryBodyOfTheCallersTransportIsClosed(t *testing.T) {
	f := newFixture(t, answer(503, ``), answer(200, emptyList))
	var closed int
	if _, err := f.client(t, wrapper.WithHTTPTransport(closingTransport{&closed})).GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if closed != 2 {
		t.Errorf("%d of 2 bodies were closed", closed)
	}
}

func TestHEADTellsTheLengthOfWhatItDoesNotSend(t *testing.T) {
	f := newFixture(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "20000000") })
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodHead, f.server.URL+basePath+"/x", nil)
	response, err := f.transport(t).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if response.ContentLength != 20_000_000 {
		t.Errorf("the length is %d", response.ContentLength)
	}
}

func TestSignRequestSignsForAnyGeneratedClient(t *testing.T) {
	f := newFixture(t, answer(200, emptyList))
	client, err := gen.NewClientWithResponses(f.server.URL+basePath, gen.WithRequestEditorFn(wrapper.SignRequest(f.credentials)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.GetAPIKeysWithResponse(t.Context(), &gen.GetAPIKeysParams{FCMSubtraderID: new("user_desk1")})
	if err != nil || response.StatusCode() != 200 {
		t.Fatalf("%v, %v", response, err)
	}
	if got := f.seen()[0].target; got != basePath+"/api_keys?fcm_subtrader_id=user_desk1" {
		t.Errorf("asked for %s", got)
	}
}

func TestSignRequestRefusesPlainHTTPAndAFailingSource(t *testing.T) {
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/trade-api/v2/api_keys", nil)
	mustMatch(t, wrapper.SignRequest(newCredentials(t, ownKeyID))(t.Context(), req), wrapper.ErrInsecure)
	if len(req.Header) != 0 {
		t.Errorf("headers were set: %v", req.Header)
	}
	locked := errors.New("the HSM is locked")
	secure, _ := http.NewRequestWithContext(t.Context(), "", "https://example.com/", nil)
	mustMatch(t, wrapper.SignRequest(failingSource{locked})(t.Context(), secure), locked)
	if err := wrapper.SignRequest(nil)(t.Context(), secure); err == nil {
		t.Error("a nil source signs")
	}
}

func TestOneClientServesManyCallers(t *testing.T) {
	f := newFixture(t, answer(200, emptyList))
	client := f.client(t)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for range 8 {
				if _, err := client.GetAPIKeys(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if got := len(f.seen()); got != 256 {
		t.Errorf("%d requests, want 256", got)
	}
}

func TestALaterWithRetryKeepsTheFieldsThatItLeavesZero(t *testing.T) {
	f := newFixture(t, answer(503, ``))
	twice := wrapper.WithRetry(wrapper.Retry{MaxAttempts: 2})
	_, err := f.client(t, twice, wrapper.WithRetry(wrapper.Retry{MaxRetryAfter: time.Second})).GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrUnavailable)
	if got := len(f.seen()); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}
