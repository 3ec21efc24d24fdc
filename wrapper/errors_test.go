package wrapper_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// recorded is one line of the error bodies that were recorded from the service.
type recorded struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Body        string `json:"body"`
	When        string `json:"when"`
}

func recordedErrors(t *testing.T) []recorded {
	t.Helper()
	text, err := os.ReadFile("../api/contract/testdata/recorded_errors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	for line := range strings.Lines(strings.TrimSpace(string(text))) {
		var one recorded
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func TestEveryRecordedErrorMapsToItsCauseCodeAndHint(t *testing.T) {
	type meaning struct {
		code, details, hint string
		kinds               []error
	}
	unauthenticated := func(code, details, hint string, kinds ...error) meaning {
		return meaning{code, details, hint, append(kinds, wrapper.ErrUnauthenticated)}
	}
	meanings := map[string]meaning{
		"no auth headers":                  unauthenticated("token_authentication_failure", "", "proxy"),
		"KALSHI-ACCESS-SIGNATURE missing":  unauthenticated("signature_is_missing_from_headers", "", "proxy"),
		"timestamp outside the window":     unauthenticated("header_timestamp_expired", "", "clock", wrapper.ErrClockSkew),
		"wrong signature":                  unauthenticated("authentication_error", "INCORRECT_API_KEY_SIGNATURE", "belongs to this key ID", wrapper.ErrBadSignature),
		"malformed key ID":                 unauthenticated("authentication_error", "INVALID_PARAMETER", "copy it again", wrapper.ErrMalformedKeyID),
		"wrong JSON type":                  {"bad_request", "json: cannot unmarshal number", "Correct the request", []error{wrapper.ErrInvalidRequest}},
		"POST without a body":              {"invalid_content_type", "", "Correct the request", []error{wrapper.ErrInvalidRequest}},
		"missing parameter":                {"", "", "Correct the request", []error{wrapper.ErrInvalidRequest}},
		"unknown resource":                 {"not_found", "", "base URL", []error{wrapper.ErrNotFound}},
		"rate limited":                     {"", "", "Too many requests", []error{wrapper.ErrRateLimited}},
		"maintenance":                      {"service_unavailable", "", "Try again later", []error{wrapper.ErrUnavailable}},
		"well-formed key ID that is unkno": unauthenticated("authentication_error", "NOT_FOUND", "another environment", wrapper.ErrUnknownKey),
	}
	for _, one := range recordedErrors(t) {
		t.Run(one.When, func(t *testing.T) {
			when, _, _ := strings.Cut(one.When, ",")
			want, ok := meanings[when[:min(len(when), 32)]]
			if !ok {
				t.Fatal("no meaning is written down for this body")
			}
			f := newFixture(t, answer(one.Status, one.Body, "Content-Type", one.ContentType))
			_, err := f.client(t).GetAPIKeys(t.Context())
			mustMatch(t, err, want.kinds...)
			failure := mustBeError(t, err)
			if failure.StatusCode != one.Status || failure.Code != want.code || !strings.HasPrefix(failure.Details, want.details) {
				t.Errorf("got status %d, code %q, details %q", failure.StatusCode, failure.Code, failure.Details)
			}
			if failure.Message == "" {
				t.Error("the service's text was lost")
			}
			if !strings.Contains(failure.Hint, want.hint) {
				t.Errorf("hint %q does not say %q", failure.Hint, want.hint)
			}
			if failure.Operation != "getApiKeys" || failure.Method != http.MethodGet || failure.Path != basePath+"/api_keys" {
				t.Errorf("the error is about %s %s %s", failure.Operation, failure.Method, failure.Path)
			}
			mustBeOnlyOneCause(t, err, want.kinds)
		})
	}
}

func mustBeOnlyOneCause(t *testing.T, err error, want []error) {
	t.Helper()
	for _, kind := range allKinds() {
		wanted := false
		for _, one := range want {
			wanted = wanted || errors.Is(one, kind)
		}
		if errors.Is(err, kind) != wanted {
			t.Errorf("errors.Is(err, %q) is %t", kind, !wanted)
		}
	}
}

func allKinds() []error {
	return []error{
		wrapper.ErrInvalidRequest, wrapper.ErrUnauthenticated, wrapper.ErrBadSignature, wrapper.ErrUnknownKey,
		wrapper.ErrMalformedKeyID, wrapper.ErrClockSkew, wrapper.ErrForbidden, wrapper.ErrNotFound, wrapper.ErrConflict,
		wrapper.ErrRateLimited, wrapper.ErrUnavailable, wrapper.ErrUnexpectedResponse, wrapper.ErrOutcomeUnknown, wrapper.ErrInsecure,
	}
}

func TestOddErrorBodiesMapByTheirStatus(t *testing.T) {
	html := "<html><body><h1>502 Bad Gateway</h1></body></html>"
	for _, row := range []struct {
		name    string
		step    http.HandlerFunc
		kind    error
		code    string
		details string
	}{
		{"HTML", answer(502, html, "Content-Type", "text/html"), wrapper.ErrUnavailable, "", ""},
		{"HTML for a 401", answer(401, html, "Content-Type", "text/html"), wrapper.ErrUnauthenticated, "", ""},
		{"plain text", answer(404, "404 page not found", "Content-Type", "text/plain"), wrapper.ErrNotFound, "", ""},
		{"an empty body", answer(403, ""), wrapper.ErrForbidden, "", ""},
		{"truncated JSON", answer(401, `{"error":{"code":"header_time`), wrapper.ErrUnauthenticated, "", ""},
		{"a body that ends early", halfBody(401, `{"error":{"code":"authentication_er`), wrapper.ErrUnauthenticated, "", ""},
		{"a whole error in a body that ends early", halfBody(401, `{"error":{"code":"authentication_error","details":"NOT_FOUND"}}`), wrapper.ErrUnknownKey, "authentication_error", "NOT_FOUND"},
		{"an error larger than any", answer(400, `{"code":"`+strings.Repeat("A", 70<<10)+`"}`), wrapper.ErrInvalidRequest, "", ""},
		{"a redirect to nowhere", answer(301, ``, "Location", "http://[::1"), wrapper.ErrUnexpectedResponse, "", ""},
		{"a list", answer(400, `["bad"]`), wrapper.ErrInvalidRequest, "", ""},
		{"a string", answer(400, `"bad"`), wrapper.ErrInvalidRequest, "", ""},
		{"null", answer(400, `null`), wrapper.ErrInvalidRequest, "", ""},
		{"a numeric code", answer(400, `{"code":7,"message":"x"}`), wrapper.ErrInvalidRequest, "7", ""},
		{"an error that is a list", answer(400, `{"error":["x"],"code":"c"}`), wrapper.ErrInvalidRequest, "c", ""},
		{"a null error", answer(400, `{"error":null,"code":"c"}`), wrapper.ErrInvalidRequest, "c", ""},
		{"details that are an object", answer(400, `{"code":"c","details":{"field": "name"}}`), wrapper.ErrInvalidRequest, "c", `{"field":"name"}`},
		{"details in the older form", answer(401, `{"error":{"code":"authentication_error","details":"rpc error: code = Unauthenticated desc = INCORRECT_API_KEY_SIGNATURE"}}`), wrapper.ErrBadSignature, "authentication_error", "rpc error: code = Unauthenticated desc = INCORRECT_API_KEY_SIGNATURE"},
		{"a code that carries data", answer(404, `{"error":{"code":"user_not_found:_0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"}}`), wrapper.ErrNotFound, "user_not_found:_0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11", ""},
		{"the flat form of a 401", answer(401, `{"code":"header_timestamp_expired","message":"x"}`), wrapper.ErrClockSkew, "header_timestamp_expired", ""},
		{"an undocumented 4xx", answer(418, `{"code":"teapot"}`), wrapper.ErrUnexpectedResponse, "teapot", ""},
		{"a redirect", answer(301, ``, "Location", "/trade-api/v2/api_keys"), wrapper.ErrUnexpectedResponse, "", ""},
		{"a success that is not the documented one", answer(202, emptyList), wrapper.ErrUnexpectedResponse, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, row.step)
			_, err := f.client(t, wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1})).GetAPIKeys(t.Context())
			mustMatch(t, err, row.kind)
			failure := mustBeError(t, err)
			if failure.Code != row.code || failure.Details != row.details {
				t.Errorf("code %q, details %q; want %q, %q", failure.Code, failure.Details, row.code, row.details)
			}
			if strings.Contains(err.Error(), "<html") {
				t.Errorf("the error quotes the page: %v", err)
			}
			if failure.Hint == "" {
				t.Error("there is no hint")
			}
		})
	}
}

