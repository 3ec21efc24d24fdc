package verify_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/api/verify"
)

// TestABrokenServerFailsVerificationAndIsNamed runs Verify against servers with one defect each.
func TestABrokenServerFailsVerificationAndIsNamed(t *testing.T) {
	replacing := func(method string, status int, from, to string) middleware {
		return changing(func(r *http.Request, made *made) {
			if r.Method == method && made.status == status {
				made.body = strings.ReplaceAll(made.body, from, to)
			}
		})
	}
	rows := map[string]struct {
		wrap     middleware
		options  []sandbox.Option
		severity verify.Severity
		check    string
		text     string
	}{
		"a list without scopes": {
			wrap:     replacing("GET", 200, `"scopes"`, `"rights"`),
			severity: verify.Breaking, check: "the list", text: "body /api_keys/0/scopes: rule required",
		},
		"generate answers 200": {
			wrap: changing(func(r *http.Request, made *made) {
				if strings.HasSuffix(r.URL.Path, "/generate") && made.status == 201 {
					made.status = 200
				}
			}),
			severity: verify.Breaking, check: "with a name only", text: "answered 200 OK, wanted 201",
		},
		"errors as HTML": {
			wrap: changing(func(_ *http.Request, made *made) {
				if made.status == 401 {
					made.header.Set("Content-Type", "text/html")
				}
			}),
			severity: verify.Minor, check: "no authentication header", text: "header Content-Type: rule content-type",
		},
		"errors of another shape": {
			wrap:     replacing("POST", 400, `{`, `[{`),
			severity: verify.Minor, check: "without name", text: "body: rule json",
		},
		"delete answers with a body": {
			wrap: changing(func(r *http.Request, made *made) {
				if r.Method == http.MethodDelete && made.status == 204 {
					made.status, made.body = 200, `{"deleted":true}`
				}
			}),
			severity: verify.Breaking, check: "a key made with a name only", text: "answered 200 OK, wanted 204",
		},
		"delete does not delete": {
			wrap: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodDelete {
						answer(204, "")(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			},
			severity: verify.Breaking, check: "with a name only: the deleted key is gone from the list", text: "still in the list",
		},
		"a trailing slash is served": {
			wrap: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/api_keys/") {
						answer(200, listBody)(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			},
			severity: verify.Minor, check: "a trailing slash on getApiKeys", text: "answered 200 OK, wanted 301",
		},
		"a redirect of the list": {
			wrap: changing(func(r *http.Request, made *made) {
				if r.Method == http.MethodGet && made.status == 200 {
					made.status = 307
					made.header.Set("Location", "/elsewhere")
				}
			}),
			severity: verify.Breaking, check: "the list", text: "answered 307 Temporary Redirect, wanted 200",
		},
		"nobody is refused": {
			wrap: func(next http.Handler) http.Handler {
				return rewrite(next, func(r *http.Request, made *made) {
					if r.Method == http.MethodGet && made.status == 401 {
						made.status, made.body = 200, listBody
					}
				})
			},
			severity: verify.Breaking, check: "a signature of another key", text: "what the contract forbids was accepted",
		},
		"old timestamps are accepted": {
			options:  []sandbox.Option{sandbox.WithChoices(sandbox.Choices{Behind: time.Hour, Ahead: time.Hour})},
			severity: verify.Breaking, check: "a timestamp ten minutes ago", text: "what the contract forbids was accepted",
		},
		"IDs that are no UUIDs": {
			wrap:     replacing("POST", 201, `"api_key_id":"`, `"api_key_id":"key_`),
			severity: verify.Breaking, check: "with a name only", text: "body /api_key_id: rule format",
		},
		"an Ed25519 key called RSA": {
			wrap:     replacing("POST", 201, "BEGIN PRIVATE", "BEGIN EC PRIVATE"),
			severity: verify.Breaking, check: `with key_type "ed25519"`, text: "body /private_key: rule key-form",
		},
		"no private key": {
			wrap:     replacing("POST", 201, `"private_key"`, `"secret"`),
			severity: verify.Breaking, check: "with a name only: the private key", text: "it is not one PEM block",
		},
		"a body is not looked at": {
			wrap: func(next http.Handler) http.Handler {
				return rewrite(next, func(r *http.Request, made *made) {
					if r.Method == http.MethodPost && made.status == 400 {
						made.status, made.body = 201, `{"api_key_id":"`+otherID+`"}`
					}
				})
			},
			severity: verify.Minor, check: "64 as subaccount", text: "what the contract forbids was accepted",
		},
		"create always fails": {
			wrap: changing(func(r *http.Request, made *made) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/api_keys") {
					made.status, made.body = 500, nestedError
				}
			}),
			severity: verify.Breaking, check: "with an RSA key", text: "answered 500 Internal Server Error, wanted 201",
		},
		"a duplicate key": {
			wrap:     replacing("GET", 200, `{"api_keys"`, `{"api_keys":[],"api_keys"`),
			severity: verify.Breaking, check: "the list", text: "body /api_keys: rule duplicate-key",
		},
		"bytes after the list": {
			wrap: changing(func(r *http.Request, made *made) {
				if r.Method == http.MethodGet && made.status == 200 {
					made.body += "null"
				}
			}),
			severity: verify.Breaking, check: "the list", text: "body: rule one-value",
		},
		"a new key does not work": {
			options:  []sandbox.Option{sandbox.WithChoices(sandbox.Choices{CreateDelay: time.Hour})},
			severity: verify.Breaking, check: "with a name only: the new key signs", text: "not answered 200 after",
		},
		"a deleted key still works": {
			options:  []sandbox.Option{sandbox.WithChoices(sandbox.Choices{DeleteDelay: time.Hour})},
			severity: verify.Breaking, check: "with a name only: the deleted key is refused", text: "not refused with 401",
		},
		"a new key is not listed": {
			options:  []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListDelay: time.Hour})},
			severity: verify.Breaking, check: "with a name only: the new key is in the list", text: "not in the list",
		},
		"a list that was late once gets no time for the next key": {
			options:  []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListDelay: time.Hour})},
			severity: verify.Breaking, check: `with key_type "rsa": the new key is in the list`, text: "not in the list after 0s",
		},
		"scopes that were not asked for": {
			wrap:     replacing("GET", 200, `"scopes":["read"]`, `"scopes":["read","write"]`),
			severity: verify.Breaking, check: `with scopes ["read"]: the new key is in the list`, text: "does not show exactly the scopes read",
		},
		"fewer scopes than full access": {
			wrap:     replacing("GET", 200, `"scopes":["read","write"]`, `"scopes":["read"]`),
			severity: verify.Breaking, check: `with key_type "rsa": the new key is in the list`, text: "does not show exactly the scopes read and write",
		},
		"a subaccount that is ignored": {
			wrap:     replacing("GET", 200, `"subaccount":63`, `"subaccount":null`),
			severity: verify.Breaking, check: "with subaccount 63: the new key is in the list", text: "not show the subaccount that was asked for",
		},
		"a subaccount that was not asked for": {
			wrap:     replacing("GET", 200, `"scopes":["read","write"]`, `"subaccount":0,"scopes":["read","write"]`),
			severity: verify.Breaking, check: "with an RSA key: the new key is in the list", text: "shows a subaccount that was not asked for",
		},
		"a subtrader that is ignored": {
			wrap:     replacing("GET", 200, `"fcm_subtrader_id":"`, `"fcm_subtrader_id":null,"was":"`),
			options:  []sandbox.Option{fcmMember()},
			severity: verify.Breaking, check: `with fcm_subtrader_id "` + exampleSubtrader + `": the new key is in the list`, text: "not show the fcm_subtrader_id that was asked for",
		},
		"a list of a subtrader that has all keys": {
			wrap:     withoutQuery,
			severity: verify.Breaking, check: "the list of a subtrader has its keys only", text: "not bound to it",
		},
		"a list of a subtrader that has all keys once it has one": {
			wrap: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					recorded := httptest.NewRecorder()
					if r.Method == http.MethodGet && r.URL.RawQuery != "" {
						next.ServeHTTP(recorded, r)
					}
					if strings.Contains(recorded.Body.String(), "_verify1") {
						withoutQuery(next).ServeHTTP(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			},
			options:  []sandbox.Option{fcmMember()},
			severity: verify.Breaking, check: `with fcm_subtrader_id "` + exampleSubtrader + `": the new key is in the subtrader's list`, text: "not bound to it",
		},
		"a list of a subtrader that is always empty": {
			wrap: changing(func(r *http.Request, made *made) {
				if r.URL.Query().Has("fcm_subtrader_id") && made.status == 200 {
					made.body = `{"api_keys":[]}`
				}
			}),
			options:  []sandbox.Option{fcmMember()},
			severity: verify.Breaking, check: `with fcm_subtrader_id "` + exampleSubtrader + `": the new key is in the subtrader's list`, text: "not in the list",
		},
		"every key listed twice": {
			wrap: changing(func(r *http.Request, made *made) {
				if r.Method == http.MethodGet && made.status == 200 {
					all := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(made.body), `{"api_keys":[`), "]}")
					made.body = `{"api_keys":[` + all + "," + all + "]}"
				}
			}),
			severity: verify.Breaking, check: "each key is listed once", text: "more than once",
		},
		"only new keys listed twice": {
			wrap: changing(func(r *http.Request, made *made) {
				start, rest, several := strings.Cut(made.body, "},{")
				if r.Method == http.MethodGet && made.status == 200 && several {
					made.body = start + "},{" + strings.TrimSuffix(strings.TrimSpace(rest), "]}") + ",{" + rest
				}
			}),
			severity: verify.Breaking, check: `with scopes ["write::trade"]: the new key is in the list`, text: "more than once",
		},
		"a gateway that answers for the service": {
			wrap:     func(http.Handler) http.Handler { return answerAs(503, "text/html", "<h1>maintenance</h1>") },
			severity: verify.Breaking, check: "the list", text: "so this is not verified",
		},
		"a rate limit without end": {
			wrap:     func(http.Handler) http.Handler { return answer(429, `{"error":"too many requests"}`) },
			severity: verify.Breaking, check: "the list", text: "so this is not verified",
		},
		"a Date that misleads": {
			wrap: changing(func(_ *http.Request, made *made) {
				made.header.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			}),
			severity: verify.Minor, check: "clocks", text: "timestamps of the local clock are accepted",
		},
	}
	for _, name := range fewNames(rows) {
		tt := rows[name]
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				t.Helper()
				report := guardedSandbox(t, tt.wrap, tt.options...).mustVerify(t)
				if report.Passed() {
					t.Error("passed")
				}
				if !finds(report, tt.severity, tt.check, tt.text) {
					t.Errorf("no %s deviation %q in %q:\n%s", tt.severity, tt.text, tt.check, report.Text())
				}
			})
		})
	}
}

func fcmMember() sandbox.Option {
	return sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {FCMMember: true}}})
}

// withoutQuery serves a request as if it had no query, which is not signed.
func withoutQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plain := r.Clone(r.Context())
		plain.URL.RawQuery, plain.RequestURI = "", r.URL.Path
		next.ServeHTTP(w, plain)
	})
}

func TestEveryMistakeThatTheSandboxCanNameIsTriedOrSaidNotToBe(t *testing.T) {
	tried, not := verify.TriedMistakes()
	for _, mistake := range explain.Mistakes() {
		if tried[mistake.Name] == (not[mistake.Name] != "") {
			t.Errorf("%s: tried %t, said not to be tried because %q", mistake.Name, tried[mistake.Name], not[mistake.Name])
		}
	}
}

// The contract says how the service answers what has no operation, and demands it of nobody.
func TestAnHonestServerMayRefuseWhatHasNoOperationInItsOwnWay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		v := guardedSandbox(t, changing(func(_ *http.Request, made *made) {
			switch {
			case made.status == http.StatusMovedPermanently:
				made.status, made.body = http.StatusNotFound, ""
			case made.status == http.StatusNotFound && made.header.Get("Content-Type") != "application/json":
				made.status = http.StatusMethodNotAllowed
			}
		}))
		report := v.mustVerify(t)
		if !report.Passed() {
			t.Errorf("an honest server fails:\n%s", report.Text())
		}
		for _, check := range []string{"PUT where the contract has none", "a trailing slash on getApiKeys"} {
			if !finds(report, verify.Note, check, "the contract leaves this to the server") {
				t.Errorf("%s is not noted:\n%s", check, report.Text())
			}
		}
	})
}

