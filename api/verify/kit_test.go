package verify_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/verify"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	otherID  = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a12"
	listBody = `{"api_keys":[{"api_key_id":"0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11","name":"bot","scopes":["read","write"]}]}`
	// exampleSubtrader is what verify asks for.
	exampleSubtrader = "00000000-0000-4000-8000-000000000000_verify1"
	nestedError      = `{"error":{"code":"c","message":"m"}}`
)

// inBubble runs a test without a network and in a bubble, where waiting takes no time.
func inBubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// fewNames are the names of the rows of a table, and in the race tier only three of them: each row
// starts the same goroutines.
func fewNames[T any](rows map[string]T) []string {
	names := slices.Sorted(maps.Keys(rows))
	if testing.Short() {
		return names[:3]
	}
	return names
}

// verified is a sandbox behind a handler, as a target.
type verified struct {
	target verify.Target
	// inner is the sandbox itself, whatever is wrapped around it.
	inner verify.Target
}

// sharedRSAKey saves making RSA keys, which takes most of a verification.
var sharedRSAKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

type middleware func(http.Handler) http.Handler

func verifiedSandbox(t *testing.T, wrap middleware, opts ...sandbox.Option) verified {
	t.Helper()
	box := sandbox.New(append([]sandbox.Option{sandbox.WithRSAKeySource(sharedRSAKey)}, opts...)...)
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	target := func(handler http.Handler) verify.Target {
		return verify.Target{
			BaseURL: "http://127.0.0.1" + sandbox.BasePath, KeyID: key.ID,
			Signer: signerOf(t, key.PrivateKey.RevealPrivateKey()), HTTPClient: &http.Client{Transport: served{handler}},
		}
	}
	if wrap == nil {
		wrap = func(next http.Handler) http.Handler { return next }
	}
	return verified{target: target(wrap(box)), inner: target(box)}
}

// guardedSandbox is a sandbox behind a guard that refuses wrong signatures of the target's key at
// once. The sandbox itself looks for the mistake in each, which takes most of a verification.
func guardedSandbox(t *testing.T, wrap middleware, opts ...sandbox.Option) verified {
	t.Helper()
	v := verifiedSandbox(t, nil, opts...)
	box := v.inner.HTTPClient.Transport.(served).handler
	isWrong := func(r *http.Request) bool {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		sent := r.Header.Get(protocol.HeaderSignature)
		return r.Header.Get(protocol.HeaderKey) == v.target.KeyID && sent != "" &&
			protocol.Verify(v.target.Signer.Public(), r.Header.Get(protocol.HeaderTimestamp), r.Method, path, sent) != nil
	}
	guarded := except(isWrong, answer(401, nestedError))(box)
	if wrap != nil {
		guarded = wrap(guarded)
	}
	v.target.HTTPClient = &http.Client{Transport: served{guarded}}
	return v
}

// served is a transport to a handler without a network.
type served struct{ handler http.Handler }

// RoundTrip returns an error if the handler panics, as net/http closes the connection then.
func (s served) RoundTrip(sent *http.Request) (got *http.Response, err error) {
	defer func() {
		if recover() != nil {
			got, err = nil, errors.New("the connection was closed")
		}
	}()
	var body io.Reader
	if sent.Body != nil {
		body = sent.Body
	}
	received := httptest.NewRequestWithContext(sent.Context(), sent.Method, sent.URL.RequestURI(), body)
	received.Header = sent.Header
	recorded := httptest.NewRecorder()
	s.handler.ServeHTTP(recorded, received)
	if err := sent.Context().Err(); err != nil {
		return nil, err
	}
	return recorded.Result(), nil
}

func signerOf(t *testing.T, text string) crypto.Signer {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Signer)
}

// keys returns how many keys the sandbox has.
func (v verified) keys(t *testing.T) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, v.inner.BaseURL+"/api_keys", nil)
	if err != nil {
		t.Fatal(err)
	}
	now := protocol.Timestamp(time.Now())
	signed, err := protocol.Sign(v.inner.Signer, now, r.Method, protocol.Path(r.URL))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(protocol.HeaderKey, v.inner.KeyID)
	r.Header.Set(protocol.HeaderTimestamp, now)
	r.Header.Set(protocol.HeaderSignature, signed)
	response, err := v.inner.HTTPClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var list struct {
		Keys []any `json:"api_keys"`
	}
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return len(list.Keys)
}

func (v verified) mustVerify(t *testing.T, opts ...verify.Option) *verify.Report {
	t.Helper()
	report, err := verify.Run(t.Context(), v.target, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// made is an answer of the sandbox that a test may change before it goes out.
type made struct {
	status int
	header http.Header
	body   string
}

func rewrite(next http.Handler, change func(*http.Request, *made)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		answer := &made{recorded.Code, recorded.Header(), recorded.Body.String()}
		change(r, answer)
		answer.header.Del("Content-Length")
		maps.Copy(w.Header(), answer.header)
		w.WriteHeader(answer.status)
		_, _ = io.WriteString(w, answer.body)
	})
}

func changing(change func(*http.Request, *made)) middleware {
	return func(next http.Handler) http.Handler { return rewrite(next, change) }
}

// except answers the requests that are chosen, and leaves the others to the sandbox.
func except(chosen func(*http.Request) bool, answer http.HandlerFunc) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if chosen(r) {
				answer(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func answer(status int, body string) http.HandlerFunc {
	return answerAs(status, "application/json", body)
}

func answerAs(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if body != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func finds(report *verify.Report, severity verify.Severity, name, text string) bool {
	for _, check := range report.Checks {
		for _, d := range check.Deviations {
			if check.Name == name && d.Severity == severity && strings.Contains(d.Text, text) {
				return true
			}
		}
	}
	return false
}

// passing lets time pass in a bubble.
func passing(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