func TestSuccessesWithAWrongBodyAreUnexpected(t *testing.T) {
	for name, step := range map[string]http.HandlerFunc{
		"HTML":                    answer(200, "<html>", "Content-Type", "text/html"),
		"JSON of another type":    answer(200, emptyList, "Content-Type", "text/plain"),
		"an empty body":           answer(200, ``),
		"truncated JSON":          answer(200, `{"api_keys":[`),
		"a wrong type":            answer(200, `{"api_keys":"none"}`),
		"a wrong type in a key":   answer(200, `{"api_keys":[{"api_key_id":7}]}`),
		"no list":                 answer(200, `{}`),
		"a list of another name":  answer(200, `{"keys":[{"api_key_id":"x","name":"x","scopes":[]}]}`),
		"a key without scopes":    answer(200, `{"api_keys":[{"api_key_id":"x","name":"x"}]}`),
		"a key without an ID":     answer(200, `{"api_keys":[{"name":"x","scopes":[]}]}`),
		"null":                    answer(200, `null`),
		"two values":              answer(200, emptyList+emptyList),
		"a body beyond the limit": answer(200, `{"api_keys":[],"x":"`+strings.Repeat("x", 2000)+`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, step)
			_, err := f.client(t, wrapper.WithMaxResponseBytes(1000)).GetAPIKeys(t.Context())
			mustMatch(t, err, wrapper.ErrUnexpectedResponse)
			failure := mustBeError(t, err)
			if failure.StatusCode != http.StatusOK || failure.Attempts != 1 || errors.Is(err, wrapper.ErrOutcomeUnknown) {
				t.Errorf("%v: status %d after %d attempts", err, failure.StatusCode, failure.Attempts)
			}
		})
	}
}

func TestABodyOfUnknownLengthIsCappedToo(t *testing.T) {
	f := newFixture(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for range 100 {
			_, _ = w.Write(bytes.Repeat([]byte(" "), 1000))
			_ = http.NewResponseController(w).Flush()
		}
	})
	_, err := f.client(t, wrapper.WithMaxResponseBytes(50_000)).GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrUnexpectedResponse)
	if !strings.Contains(err.Error(), "50000 bytes") {
		t.Errorf("%v does not name the limit", err)
	}
}

func TestALostAnswerToAPostIsOfUnknownOutcome(t *testing.T) {
	generated := `{"api_key_id":"` + otherKey + `","private_key":"` + canaryPEM + `"}`
	for name, step := range map[string]http.HandlerFunc{
		"500":                     answer(500, `{"error":{"code":"internal_server_error"}}`),
		"504":                     answer(504, ``),
		"a lost connection":       hangUp,
		"half a body":             halfBody(201, generated[:60]),
		"a body that is no JSON":  answer(201, `{"api_key_id"`),
		"a body without the key":  answer(201, `{"api_key_id":"`+otherKey+`"}`),
		"a key that is no string": answer(201, `{"api_key_id":"`+otherKey+`","private_key":{"pem":"`+canaryPEM+`"}}`),
		"another success":         answer(200, `{}`),
		"a failure with a key":    answer(500, generated),
		"a body beyond the limit": answer(201, `{"api_key_id":"`+strings.Repeat("x", 2000)+`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, step)
			_, err := f.client(t, wrapper.WithMaxResponseBytes(1000)).GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
			mustMatch(t, err, wrapper.ErrOutcomeUnknown)
			if got := len(f.seen()); got != 1 {
				t.Errorf("generate was sent %d times", got)
			}
			if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "list") {
				t.Errorf("hint %q does not say to list the keys", hint)
			}
			mustShowNoSecret(t, err)
		})
	}
}