// accepting is a server that takes what a caller does wrong in one way.
func accepting(box *sandbox.Sandbox, mistake string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		box.ServeHTTP(recorded, r)
		exchanges := box.Exchanges()
		explained := exchanges[len(exchanges)-1].Explanation
		if recorded.Code == http.StatusUnauthorized && explained != nil && slices.Contains(explained.Mistakes, mistake) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(map[string]int{"GET": 200, "POST": 201, "DELETE": 204}[r.Method])
			return
		}
		maps.Copy(w.Header(), recorded.Header())
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	})
}

// The caller's own key is Ed25519 here, so that only the keys which verify makes can show what an RSA
// signature passes.
func TestAServerThatTakesOneMistakeIsCaught(t *testing.T) {
	rows := map[string]string{
		"other_key":           "the caller's ID with the signature of a live key",
		"signed_other_method": "another method was signed than was sent",
		"signed_no_method":    "the method was not signed",
		"signed_route":        "the path of another operation was signed",
		"pkcs1v15":            "RSA PKCS#1 v1.5 was used",
		"base64_url":          "the signature is URL-safe base64",
		"header_names":        "the headers have other names",
		"timestamp_seconds":   "a timestamp in seconds",
	}
	for _, name := range fewNames(rows) {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				t.Helper()
				v := verifiedSandbox(t, nil)
				box := v.inner.HTTPClient.Transport.(served).handler.(*sandbox.Sandbox)
				v.target.HTTPClient = &http.Client{Transport: served{accepting(box, name)}}
				report := v.mustVerify(t)
				if report.Passed() || !strings.Contains(report.Text(), rows[name]) {
					t.Errorf("%q was not found:\n%s", rows[name], report.Text())
				}
			})
		})
	}
}
