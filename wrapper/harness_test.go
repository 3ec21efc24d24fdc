package wrapper_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	basePath = "/trade-api/v2"
	ownKeyID = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"
	otherKey = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a12"
)

// newCredentials returns credentials with a fresh Ed25519 pair.
func newCredentials(t *testing.T, keyID string) *wrapper.Credentials {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := wrapper.NewSignerCredentials(keyID, private)
	if err != nil {
		t.Fatal(err)
	}
	return credentials
}

// fakeClock stands still but for its waits, which it records, and a tick at each look, so that
// no two timestamps are the same.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *fakeClock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.waits = append(c.waits, d)
	c.now = c.now.Add(d)
	return nil
}

func (c *fakeClock) waited() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.waits...)
}

// script answers the n-th request, counted from 1, with its n-th step, and any further request
// with its last.
type script struct {
	t      testing.TB
	public crypto.PublicKey
	steps  []http.HandlerFunc

	mu       sync.Mutex
	requests []seenRequest
}

type seenRequest struct {
	method, target, timestamp, signature, keyID, body string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	seen := seenRequest{
		method: r.Method, target: r.RequestURI, body: string(body),
		timestamp: r.Header.Get(protocol.HeaderTimestamp),
		signature: r.Header.Get(protocol.HeaderSignature),
		keyID:     r.Header.Get(protocol.HeaderKey),
	}
	path := r.URL.EscapedPath()
	if err := protocol.Verify(s.public, seen.timestamp, seen.method, path, seen.signature); err != nil {
		s.t.Errorf("%s %s: %v", seen.method, path, err)
	}
	s.mu.Lock()
	s.requests = append(s.requests, seen)
	step := s.steps[min(len(s.requests), len(s.steps))-1]
	s.mu.Unlock()
	step(w, r)
}

func (s *script) seen() []seenRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seenRequest(nil), s.requests...)
}

// fixture is a scripted server with credentials and a clock that fit it.
type fixture struct {
	*script

	server      *httptest.Server
	credentials *wrapper.Credentials
	clock       *fakeClock
}

func newFixture(t *testing.T, steps ...http.HandlerFunc) *fixture {
	t.Helper()
	credentials := newCredentials(t, ownKeyID)
	s := &script{t: t, public: credentials.Signer().Public(), steps: steps}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &fixture{script: s, server: server, credentials: credentials, clock: newFakeClock()}
}

func (f *fixture) options(more ...wrapper.Option) []wrapper.Option {
	return append([]wrapper.Option{
		wrapper.WithBaseURL(f.server.URL + basePath),
		wrapper.WithClock(f.clock),
		wrapper.WithRetry(wrapper.Retry{AttemptTimeout: patience}),
	}, more...)
}

// client returns a client whose every request is held against the contract. The scripted
// answers are not: most of them leave it on purpose.
func (f *fixture) client(t *testing.T, more ...wrapper.Option) *wrapper.Client {
	t.Helper()
	checked := contract.Transport(nil, contract.TB(t), contract.Allow(isResponse))
	options := append(f.options(wrapper.WithHTTPTransport(checked)), more...)
	client, err := wrapper.NewClient(f.credentials, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func isResponse(v contract.Violation) bool { return v.Direction == contract.Response }

func (f *fixture) transport(t *testing.T, more ...wrapper.Option) *wrapper.Transport {
	t.Helper()
	transport, err := wrapper.NewTransport(f.credentials, f.options(more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// answer returns a step with a JSON body; headers come in pairs.
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

// halfBody promises more bytes than it sends.
func halfBody(status int, half string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(2*len(half)))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, half)
	}
}

// stall answers nothing until the client goes away.
func stall(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
}

const (
	emptyList     = `{"api_keys":[]}`
	expiredBody   = `{"error":{"code":"header_timestamp_expired","message":"header timestamp expired"}}`
	rateLimitBody = `{"error": "too many requests"}`
	conflictBody  = `{"error":{"code":"conflict","message":"not yet visible"}}`
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }
