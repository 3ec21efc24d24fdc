package contract_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// A verified is a sandbox behind a handler, as a target.
type verified struct {
	target contract.Target
	// what the sandbox itself says, whatever is wrapped around it
	inner contract.Target
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
	serve := func(handler http.Handler) contract.Target {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return contract.Target{
			BaseURL: server.URL + sandbox.BasePath, KeyID: key.ID,
			Signer: signerOf(t, key.PrivateKey.RevealPrivateKey()), HTTPClient: server.Client(),
		}
	}
	if wrap == nil {
		wrap = func(next http.Handler) http.Handler { return next }
	}
	return verified{target: serve(wrap(box)), inner: serve(box)}
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

func sharedSigner(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := sharedRSAKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
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

func (v verified) verify(ctx context.Context, opts ...contract.VerifyOption) (*contract.Report, error) {
	return contract.Verify(ctx, v.target, append([]contract.VerifyOption{
		contract.WithSettleTime(500 * time.Millisecond), contract.WithRateLimitWait(10 * time.Millisecond),
	}, opts...)...)
}

func (v verified) mustVerify(t *testing.T, opts ...contract.VerifyOption) *contract.Report {
	t.Helper()
	report, err := v.verify(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestTheSandboxPassesVerification(t *testing.T) {
	for name, v := range map[string]verified{
		"as it is":                     verifiedSandbox(t, nil),
		"with an FCM member":           verifiedSandbox(t, nil, sandbox.WithAccount(sandbox.DefaultAccount, sandbox.Account{FCMMember: true})),
		"with a lagging list":          verifiedSandbox(t, nil, sandbox.WithListDelay(100*time.Millisecond)),
		"with rate limits":             verifiedSandbox(t, limited(3)),
		"with its clock an hour ahead": verifiedSandbox(t, nil, sandbox.WithClock(func() time.Time { return time.Now().Add(time.Hour) })),
		"with its clock an hour late":  verifiedSandbox(t, nil, sandbox.WithClock(func() time.Time { return time.Now().Add(-time.Hour) })),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := v.mustVerify(t)
			if !report.Passed() || report.Count(contract.Breaking)+report.Count(contract.Minor) > 0 || len(report.Checks) < 250 {
				t.Errorf("%d checks:\n%s", len(report.Checks), report.Text())
			}
			// The others do not show their keys to a request of now.
			if hidden := strings.HasPrefix(name, "with a lagging") || strings.HasPrefix(name, "with its clock"); !hidden && v.keys(t) != 1 {
				t.Errorf("%d keys are left, wanted the first one only", v.keys(t))
			}
		})
	}
}

// TestASlowMachineDoesNotChangeTheVerdict runs Verify with its own settle time in a bubble, where
// time passes only while a request or an answer is held up.
func TestASlowMachineDoesNotChangeTheVerdict(t *testing.T) {
	for name, held := range map[string]heldUp{
		"every request is late": {request: func(int, string) time.Duration { return 8 * time.Second }},
		// Longer than keys may take to settle, and in that time the list lags only for a moment.
		"every list is late": {answer: func(_ int, method string) time.Duration {
			if method == http.MethodGet {
				return 12 * time.Second
			}
			return 0
		}},
		"the machine stands still now and then": {request: func(n int, _ string) time.Duration {
			if n%7 == 0 {
				return 20 * time.Second
			}
			return 0
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				box := sandbox.New(sandbox.WithRSAKeySource(sharedRSAKey), sandbox.WithListDelay(time.Second))
				key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
				if err != nil {
					t.Fatal(err)
				}
				held.box = box
				report, err := contract.Verify(t.Context(), contract.Target{
					BaseURL: "http://127.0.0.1" + sandbox.BasePath, KeyID: key.ID,
					Signer: signerOf(t, key.PrivateKey.RevealPrivateKey()), HTTPClient: &http.Client{Transport: &held},
				})
				if err != nil || !report.Passed() || len(report.Checks) < 250 {
					t.Errorf("%d checks, %v:\n%s", len(report.Checks), err, report.Text())
				}
			})
		})
	}
}

// heldUp is a transport to a sandbox without a network. Requests and answers are held up for as
// long as the functions say, which get the number and the method of the request.
type heldUp struct {
	box             *sandbox.Sandbox
	request, answer func(n int, method string) time.Duration
	count           int
}

