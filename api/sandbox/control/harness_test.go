package control_test

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/control"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	keysPath     = protocol.BasePath + protocol.KeysPath
	generatePath = protocol.BasePath + protocol.GeneratePath
	unknownID    = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"
)

// now is the time at which the sandbox's clock stands still.
func now() time.Time { return time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC) }

// bench is a sandbox with its control surface behind a real listener, and a key to sign with.
type bench struct {
	box     *sandbox.Sandbox
	url     string
	keyID   string
	private crypto.Signer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{box: sandbox.New(sandbox.WithContractCheck(), sandbox.WithClock(now)), private: private}
	key, err := b.box.Bootstrap(sandbox.FromPublicKey(b.publicPEM(t)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(control.Handler(b.box))
	t.Cleanup(server.Close)
	b.url, b.keyID = server.URL, key.ID
	return b
}

func (b *bench) publicPEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(b.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// sent is a request to the service. The zero value of each field stands for a list of the keys.
type sent struct {
	method, path, body string
	change             func(http.Header)
}

func (b *bench) send(t *testing.T, s sent) answer {
	t.Helper()
	method, path := cmp.Or(s.method, http.MethodGet), cmp.Or(s.path, keysPath)
	request := newRequest(t, method, b.url+path, s.body)
	timestamp := protocol.Timestamp(now())
	signed, err := protocol.Sign(b.private, timestamp, method, path)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(protocol.HeaderKey, b.keyID)
	request.Header.Set(protocol.HeaderTimestamp, timestamp)
	request.Header.Set(protocol.HeaderSignature, signed)
	if s.change != nil {
		s.change(request.Header)
	}
	return do(t, request)
}

// ask sends a request to the control surface.
func (b *bench) ask(t *testing.T, method, path, body string) answer {
	t.Helper()
	return do(t, newRequest(t, method, b.url+control.Path+path, body))
}

func (b *bench) setFaults(t *testing.T, faults ...sandbox.Fault) {
	t.Helper()
	if err := b.box.SetFaults(faults...); err != nil {
		t.Fatal(err)
	}
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return request
}

type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request. An answer that never came is the zero answer.
func do(t *testing.T, request *http.Request) answer {
	t.Helper()
	response, err := new(http.Transport).RoundTrip(request)
	if err != nil {
		return answer{}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func (a answer) mustBe(t *testing.T, status int, body string) {
	t.Helper()
	if a.status != status || strings.TrimSpace(a.body) != body {
		t.Fatalf("got %d %s\nwant %d %s", a.status, a.body, status, body)
	}
}

func (a answer) mustHaveStatus(t *testing.T, status int) {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d %s, want %d", a.status, a.body, status)
	}
}

func with(name, value string) func(http.Header) {
	return func(header http.Header) { header.Set(name, value) }
}

func anonymous(header http.Header) {
	for _, name := range []string{protocol.HeaderKey, protocol.HeaderTimestamp, protocol.HeaderSignature} {
		header.Del(name)
	}
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(value); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(text.String())
}