// canaryPEM looks like a private key and is none; canaryKey looks like its body without armour.
const (
	canaryBody = "Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ"
	canaryPEM  = `-----BEGIN RSA PRIVATE ` + `KEY-----\nQ0FO\nQVJZ\n` + canaryBody + `\n-----END RSA PRIVATE ` + `KEY-----`
)

func TestNoErrorShowsKeyMaterialTheServiceEchoes(t *testing.T) {
	for _, text := range []string{canaryPEM, canaryBody, "your key " + canaryPEM[:50], strings.ReplaceAll(canaryPEM, `\n`, `\\n`)} {
		for _, body := range []string{
			`{"error":{"code":"` + text + `","message":"` + text + `","details":"` + text + `"}}`,
			`{"code":"c","details":{"private_key":"` + text + `"}}`,
			`{"msg":"` + text + `"}`, `{"error":"` + text + `"}`, text,
		} {
			for _, status := range []int{400, 401, 404, 500, 201} {
				f := newFixture(t, answer(status, body))
				_, err := f.client(t, wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1})).GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
				mustShowNoSecret(t, mustBeError(t, err))
			}
		}
	}
}

// Whatever breaks a key up, invisible or not, must not carry it past the scrubbing.
func TestABrokenUpKeyIsHiddenToo(t *testing.T) {
	body := strings.Repeat("MC4CAQAwBQYDK2VwQ0FOQVJZ", 4)
	for name, separator := range map[string]string{
		"NUL": `\u0000`, "carriage return": `\r`, "zero width space": "\u200b", "line break": `\n`, "escaped line break": `\\n`,
		"space": " ", "URL-encoded": "%2B", "escaped slash": `\\/`,
	} {
		t.Run(name, func(t *testing.T) {
			var broken []string
			for rest := body; rest != ""; rest = rest[min(32, len(rest)):] {
				broken = append(broken, rest[:min(32, len(rest))])
			}
			f := newFixture(t, answer(400, `{"code":"c","message":"key `+strings.Join(broken, separator)+` end"}`))
			_, err := f.client(t).GetAPIKeys(t.Context())
			if strings.Contains(err.Error(), "Q0FO") || !strings.Contains(err.Error(), "[REDACTED]") {
				t.Errorf("the key shows in %v", err)
			}
		})
	}
}

