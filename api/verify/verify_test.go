package verify_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/verify"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// leastChecks is how many checks a whole verification makes at least.
const leastChecks = 250

func TestTheSandboxPassesVerification(t *testing.T) {
	// Longer than keys may take to settle, and in that time the list lags only for a moment.
	late := func(_ int64, method string) time.Duration {
		if method == http.MethodGet {
			return 12 * time.Second
		}
		return 0
	}
	nowAndThen := func(n int64, _ string) time.Duration {
		if n%7 == 0 {
			return 20 * time.Second
		}
		return 0
	}
	always := func(int64, string) time.Duration { return 8 * time.Second }
	clock := func(ahead time.Duration) sandbox.Option {
		return sandbox.WithClock(func() time.Time { return time.Now().Add(ahead) })
	}
	rows := map[string]struct {
		wrap    middleware
		options []sandbox.Option
		// whether a request of now does not show what the sandbox has
		hidden bool
		// whether the sandbox itself refuses all wrong signatures
		plain bool
	}{
		"as it is":                              {plain: true},
		"with an FCM member":                    {options: []sandbox.Option{fcmMember()}},
		"with a lagging list":                   {options: []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListDelay: 100 * time.Millisecond})}, hidden: true},
		"with rate limits":                      {wrap: limited(3)},
		"with its clock an hour ahead":          {options: []sandbox.Option{clock(time.Hour)}, hidden: true},
		"with its clock an hour late":           {options: []sandbox.Option{clock(-time.Hour)}, hidden: true},
		"every request is late":                 {wrap: held(always, nil), options: []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListDelay: time.Second})}, hidden: true},
		"every list is late":                    {wrap: held(nil, late), options: []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListDelay: time.Second})}, hidden: true},
		"the machine stands still now and then": {wrap: held(nowAndThen, nil), options: []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListDelay: time.Second})}, hidden: true},
	}
	for _, name := range fewNames(rows) {
		tt := rows[name]
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				t.Helper()
				start := guardedSandbox
				if tt.plain {
					start = verifiedSandbox
				}
				v := start(t, tt.wrap, tt.options...)
				report := v.mustVerify(t)
				if !report.Passed() || report.Count(verify.Breaking)+report.Count(verify.Minor) > 0 || len(report.Checks) < leastChecks {
					t.Errorf("%d checks:\n%s", len(report.Checks), report.Text())
				}
				if !tt.hidden && v.keys(t) != 1 {
					t.Errorf("%d keys are left, wanted the first one only", v.keys(t))
				}
			})
		})
	}
}

func TestASandboxOnTheNetworkPassesVerification(t *testing.T) {
	v := guardedSandbox(t, nil)
	server := httptest.NewServer(v.target.HTTPClient.Transport.(served).handler)
	defer server.Close()
	v.target.BaseURL, v.target.HTTPClient = server.URL+sandbox.BasePath, nil
	if report := v.mustVerify(t); !report.Passed() || len(report.Checks) < leastChecks {
		t.Errorf("%d checks:\n%s", len(report.Checks), report.Text())
	}
}

// held holds requests and answers up for as long as the functions say, which get the number and
// the method of the request.
func held(request, answer func(n int64, method string) time.Duration) middleware {
	var count atomic.Int64
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := count.Add(1)
			if request != nil {
				passing(r.Context(), request(n, r.Method))
			}
			next.ServeHTTP(w, r)
			if answer != nil {
				passing(r.Context(), answer(n, r.Method))
			}
		})
	}
}

// limited answers every nth request 429.
func limited(n int64) middleware {
	var count atomic.Int64
	return except(func(*http.Request) bool { return count.Add(1)%n == 0 }, answer(429, `{"error":"too many requests"}`))
}

func TestAReadOnlyVerificationSendsNothingButGET(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		methods := map[string]int{}
		v := guardedSandbox(t, changing(func(r *http.Request, _ *made) { methods[r.Method]++ }))
		report := v.mustVerify(t, verify.ReadOnly())
		if !report.Passed() || !report.ReadOnly || len(report.Checks) < 20 {
			t.Errorf("%d checks:\n%s", len(report.Checks), report.Text())
		}
		if len(methods) != 1 || methods[http.MethodGet] < 20 {
			t.Errorf("got %v", methods)
		}
	})
}

func TestAVerificationThatIsInterruptedCleansUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		v := guardedSandbox(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		alive := 0
		report, err := verify.Run(ctx, v.target, verify.WithProgress(func(check verify.Check) {
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
	})
}

func TestAKeyWhoseAnswerGotLostIsCleanedUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		v := guardedSandbox(t, changing(func(r *http.Request, made *made) {
			if strings.HasSuffix(r.URL.Path, "/api_keys/generate") && made.status == 201 {
				panic(http.ErrAbortHandler)
			}
		}))
		report := v.mustVerify(t)
		if last := report.Checks[len(report.Checks)-1]; last.Name != "cleaning up" || !last.Passed() {
			t.Errorf("the last check is %v", last)
		}
		if report.Passed() || v.keys(t) != 1 {
			t.Errorf("passed: %v, keys left: %d\n%s", report.Passed(), v.keys(t), report.Text())
		}
	})
}

func TestAKeyWhoseAnswerGotLostIsCleanedUpThoughTheListLags(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		created, deleted := 0, 0
		v := guardedSandbox(t, changing(func(r *http.Request, made *made) {
			switch {
			case r.Method == http.MethodDelete && made.status == http.StatusNoContent:
				deleted++
			case r.Method == http.MethodPost && made.status == http.StatusCreated:
				created++
				if strings.HasSuffix(r.URL.Path, "/api_keys") {
					panic(http.ErrAbortHandler)
				}
			}
		}), sandbox.WithChoices(sandbox.Choices{ListDelay: 200 * time.Millisecond}))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := verify.Run(ctx, v.target, verify.WithProgress(func(check verify.Check) {
			if check.Operation == "createApiKey" && check.Status == 0 {
				cancel()
			}
		}))
		if !errors.Is(err, context.Canceled) || created < 10 || created != deleted {
			t.Errorf("%d keys were made and %d deleted: %v", created, deleted, err)
		}
	})
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
			inBubble(t, func(t *testing.T) {
				t.Helper()
				v := guardedSandbox(t, acceptingNoName(change))
				report := v.mustVerify(t)
				if report.Passed() || !finds(report, verify.Breaking, "cleaning up", "no answer told of it") {
					t.Errorf("got\n%s", report.Text())
				}
				if left := v.keys(t); left != 2 {
					t.Errorf("%d keys are left, wanted the first one and the one that nobody knows of", left)
				}
			})
		})
	}
}

func TestAKeyThatNobodyKnowsOfIsReportedThoughTheListLags(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		var since time.Time
		cut := acceptingNoName(func(made *made) {
			since = time.Now()
			made.body = `{"api_key_id":"`
		})
		v := guardedSandbox(t, func(next http.Handler) http.Handler {
			return rewrite(cut(next), func(r *http.Request, made *made) {
				if r.Method == http.MethodGet && made.status == 200 && time.Since(since) < 300*time.Millisecond {
					made.body = `{"api_keys":[]}`
				}
			})
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		report, err := verify.Run(ctx, v.target, verify.WithProgress(func(check verify.Check) {
			if check.Operation == "generateApiKey" && check.Name == "an empty object" {
				cancel()
			}
		}))
		if !errors.Is(err, context.Canceled) || !finds(report, verify.Breaking, "cleaning up", "no answer told of it") {
			t.Errorf("got %v\n%s", err, report.Text())
		}
	})
}

func TestKeysAreNotReportedWhenItIsUnknownWhatWasThereBefore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		isFirst := true
		v := guardedSandbox(t, changing(func(_ *http.Request, made *made) {
			if made.status != http.StatusOK {
				return
			}
			made.body = listBody
			if isFirst {
				isFirst, made.status, made.body = false, 500, nestedError
			}
		}))
		report := v.mustVerify(t)
		if !finds(report, verify.Breaking, "the list", "answered 500") || strings.Contains(report.Text(), "no answer told of it") {
			t.Errorf("got\n%s", report.Text())
		}
	})
}

// acceptingNoName makes a key for the first empty request to generate, and changes the answer.
func acceptingNoName(change func(*made)) middleware {
	return func(next http.Handler) http.Handler {
		accepted := false
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if accepted || !strings.HasSuffix(r.URL.Path, "/generate") || string(body) != "{}" {
				next.ServeHTTP(w, r)
				return
			}
			accepted = true
			named := r.Clone(r.Context())
			named.Body, named.ContentLength = io.NopCloser(strings.NewReader(`{"name":"elsewhere","key_type":"ed25519"}`)), -1
			rewrite(next, func(_ *http.Request, made *made) { change(made) }).ServeHTTP(w, named)
		})
	}
}

func TestAKeyThatCannotBeDeletedIsReported(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		v := guardedSandbox(t, except(func(r *http.Request) bool { return r.Method == http.MethodDelete }, answer(500, nestedError)))
		text := v.mustVerify(t).Text()
		if !strings.Contains(text, "could not be deleted: delete it by hand") || strings.Contains(text, "no answer told of it") {
			t.Errorf("got\n%s", text)
		}
	})
}