func (h *heldUp) RoundTrip(sent *http.Request) (*http.Response, error) {
	h.count++
	if h.request != nil {
		passing(sent.Context(), h.request(h.count, sent.Method))
	}
	var body io.Reader
	if sent.Body != nil {
		body = sent.Body
	}
	received := httptest.NewRequestWithContext(sent.Context(), sent.Method, sent.URL.RequestURI(), body)
	received.Header = sent.Header
	recorded := httptest.NewRecorder()
	h.box.ServeHTTP(recorded, received)
	if h.answer != nil {
		passing(sent.Context(), h.answer(h.count, sent.Method))
	}
	return recorded.Result(), nil
}

// passing lets time pass in a bubble.
func passing(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// limited answers every nth request 429.
func limited(n int) middleware {
	return func(next http.Handler) http.Handler {
		var mu sync.Mutex
		count := 0
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			count++
			refuse := count%n == 0
			mu.Unlock()
			if refuse {
				answer(429, `{"error":"too many requests"}`)(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func TestAReadOnlyVerificationSendsNothingButGET(t *testing.T) {
	var mu sync.Mutex
	methods := map[string]int{}
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			methods[r.Method]++
			mu.Unlock()
			next.ServeHTTP(w, r)
		})
	})
	report := v.mustVerify(t, contract.ReadOnly())
	if !report.Passed() || !report.ReadOnly || len(report.Checks) < 20 {
		t.Errorf("%d checks:\n%s", len(report.Checks), report.Text())
	}
	if len(methods) != 1 || methods[http.MethodGet] < 20 {
		t.Errorf("got %v", methods)
	}
}

func TestAVerificationThatIsInterruptedCleansUp(t *testing.T) {
	v := verifiedSandbox(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	alive := 0
	report, err := v.verify(ctx, contract.WithProgress(func(check contract.Check) {
		if check.Operation == "createApiKey" && check.Status == 201 && alive == 0 {
			alive = v.keys(t)
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || report.Passed() || !strings.Contains(report.Text(), "was interrupted") {
		t.Errorf("got %v\n%s", err, report.Text())
	}
	if left := v.keys(t); alive != 2 || left != 1 {
		t.Errorf("%d keys were there when it was interrupted, %d are left", alive, left)
	}
}

func TestAKeyWhoseAnswerGotLostIsCleanedUp(t *testing.T) {
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		return rewrite(next, func(r *http.Request, made *made) {
			if r.URL.Path == sandbox.BasePath+"/api_keys/generate" && made.status == 201 {
				panic(http.ErrAbortHandler)
			}
		})
	})
	report := v.mustVerify(t)
	if last := report.Checks[len(report.Checks)-1]; last.Name != "cleaning up" || !last.Passed() {
		t.Errorf("the last check is %v", last)
	}
	if report.Passed() || v.keys(t) != 1 {
		t.Errorf("passed: %v, keys left: %d\n%s", report.Passed(), v.keys(t), report.Text())
	}
}

func TestAKeyWhoseAnswerGotLostIsCleanedUpThoughTheListLags(t *testing.T) {
	var created, deleted atomic.Int32
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		return rewrite(next, func(r *http.Request, made *made) {
			switch {
			case r.Method == http.MethodDelete && made.status == http.StatusNoContent:
				deleted.Add(1)
			case r.Method == http.MethodPost && made.status == http.StatusCreated:
				created.Add(1)
				if strings.HasSuffix(r.URL.Path, "/api_keys") {
					panic(http.ErrAbortHandler)
				}
			}
		})
	}, sandbox.WithListDelay(200*time.Millisecond))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := v.verify(ctx, contract.WithProgress(func(check contract.Check) {
		if check.Operation == "createApiKey" && check.Status == 0 {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || created.Load() < 10 || created.Load() != deleted.Load() {
		t.Errorf("%d keys were made and %d deleted: %v", created.Load(), deleted.Load(), err)
	}
}

// TestAKeyThatNobodyKnowsOfIsReportedAndKept is about servers that make a key for a request without
// a name: neither the answer nor the name tells whose it is.
func TestAKeyThatNobodyKnowsOfIsReportedAndKept(t *testing.T) {
	for name, change := range map[string]func(*made){
		"the answer is lost":          func(*made) { panic(http.ErrAbortHandler) },
		"the answer is 500":           func(made *made) { made.status, made.body = 500, nestedError },
		"the answer is cut":           func(made *made) { made.body = `{"api_key_id":"` },
		"the answer has no usable ID": func(made *made) { made.body = `{"api_key_id":"/"}` },
		"the answer is a refusal":     func(made *made) { made.status, made.body = 400, nestedError },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := verifiedSandbox(t, acceptingNoName(change))
			report := v.mustVerify(t)
			if report.Passed() || !finds(report, contract.Breaking, "cleaning up", "no answer told of it") {
				t.Errorf("got\n%s", report.Text())
			}
			if left := v.keys(t); left != 2 {
				t.Errorf("%d keys are left, wanted the first one and the one that nobody knows of", left)
			}
		})
	}
}

func TestAKeyThatNobodyKnowsOfIsReportedThoughTheListLags(t *testing.T) {
	var since atomic.Int64
	cut := acceptingNoName(func(made *made) {
		since.Store(time.Now().UnixMilli())
		made.body = `{"api_key_id":"`
	})
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		return rewrite(cut(next), func(r *http.Request, made *made) {
			if r.Method == http.MethodGet && made.status == 200 && time.Now().UnixMilli()-since.Load() < 300 {
				made.body = `{"api_keys":[]}`
			}
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report, err := v.verify(ctx, contract.WithProgress(func(check contract.Check) {
		if check.Operation == "generateApiKey" && check.Name == "an empty object" {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || !finds(report, contract.Breaking, "cleaning up", "no answer told of it") {
		t.Errorf("got %v\n%s", err, report.Text())
	}
}

func TestKeysAreNotReportedWhenItIsUnknownWhatWasThereBefore(t *testing.T) {
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		var once sync.Once
		return rewrite(next, func(_ *http.Request, made *made) {
			if made.status == http.StatusOK {
				made.body = listBody
				once.Do(func() { made.status, made.body = 500, nestedError })
			}
		})
	})
	report := v.mustVerify(t)
	if !finds(report, contract.Breaking, "the list", "answered 500") || strings.Contains(report.Text(), "no answer told of it") {
		t.Errorf("got\n%s", report.Text())
	}
}

// acceptingNoName makes a key for an empty request to generate, and changes the answer.
func acceptingNoName(change func(*made)) middleware {
	return func(next http.Handler) http.Handler {
		var once sync.Once
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			accept := false
			if strings.HasSuffix(r.URL.Path, "/generate") && string(body) == "{}" {
				once.Do(func() { accept = true })
			}
			if !accept {
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				next.ServeHTTP(w, r)
				return
			}
			named := r.Clone(r.Context())
			named.Body, named.ContentLength = io.NopCloser(strings.NewReader(`{"name":"elsewhere","key_type":"ed25519"}`)), -1
			rewrite(next, func(_ *http.Request, made *made) { change(made) }).ServeHTTP(w, named)
		})
	}
}

func TestAKeyThatCannotBeDeletedIsReported(t *testing.T) {
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				answer(500, nestedError)(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	text := v.mustVerify(t, contract.WithSettleTime(50*time.Millisecond)).Text()
	if !strings.Contains(text, "could not be deleted: delete it by hand") || strings.Contains(text, "no answer told of it") {
		t.Errorf("got\n%s", text)
	}
}

func TestKeysThatWereThereBeforeAreNeverDeleted(t *testing.T) {
	var mu sync.Mutex
	var deleted []string
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		return rewrite(next, func(r *http.Request, _ *made) {
			if r.Method == http.MethodDelete {
				mu.Lock()
				deleted = append(deleted, r.URL.Path)
				mu.Unlock()
			}
		})
	})
	// A server that claims to have made the caller's own key again.
	own := v.target.KeyID
	server := httptest.NewServer(rewrite(proxyTo(t, v.target), func(r *http.Request, made *made) {
		if r.Method == http.MethodPost && made.status == 201 {
			made.body = `{"api_key_id":"` + own + `"}`
		}
	}))
	defer server.Close()
	v.target.BaseURL = server.URL + sandbox.BasePath
	_ = v.mustVerify(t, contract.WithSettleTime(50*time.Millisecond))
	for _, path := range deleted {
		if strings.HasSuffix(path, own) {
			t.Fatal("the caller's own key was deleted")
		}
	}
	if v.keys(t) != 1 {
		t.Errorf("%d keys are left", v.keys(t))
	}
}

func TestTheReportShowsNoPrivateKeyAndNoSignature(t *testing.T) {
	var mu sync.Mutex
	var secrets []string
	keep := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		secrets = append(secrets, text)
	}
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		return rewrite(next, func(r *http.Request, made *made) {
			keep(r.Header.Get(protocol.HeaderSignature))
			var body struct {
				PrivateKey string `json:"private_key"`
			}
			if json.Unmarshal([]byte(made.body), &body) == nil && body.PrivateKey != "" {
				keep(strings.Split(body.PrivateKey, "\n")[1])
				// An answer that breaks the contract, so that there is something to tell.
				made.body = `{"api_key_id":` + quoted(body.PrivateKey) + `,"private_key":[` + quoted(body.PrivateKey) + `]}`
			}
		})
	})
	report := v.mustVerify(t, contract.WithSettleTime(50*time.Millisecond))
	if report.Passed() || len(secrets) < 100 {
		t.Fatalf("%d secrets, passed: %v", len(secrets), report.Passed())
	}
	asJSON, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	asXML, err := report.JUnit()
	if err != nil {
		t.Fatal(err)
	}
	shown := report.Text() + string(asJSON) + string(asXML)
	for _, secret := range secrets {
		if len(secret) > 12 && strings.Contains(shown, secret[:12]) {
			t.Fatalf("a secret is in the report:\n%s", shown)
		}
	}
}

func TestTheReportIsJSONAndJUnitXML(t *testing.T) {
	v := verifiedSandbox(t, func(next http.Handler) http.Handler {
		return rewrite(next, func(r *http.Request, made *made) {
			if r.Method == http.MethodDelete && made.status == 204 {
				made.status, made.body = 200, "{}"
			}
		})
	})
	report := v.mustVerify(t)
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var again contract.Report
	if err := json.Unmarshal(text, &again); err != nil || len(again.Checks) != len(report.Checks) || again.Passed() {
		t.Errorf("the JSON does not hold the report: %v", err)
	}
	junit, err := report.JUnit()
	if err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Cases    []struct {
				Failure *struct {
					Message string `xml:"message,attr"`
					Type    string `xml:"type,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(junit, &suites); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, each := range suites.Suite.Cases {
		if each.Failure != nil {
			failed++
			if each.Failure.Type != "breaking" || !strings.Contains(each.Failure.Message, "answered 200 OK, wanted 204") {
				t.Errorf("got %+v", each.Failure)
			}
		}
	}
	if suites.Suite.Tests != len(report.Checks) || suites.Suite.Failures != failed || failed == 0 {
		t.Errorf("%d tests and %d failures in the attributes, %d failures in the cases", suites.Suite.Tests, suites.Suite.Failures, failed)
	}
}

func TestATargetThatCannotBeVerifiedIsRefused(t *testing.T) {
	good := verifiedSandbox(t, nil).target
	for name, change := range map[string]func(*contract.Target){
		"no URL":             func(target *contract.Target) { target.BaseURL = "" },
		"a URL with a query": func(target *contract.Target) { target.BaseURL += "?a=b" },
		"plain http":         func(target *contract.Target) { target.BaseURL = "http://service.test/trade-api/v2" },
		"another scheme":     func(target *contract.Target) { target.BaseURL = "ftp://127.0.0.1" },
		"no key ID":          func(target *contract.Target) { target.KeyID = "" },
		"no signer":          func(target *contract.Target) { target.Signer = nil },
		// Nothing can listen on port 0, while another program may take one that was shut here.
		"a port that is shut": func(target *contract.Target) { target.BaseURL = "http://127.0.0.1:0" },
	} {
		t.Run(name, func(t *testing.T) {
			target := good
			change(&target)
			report, err := contract.Verify(t.Context(), target, contract.WithSettleTime(time.Millisecond))
			if !errors.Is(err, contract.ErrTarget) || report.Passed() {
				t.Errorf("got %v, passed: %v", err, report.Passed())
			}
		})
	}
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

// proxyTo passes requests on with the path they came with.
func proxyTo(t *testing.T, target contract.Target) http.Handler {
	t.Helper()
	host := strings.TrimSuffix(target.BaseURL, sandbox.BasePath)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := http.NewRequestWithContext(r.Context(), r.Method, host+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		sent.Header, sent.ContentLength = r.Header, r.ContentLength
		response, err := http.DefaultTransport.RoundTrip(sent)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		maps.Copy(w.Header(), response.Header)
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	})
}
