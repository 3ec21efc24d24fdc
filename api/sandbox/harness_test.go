package sandbox_test

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	keysPath     = sandbox.BasePath + "/api_keys"
	generatePath = keysPath + "/generate"
	unknownID    = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"
)

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a sandbox behind a real listener, with one Ed25519 key to sign with.
type bench struct {
	box   *sandbox.Sandbox
	clock *clock
	url   string
	http  *http.Client
	key   signer
}

// signer signs as one API key.
type signer struct {
	id      string
	private crypto.Signer
}

func newBench(tb testing.TB, opts ...sandbox.Option) *bench {
	tb.Helper()
	clock := newClock()
	all := []sandbox.Option{sandbox.WithClock(clock.Now), sandbox.WithRSAKeySource(sharedRSAKey)}
	box := sandbox.New(append(all, opts...)...)
	server := httptest.NewServer(held(tb, box))
	tb.Cleanup(server.Close)
	client := &http.Client{
		Transport:     server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	b := &bench{box: box, clock: clock, url: server.URL, http: client}
	b.key = b.bootstrap(tb)
	return b
}

func (b *bench) bootstrap(tb testing.TB, opts ...sandbox.KeyOption) signer {
	tb.Helper()
	key, err := b.box.Bootstrap(append([]sandbox.KeyOption{sandbox.OfType(sandbox.Ed25519)}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return signer{key.ID, parsePrivateKey(tb, key.PrivateKey.RevealPrivateKey())}
}

// sharedRSAKey makes one RSA key for all tests.
var sharedRSAKey = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, sandbox.RSABits)
})

func parsePrivateKey(tb testing.TB, text string) crypto.Signer {
	tb.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		tb.Fatal("the private key is not PEM")
	}
	if block.Type == "RSA PRIVATE KEY" {
		private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			tb.Fatal(err)
		}
		return private
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return private.(crypto.Signer)
}

func publicPEM(tb testing.TB, public crypto.PublicKey) string {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// sent is a request of a test. The zero value of each field stands for what a correct client
// would send.
type sent struct {
	method, path, body string
	contentType        string
	as                 signer
	change             func(*http.Request)
	leavesContract     bool
}

type answer struct {
	status int
	header http.Header
	body   string
}

// send signs and sends a request; request and answer are held against the contract.
func (b *bench) send(tb testing.TB, s sent) answer {
	tb.Helper()
	request := b.newRequest(tb, s)
	response, err := b.http.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func (b *bench) newRequest(tb testing.TB, s sent) *http.Request {
	tb.Helper()
	method, path := cmp.Or(s.method, http.MethodGet), cmp.Or(s.path, keysPath)
	request, err := http.NewRequestWithContext(tb.Context(), method, b.url+path, strings.NewReader(s.body))
	if err != nil {
		tb.Fatal(err)
	}
	if s.body != "" {
		request.Header.Set("Content-Type", cmp.Or(s.contentType, "application/json"))
	}
	as := s.as
	if as.id == "" {
		as = b.key
	}
	sign(tb, request, as, protocol.Timestamp(b.clock.Now()))
	if s.change != nil {
		s.change(request)
	}
	if s.leavesContract {
		request.Header.Set(leavesContract, "yes")
	}
	return request
}

func sign(tb testing.TB, request *http.Request, as signer, timestamp string) {
	tb.Helper()
	encoded, err := protocol.Sign(as.private, timestamp, request.Method, protocol.Path(request.URL))
	if err != nil {
		tb.Fatal(err)
	}
	request.Header.Set(protocol.HeaderKey, as.id)
	request.Header.Set(protocol.HeaderTimestamp, timestamp)
	request.Header.Set(protocol.HeaderSignature, encoded)
}

func (a answer) mustBe(tb testing.TB, status int, body string) {
	tb.Helper()
	if a.status != status || strings.TrimSpace(a.body) != body {
		tb.Fatalf("got %d %s\nwant %d %s", a.status, a.body, status, body)
	}
}

func (a answer) mustHaveStatus(tb testing.TB, status int) {
	tb.Helper()
	if a.status != status {
		tb.Fatalf("got %d %s, want %d", a.status, a.body, status)
	}
}

// mustRefuseInput wants the recorded form of a 400 with these details.
func (a answer) mustRefuseInput(tb testing.TB, details string) {
	tb.Helper()
	var body map[string]string
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		tb.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	if a.status != 400 || body["code"] != "bad_request" || body["message"] != "bad request" {
		tb.Fatalf("got %d %s, want a 400 of the recorded form", a.status, a.body)
	}
	if !strings.Contains(body["details"], details) {
		tb.Fatalf("details are %q, want them to contain %q", body["details"], details)
	}
}

func (a answer) decode(tb testing.TB, into any) {
	tb.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		tb.Fatalf("%s: %v", a.body, err)
	}
}

func toJSON(tb testing.TB, value any) string {
	tb.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