func TestKeysThatWereThereBeforeAreNeverDeleted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		var own string
		// A server that claims to have made the caller's own key again.
		v := guardedSandbox(t, changing(func(r *http.Request, made *made) {
			if r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, own) {
				t.Error("the caller's own key was deleted")
			}
			if r.Method == http.MethodPost && made.status == 201 {
				made.body = `{"api_key_id":"` + own + `"}`
			}
		}))
		own = v.target.KeyID
		_ = v.mustVerify(t)
		if v.keys(t) != 1 {
			t.Errorf("%d keys are left", v.keys(t))
		}
	})
}

func TestTheReportShowsNoPrivateKeyAndNoSignature(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		var secrets []string
		v := guardedSandbox(t, changing(func(r *http.Request, made *made) {
			secrets = append(secrets, r.Header.Get(protocol.HeaderSignature))
			var body struct {
				PrivateKey string `json:"private_key"`
			}
			if json.Unmarshal([]byte(made.body), &body) == nil && body.PrivateKey != "" {
				secrets = append(secrets, strings.Split(body.PrivateKey, "\n")[1])
				// An answer that breaks the contract, so that there is something to tell.
				quoted, _ := json.Marshal(body.PrivateKey)
				made.body = `{"api_key_id":` + string(quoted) + `,"private_key":[` + string(quoted) + `]}`
			}
		}))
		report := v.mustVerify(t)
		if report.Passed() || len(secrets) < 100 {
			t.Fatalf("%d secrets, passed: %v", len(secrets), report.Passed())
		}
		wantNoneOf(t, secrets, report)
	})
}

// TestTheReportShowsNoPieceOfAKeyThatIsAnID is about a server that gives a piece of the private
// key as the ID, which then is in paths.
func TestTheReportShowsNoPieceOfAKeyThatIsAnID(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		var secrets []string
		v := guardedSandbox(t, changing(func(_ *http.Request, made *made) {
			var body struct {
				PrivateKey string `json:"private_key"`
			}
			if json.Unmarshal([]byte(made.body), &body) == nil && body.PrivateKey != "" {
				piece := strings.Map(func(char rune) rune {
					if strings.ContainsRune("+/=", char) {
						return -1
					}
					return char
				}, strings.Split(body.PrivateKey, "\n")[1])[:30]
				secrets = append(secrets, piece)
				made.body = `{"api_key_id":"` + piece + `","private_key":""}`
			}
		}))
		wantNoneOf(t, secrets, v.mustVerify(t))
	})
}

func wantNoneOf(t *testing.T, secrets []string, report *verify.Report) {
	t.Helper()
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
	if len(secrets) < 10 {
		t.Errorf("there were %d secrets only", len(secrets))
	}
}

func TestTheReportIsJSONAndJUnitXML(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		v := guardedSandbox(t, changing(func(r *http.Request, made *made) {
			if r.Method == http.MethodDelete && made.status == 204 {
				made.status, made.body = 200, "{}"
			}
		}))
		report := v.mustVerify(t)
		text, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		var again verify.Report
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
	})
}

// A listener on port 0 gets another one, so nothing can listen there.
const nobodyListens = "http://127.0.0.1:0/trade-api/v2"

func TestATargetThatCannotBeVerifiedIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*verify.Target)
		want   string
	}{
		"no URL":              {func(target *verify.Target) { target.BaseURL = "" }, "base URL: is empty"},
		"a URL with a query":  {func(target *verify.Target) { target.BaseURL += "?a=b" }, "base URL: must not have a query"},
		"plain http":          {func(target *verify.Target) { target.BaseURL = "http://service.test/trade-api/v2" }, "use https"},
		"another scheme":      {func(target *verify.Target) { target.BaseURL = "ftp://127.0.0.1" }, "base URL: it must be absolute"},
		"no key ID":           {func(target *verify.Target) { target.KeyID = "" }, "the ID of a key"},
		"no signer":           {func(target *verify.Target) { target.Signer = nil }, "the signer"},
		"nobody who answers":  {func(target *verify.Target) { target.BaseURL, target.HTTPClient = nobodyListens, nil }, "does not answer"},
		"a broken connection": {func(target *verify.Target) { target.HTTPClient = &http.Client{Transport: served{}} }, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				t.Helper()
				target := guardedSandbox(t, nil).target
				tt.change(&target)
				report, err := verify.Run(t.Context(), target)
				if err == nil || !strings.Contains(err.Error(), tt.want) || report.Passed() {
					t.Errorf("got %v, passed: %v", err, report.Passed())
				}
				// Where nothing can have been made, no key is said to be left.
				if text := report.Text(); strings.Contains(text, "may be left") || strings.Contains(text, "cleaning up") {
					t.Errorf("a key is said to be left that was never made:\n%s", text)
				}
			})
		})
	}
}