func TestWordsOfTheServiceAreNotTakenForKeys(t *testing.T) {
	const text = "insufficient_permissions unauthenticated_requests: user_not_found:_0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11 at 2026-11-22T20:00:00Z"
	f := newFixture(t, answer(400, `{"message":"`+text+`"}`))
	_, err := f.client(t).GetAPIKeys(t.Context())
	if got := mustBeError(t, err).Message; got != text {
		t.Errorf("the text became %q", got)
	}
}

func TestPathsInACauseAreNotTakenForKeys(t *testing.T) {
	for _, text := range []string{
		"the directory /var/lib/kalshi/keys cannot be opened",
		"permission /kalshi/production/signing is not granted",
	} {
		f := newFixture(t, answer(200, emptyList))
		transport, err := wrapper.NewTransport(failingSource{errors.New(text)}, f.options()...)
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL+basePath+"/x", nil)
		if _, err := transport.RoundTrip(req); !strings.Contains(err.Error(), text) {
			t.Errorf("%q became %v", text, err)
		}
	}
}

func mustShowNoSecret(t *testing.T, err error) {
	t.Helper()
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Error("failed", "err", err)
	slog.New(slog.NewTextHandler(&out, nil)).Error("failed", "err", err)
	asJSON, _ := json.Marshal(err)
	out.Write(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s"} {
		fmt.Fprintf(&out, verb, err)
	}
	for _, secret := range []string{canaryBody, "Q0FO", "QVJZ"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q shows in %s", secret, out.String())
		}
	}
}

func TestAnErrorReadsAsOneLineThatSaysWhatToDo(t *testing.T) {
	f := newFixture(t, answer(429, "{\"error\":\"too\\nmany\"}", "Retry-After", "60"))
	_, err := f.client(t).GetAPIKeys(t.Context())
	want := "kalshi: getApiKeys: rate limited [HTTP 429]: too many. Too many requests: wait 1m0s, then send fewer" +
		". This call did not wait: the 1m0s of Retry-After are beyond what Retry.MaxRetryAfter allows"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Error("failed", "err", err)
	for _, field := range []string{"err.operation=getApiKeys", "err.status=429", "err.attempts=1", "err.retry_after=1m0s", `err.error="kalshi: getApiKeys: rate limited`} {
		if !strings.Contains(out.String(), field) {
			t.Errorf("slog shows %s, without %s", out.String(), field)
		}
	}
	asJSON, _ := json.Marshal(err)
	for _, part := range []string{`"kinds":["rate limited"]`, `"status":429`, `"retry_after_seconds":60`, `"error":"kalshi: `} {
		if !strings.Contains(string(asJSON), part) {
			t.Errorf("JSON shows %s, without %s", asJSON, part)
		}
	}
}

func TestLongTextsOfTheServiceAreCut(t *testing.T) {
	f := newFixture(t, answer(400, `{"message":"`+strings.Repeat("é ", 5000)+`"}`))
	_, err := f.client(t).GetAPIKeys(t.Context())
	if length := len(err.Error()); length > 600 {
		t.Errorf("the error is %d bytes long", length)
	}
}

func TestTheGeneratedResponsesDoNotPrintTheirBody(t *testing.T) {
	f := newFixture(t, answer(201, `{"api_key_id":"`+otherKey+`","private_key":"`+canaryPEM+`"}`))
	response, err := f.client(t).API().GenerateAPIKeyWithResponse(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(response.JSON201.PrivateKey.RevealPrivateKey(), canaryBody) {
		t.Fatal("the private key did not arrive")
	}
	var out bytes.Buffer
	for _, value := range []any{response, *response, response.JSON201, *response.JSON201} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%d"} {
			fmt.Fprintf(&out, verb, value)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("made", "value", value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("made", "value", value)
	}
	decimal := strings.Trim(fmt.Sprintf("%d", []byte(canaryBody)), "[]")
	for _, form := range []string{canaryBody, fmt.Sprintf("%x", canaryBody), decimal} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the private key shows as %.20s…", form)
		}
	}
}
