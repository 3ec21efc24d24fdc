package contract_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"kalshi.internal/apikeys/api/contract"
)

const (
	keyID   = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"
	otherID = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a12"

	listBody     = `{"api_keys":[{"api_key_id":"` + keyID + `","name":"bot","scopes":["read","write"]}]}`
	createdBody  = `{"api_key_id":"` + keyID + `"}`
	nestedError  = `{"error":{"code":"c","message":"m"}}`
	generateBody = `{"name":"bot"}`
)

// An exchange is what a test client sends and what a scripted server answers.
type exchange struct {
	method, path string
	header       http.Header
	body         string
	edit         func(*http.Request)
	answer       http.HandlerFunc
}

func signedHeader() http.Header {
	return http.Header{
		"Kalshi-Access-Key":       {keyID},
		"Kalshi-Access-Signature": {strings.Repeat("QUFB", 21) + "QQ=="},
		"Kalshi-Access-Timestamp": {"1780000000000"},
	}
}

func list() exchange {
	return exchange{method: "GET", path: "/api_keys", header: signedHeader(), answer: answer(200, listBody)}
}

func remove() exchange {
	return exchange{method: "DELETE", path: "/api_keys/" + otherID, header: signedHeader(), answer: answer(204, "")}
}

func generate() exchange {
	return post("/api_keys/generate", generateBody, answer(201, generatedBody("RSA PRIVATE KEY", "")))
}

func create() exchange {
	return post("/api_keys", createBody(""), answer(201, createdBody))
}

func post(path, body string, answer http.HandlerFunc) exchange {
	header := signedHeader()
	header.Set("Content-Type", "application/json")
	return exchange{method: "POST", path: path, header: header, body: body, answer: answer}
}

// createBody returns a legal request body with more members, such as `,"subaccount":3`.
func createBody(more string) string {
	return `{"name":"bot","public_key":` + quoted(publicKey) + more + `}`
}

// generatedBody returns an answer with armour of the type and nothing inside it.
func generatedBody(pemType, more string) string {
	armoured := string(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: []byte("nothing")}))
	return `{"api_key_id":"` + keyID + `","private_key":` + quoted(armoured) + more + `}`
}

var publicKey = newPublicKey()

func newPublicKey() string {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if body != "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		if body != "" {
			_, _ = io.WriteString(w, body)
		}
	}
}

func answerAs(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		// A nil entry keeps net/http from guessing a type.
		w.Header()["Content-Type"] = nil
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// raw answers with exactly these bytes and closes the connection.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = buffered.WriteString(text)
		_ = buffered.Flush()
		_ = conn.Close()
	}
}

func (e exchange) with(edit func(*http.Request)) exchange     { e.edit = edit; return e }
func (e exchange) sending(body string) exchange               { e.body = body; return e }
func (e exchange) to(method, path string) exchange            { e.method, e.path = method, path; return e }
func (e exchange) answering(answer http.HandlerFunc) exchange { e.answer = answer; return e }

// without and setting change a copy of the headers.
func (e exchange) without(names ...string) exchange {
	e.header = e.header.Clone()
	for _, name := range names {
		e.header.Del(name)
	}
	return e
}

func (e exchange) setting(name, value string) exchange {
	e.header = e.header.Clone()
	e.header.Set(name, value)
	return e
}

func (e exchange) request(t *testing.T, baseURL string) *http.Request {
	t.Helper()
	var body io.Reader
	if e.body != "" {
		body = strings.NewReader(e.body)
	}
	r, err := http.NewRequestWithContext(t.Context(), e.method, baseURL+"/trade-api/v2"+e.path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = e.header.Clone()
	if e.edit != nil {
		e.edit(r)
	}
	return r
}

// throughTransport runs the exchange with the client under test and returns what was reported.
func (e exchange) throughTransport(t *testing.T, opts ...contract.Option) *reports {
	t.Helper()
	server := httptest.NewServer(e.answer)
	defer server.Close()
	collector := &reports{}
	e.exchange(t, server.URL, contract.Transport(server.Client().Transport, collector, opts...))
	return collector
}

// reports keeps violations, and apart from them those that an option allows.
type reports struct {
	contract.Collector
	mu      sync.Mutex
	allowed []contract.Violation
}

func (r *reports) Report(v contract.Violation) {
	r.Collector.Report(v)
	r.mu.Lock()
	defer r.mu.Unlock()
	if v.Allowed {
		r.allowed = append(r.allowed, v)
	}
}

// throughHandler runs the exchange with the server under test and returns what was reported.
func (e exchange) throughHandler(t *testing.T) *reports {
	t.Helper()
	collector := &reports{}
	checked := contract.Handler(e.answer, collector)
	// A server does not wait for handlers that have taken their connection over.
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		checked.ServeHTTP(w, r)
	}))
	defer server.Close()
	e.exchange(t, server.URL, server.Client().Transport)
	<-done
	return collector
}

func (e exchange) exchange(t *testing.T, url string, transport http.RoundTripper) {
	t.Helper()
	response, err := transport.RoundTrip(e.request(t, url))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}
