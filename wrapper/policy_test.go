package wrapper_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

const (
	orderPath   = "/portfolio/orders"
	orderBody   = `{"ticker":"KX-26","client_order_id":"a-1","count":1}`
	batchBody   = `{"orders":[{"client_order_id":"a-1"}]}`
	namelessRow = `{"ticker":"KX-26","count":1}`
	existsBody  = `{"error":{"code":"order_already_exists","message":"order already exists"}}`
)

// fetch sends one request through a Transport and returns the answer with its body still unread.
func (f *fixture) fetch(ctx context.Context, t *testing.T, method, path, body string, more ...wrapper.Option) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, f.server.URL+basePath+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: f.transport(t, more...)}
	response, err := client.Do(req)
	if err == nil {
		t.Cleanup(func() { _ = response.Body.Close() })
	}
	return response, err
}

func info(t *testing.T, response *http.Response) wrapper.Info {
	t.Helper()
	known, ok := wrapper.CallInfo(response)
	if !ok {
		t.Fatal("nothing is known of the call")
	}
	return known
}

// Each row of the policy table in README.md: what is sent again after an answer whose outcome is unknown,
// and after one that had no effect.
func TestWhatIsSentAgainFollowsThePolicy(t *testing.T) {
	lost, full := answer(503, `{}`), answer(429, rateLimitBody)
	for _, row := range []struct {
		policy       wrapper.Resend
		method, path string
		body         string
		step         http.HandlerFunc
		want         int
	}{
		{"", "GET", orderPath, "", lost, 2},
		{"", "DELETE", orderPath + "/1", "", lost, 2},
		{"", "DELETE", orderPath + "/batched", batchBody, lost, 2},
		{"", "PUT", "/communications/quotes/1/accept", "{}", lost, 1},
		{"", "PATCH", orderPath, "{}", lost, 1},
		{"", "POST", orderPath, orderBody, lost, 1},
		{"", "POST", orderPath, orderBody, full, 2},
		{"", "PUT", "/communications/quotes/1/accept", "{}", full, 2},
		{wrapper.ByMethod, "POST", orderPath, orderBody, lost, 1},
		{wrapper.Idempotent, "POST", orderPath, namelessRow, lost, 2},
		{wrapper.Idempotent, "PUT", "/communications/quotes/1/confirm", "", lost, 2},
		{wrapper.Idempotent, "POST", "/api_keys", `{"name":"a"}`, lost, 1},
		{wrapper.Idempotent, "POST", "/api_keys/generate", `{"name":"a"}`, lost, 1},
		{wrapper.ByClientOrderID, "POST", orderPath, orderBody, lost, 2},
		{wrapper.ByClientOrderID, "POST", orderPath, namelessRow, lost, 1},
		{wrapper.ByClientOrderID, "POST", orderPath, `{"client_order_id":""}`, lost, 1},
		{wrapper.ByClientOrderID, "POST", orderPath, `{"client_order_id":7}`, lost, 1},
		{wrapper.ByClientOrderID, "POST", orderPath, orderBody + "x", lost, 1},
		{wrapper.ByClientOrderID, "POST", orderPath, `{"CLIENT_ORDER_ID":"a"}`, lost, 1},
		{wrapper.ByClientOrderID, "POST", orderPath + "/batched", batchBody, lost, 1},
		{wrapper.ByClientOrderID, "POST", orderPath + "/1/amend", orderBody, lost, 1},
		{wrapper.ByClientOrderID, "POST", "/portfolio/events/orders", orderBody, lost, 2},
		{wrapper.ByClientOrderID, "POST", "/api_keys/generate", `{"client_order_id":"a"}`, lost, 1},
		{wrapper.ByClientOrderID, "PUT", "/communications/quotes/1/accept", orderBody, lost, 1},
		{wrapper.ByClientOrderID, "GET", orderPath, "", lost, 2},
		{wrapper.NeverAgain, "GET", orderPath, "", lost, 1},
		{wrapper.NeverAgain, "DELETE", orderPath + "/1", "", lost, 1},
		{wrapper.NeverAgain, "GET", orderPath, "", full, 1},
		{wrapper.NeverAgain, "POST", orderPath, orderBody, full, 1},
		{wrapper.NeverAgain, "GET", orderPath, "", answer(401, expiredBody), 1},
		{wrapper.NeverAgain, "POST", "/api_keys", `{}`, answer(409, conflictBody), 1},
	} {
		status := map[bool]string{true: "no effect", false: "outcome unknown"}[row.want == 2]
		t.Run(string(row.policy)+" "+row.method+" "+row.path+" "+status, func(t *testing.T) {
			t.Parallel()
			for way, send := range map[string]func(f *fixture) (*http.Response, error){
				"by context": func(f *fixture) (*http.Response, error) {
					return f.fetch(wrapper.WithPolicy(t.Context(), wrapper.Retry{Resend: row.policy}), t, row.method, row.path, row.body)
				},
				"by request": func(f *fixture) (*http.Response, error) {
					return f.fetch(t.Context(), t, row.method, row.path, row.body, wrapper.WithPolicyFor(func(req *http.Request) wrapper.Retry {
						if req.Method != row.method {
							t.Errorf("asked for the policy of %s", req.Method)
						}
						return wrapper.Retry{Resend: row.policy}
					}))
				},
				"for all": func(f *fixture) (*http.Response, error) {
					return f.fetch(t.Context(), t, row.method, row.path, row.body, wrapper.WithRetry(wrapper.Retry{Resend: row.policy}))
				},
			} {
				f := newFixture(t, row.step, answer(200, `{}`))
				response, err := send(f)
				if err != nil {
					t.Fatal(err)
				}
				if got := len(f.seen()); got != row.want || info(t, response).Attempts != got {
					t.Errorf("%s: the server saw %d requests, want %d; %+v", way, got, row.want, info(t, response))
				}
				for _, seen := range f.seen() {
					if seen.body != row.body {
						t.Errorf("%s: the body %q went out", way, seen.body)
					}
				}
				f.mustBeSignedAfresh(t)
			}
		})
	}
}

// Every policy with every method, after every kind of answer. The second answer is a success, so the number of
// requests tells what was decided.
func TestEveryPolicyWithEveryMethodAfterEveryKindOfAnswer(t *testing.T) {
	methods := []string{"GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH"}
	steps := map[string]http.HandlerFunc{
		"503": answer(503, ``), "a lost connection": hangUp, "429": answer(429, rateLimitBody), "a refused timestamp": answer(401, expiredBody),
		"400": answer(400, `{}`), "409": answer(409, conflictBody),
	}
	repeats := func(policy wrapper.Resend, method, kind string) bool {
		switch kind {
		case "400", "409":
			return false
		case "a refused timestamp": // which the body says, and HEAD has none
			return policy != wrapper.NeverAgain && method != "HEAD"
		case "429":
			return policy != wrapper.NeverAgain
		}
		switch policy {
		case wrapper.NeverAgain:
			return false
		case wrapper.Idempotent:
			return true
		case wrapper.ByClientOrderID:
			return method != "PUT" && method != "PATCH"
		}
		return method != "POST" && method != "PUT" && method != "PATCH"
	}
	for _, policy := range []wrapper.Resend{"", wrapper.ByMethod, wrapper.Idempotent, wrapper.ByClientOrderID, wrapper.NeverAgain} {
		for _, method := range methods {
			for kind, step := range steps {
				t.Run(string(policy)+" "+method+" after "+kind, func(t *testing.T) {
					t.Parallel()
					f := newFixture(t, step, answer(200, ``))
					response, err := f.fetch(wrapper.WithPolicy(t.Context(), wrapper.Retry{Resend: policy}), t, method, orderPath, orderBody)
					want := 1
					if repeats(policy, method, kind) {
						want = 2
					}
					if got := len(f.seen()); got != want {
						t.Errorf("%d requests, want %d", got, want)
					}
					f.mustBeSignedAfresh(t)
					changes := method != "GET" && method != "HEAD" && method != "OPTIONS"
					unknown := changes && (kind == "503" || kind == "a lost connection")
					if err == nil {
						known := info(t, response)
						if known.EarlierOutcomeUnknown != (unknown && want == 2) || known.LastOutcomeUnknown != (unknown && want == 1) {
							t.Errorf("%+v", known)
						}
					} else if errors.Is(err, wrapper.ErrOutcomeUnknown) != unknown {
						t.Errorf("%v: the outcome must be unknown: %t", err, unknown)
					}
				})
			}
		}
	}
}

func TestWhatWasNeverSentIsTriedAgainUnderEveryPolicy(t *testing.T) {
	f := newFixture(t, answer(200, ``))
	dials := 0
	carrier := &http.Transport{}
	t.Cleanup(carrier.CloseIdleConnections)
	notYet := carrying(func(req *http.Request) (*http.Response, error) {
		if dials++; dials == 1 {
			return nil, errors.Join(errors.New("no route yet"), wrapper.ErrNotSent)
		}
		return carrier.RoundTrip(req)
	})
	response, err := f.fetch(wrapper.WithPolicy(t.Context(), wrapper.Retry{Resend: wrapper.NeverAgain}), t, "POST", orderPath, orderBody,
		wrapper.WithHTTPTransport(notYet))
	if err != nil {
		t.Fatal(err)
	}
	if got := info(t, response); got.Attempts != 2 || got.EarlierOutcomeUnknown || len(f.seen()) != 1 {
		t.Errorf("%+v with %d requests, want 2 attempts, 1 request and nothing unknown", got, len(f.seen()))
	}
}

type carrying func(*http.Request) (*http.Response, error)

func (c carrying) RoundTrip(req *http.Request) (*http.Response, error) { return c(req) }

// An order is not placed late without its caller's consent.
func TestAnOrderWaitsOnlyAsLongAsThePolicyAllows(t *testing.T) {
	full := answer(429, rateLimitBody, "Retry-After", "2")
	for name, row := range map[string]struct {
		method, path string
		step         http.HandlerFunc
		policy       wrapper.Retry
		option       wrapper.Option
		want         int
		reason       wrapper.Reason
	}{
		"an order does not":                           {"POST", orderPath, full, wrapper.Retry{}, nil, 1, wrapper.ReasonTooLate},
		"nor does a quote that is accepted":           {"PUT", "/communications/quotes/1/accept", full, wrapper.Retry{}, nil, 1, wrapper.ReasonTooLate},
		"an order waits 1 s":                          {"POST", orderPath, answer(429, rateLimitBody, "Retry-After", "1"), wrapper.Retry{}, nil, 2, wrapper.ReasonAnswered},
		"a cancel waits":                              {"DELETE", orderPath + "/1", full, wrapper.Retry{}, nil, 2, wrapper.ReasonAnswered},
		"a read waits":                                {"GET", orderPath, full, wrapper.Retry{}, nil, 2, wrapper.ReasonAnswered},
		"generate waits":                              {"POST", "/api_keys/generate", full, wrapper.Retry{}, nil, 2, wrapper.ReasonAnswered},
		"an order waits with a MaxRetryAfter":         {"POST", orderPath, full, wrapper.Retry{MaxRetryAfter: 5 * time.Second}, nil, 2, wrapper.ReasonAnswered},
		"an order waits with a MaxDelay":              {"POST", orderPath, full, wrapper.Retry{MaxDelay: 5 * time.Second}, nil, 2, wrapper.ReasonAnswered},
		"MaxDelay counts more than MaxRetryAfter":     {"POST", orderPath, full, wrapper.Retry{MaxRetryAfter: 5 * time.Second, MaxDelay: time.Second}, nil, 1, wrapper.ReasonTooLate},
		"a read does not with a MaxDelay":             {"GET", orderPath, full, wrapper.Retry{MaxDelay: time.Second}, nil, 1, wrapper.ReasonTooLate},
		"the transport's MaxRetryAfter is no consent": {"POST", orderPath, full, wrapper.Retry{}, wrapper.WithRetry(wrapper.Retry{MaxRetryAfter: time.Minute}), 1, wrapper.ReasonTooLate},
		"the transport's MaxDelay is":                 {"POST", orderPath, full, wrapper.Retry{}, wrapper.WithRetry(wrapper.Retry{MaxDelay: time.Minute}), 2, wrapper.ReasonAnswered},
		"Retry-After beyond the cap of the policy":    {"GET", orderPath, full, wrapper.Retry{MaxRetryAfter: time.Second}, nil, 1, wrapper.ReasonRetryAfter},
		"a single attempt":                            {"GET", orderPath, full, wrapper.Retry{MaxAttempts: 1}, nil, 1, wrapper.ReasonAttemptsUsedUp},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, row.step, answer(200, `{}`))
			options := slices.DeleteFunc([]wrapper.Option{row.option}, func(o wrapper.Option) bool { return o == nil })
			response, err := f.fetch(wrapper.WithPolicy(t.Context(), row.policy), t, row.method, row.path, `{}`, options...)
			if err != nil {
				t.Fatal(err)
			}
			if got := info(t, response); len(f.seen()) != row.want || got.Reason != row.reason {
				t.Errorf("%d requests and %+v, want %d and %q", len(f.seen()), got, row.want, row.reason)
			}
			if err := wrapper.ErrorFrom(response); row.reason == wrapper.ReasonTooLate && !strings.Contains(err.Error(), "Retry.MaxDelay (") {
				t.Errorf("the error does not say why the call did not wait: %v", err)
			}
		})
	}
}

// Three short waits may add up to more than one long.
func TestTheDelayIsCountedFromTheFirstAttempt(t *testing.T) {
	f := newFixture(t, answer(429, rateLimitBody, "Retry-After", "1"))
	response, err := f.fetch(t.Context(), t, "POST", orderPath, orderBody)
	if err != nil {
		t.Fatal(err)
	}
	if got := info(t, response); got.Attempts != 2 || got.Reason != wrapper.ReasonTooLate {
		t.Errorf("%+v, want 2 attempts in 2 s", got)
	}
}

func TestThePoliciesOfContextRequestAndTransportAddUp(t *testing.T) {
	f := newFixture(t, answer(503, `{}`))
	ctx := wrapper.WithPolicy(t.Context(), wrapper.Retry{MaxAttempts: 2, Resend: wrapper.NeverAgain})
	ctx = wrapper.WithPolicy(ctx, wrapper.Retry{Resend: wrapper.Idempotent})
	response, err := f.fetch(ctx, t, "POST", orderPath, orderBody,
		wrapper.WithPolicyFor(func(*http.Request) wrapper.Retry { return wrapper.Retry{MaxAttempts: 9, FirstBackoff: time.Nanosecond} }),
		wrapper.WithRetry(wrapper.Retry{MaxAttempts: 7, FirstBackoff: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	if got := info(t, response); got.Attempts != 2 || f.clock.waited()[0] > time.Nanosecond {
		t.Errorf("%+v after %v, want 2 attempts by the outer context and a wait of at most 1 ns by the request", got, f.clock.waited())
	}
}

func TestAnInvalidPolicyIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for name, policy := range map[string]wrapper.Retry{
		"negative attempts":          {MaxAttempts: -1},
		"a negative delay":           {MaxDelay: -1},
		"a word of the caller's own": {Resend: "always"},
		"backoffs that shrink":       {FirstBackoff: time.Hour},
	} {
		f := newFixture(t, answer(200, ``))
		_, err := f.fetch(wrapper.WithPolicy(t.Context(), policy), t, "GET", orderPath, "")
		mustMatch(t, err, wrapper.ErrInvalidRequest, wrapper.ErrNotSent)
		if len(f.seen()) != 0 {
			t.Errorf("%s: a request went out", name)
		}
		if _, err := wrapper.NewTransport(f.credentials, f.options(wrapper.WithRetry(policy))...); err == nil {
			t.Errorf("%s: WithRetry takes it", name)
		}
	}
}

func TestAnOrderThatIsThereIsNotABareConflict(t *testing.T) {
	for name, row := range map[string]struct {
		steps  []http.HandlerFunc
		exists bool
	}{
		"after a lost answer":       {[]http.HandlerFunc{hangUp, answer(409, existsBody)}, true},
		"after a 503":               {[]http.HandlerFunc{answer(503, ``), answer(409, existsBody)}, true},
		"after a half body":         {[]http.HandlerFunc{halfBody(201, `{"ord`), answer(409, existsBody)}, true},
		"after a 429 alone":         {[]http.HandlerFunc{answer(429, rateLimitBody), answer(409, existsBody)}, false},
		"at the first attempt":      {[]http.HandlerFunc{answer(409, existsBody)}, false},
		"another conflict":          {[]http.HandlerFunc{hangUp, answer(409, conflictBody)}, false},
		"the code of another layer": {[]http.HandlerFunc{hangUp, answer(400, existsBody)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, row.steps...)
			response, err := f.fetch(wrapper.WithPolicy(t.Context(), wrapper.Retry{Resend: wrapper.ByClientOrderID}), t, "POST", orderPath, orderBody)
			if err != nil {
				t.Fatal(err)
			}
			err = wrapper.ErrorFrom(response)
			if info(t, response).AlreadyExists != row.exists || errors.Is(err, wrapper.ErrAlreadyExists) != row.exists {
				t.Errorf("%+v, %v: want AlreadyExists %t", info(t, response), err, row.exists)
			}
			if row.exists && (errors.Is(err, wrapper.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "place no other")) {
				t.Errorf("%v: the outcome is known, and the hint must say so", err)
			}
		})
	}
}

// What the transport knows reaches the caller although the answer looks plain.
func TestAnAnswerTellsWhatTheTransportKnows(t *testing.T) {
	for name, row := range map[string]struct {
		method, path string
		steps        []http.HandlerFunc
		earlier      bool
		last         bool
		kinds        []error
		hint         string
	}{
		"a POST answered 503": {
			"POST", orderPath, []http.HandlerFunc{answer(503, ``)}, false, true,
			[]error{wrapper.ErrUnavailable, wrapper.ErrOutcomeUnknown}, "look before you repeat it",
		},
		"a DELETE cut, then 404": {
			"DELETE", orderPath + "/1", []http.HandlerFunc{hangUp, answer(404, `{"error":{"code":"not_found"}}`)}, true, false,
			[]error{wrapper.ErrNotFound, wrapper.ErrOutcomeUnknown}, "An earlier attempt of this call may have taken effect",
		},
		"a DELETE answered 503, then 200": {"DELETE", orderPath + "/1", []http.HandlerFunc{answer(503, ``), answer(200, `{}`)}, true, false, nil, ""},
		"a GET answered 503 to the end": {
			"GET", orderPath, []http.HandlerFunc{answer(503, ``)}, false, false, []error{wrapper.ErrUnavailable}, "nothing was changed",
		},
		"a POST redirected by 303": {
			"POST", orderPath, []http.HandlerFunc{answer(303, ``)}, false, true,
			[]error{wrapper.ErrUnexpectedResponse, wrapper.ErrOutcomeUnknown}, "look before you repeat it",
		},
		"a POST refused": {
			"POST", orderPath, []http.HandlerFunc{answer(400, `{"code":"bad_request","details":"count"}`)}, false, false,
			[]error{wrapper.ErrInvalidRequest}, "Correct the request",
		},
		"another key's signature": {
			"GET", orderPath, []http.HandlerFunc{answer(401, `{"error":{"code":"authentication_error","details":"INCORRECT_API_KEY_SIGNATURE"}}`)}, false, false,
			[]error{wrapper.ErrBadSignature, wrapper.ErrUnauthenticated}, "The signature is good for this private key and path",
		},
		"a conflict of its own": {
			"POST", orderPath, []http.HandlerFunc{answer(409, conflictBody)}, false, false, []error{wrapper.ErrConflict}, "there already or in another state",
		},
		"nothing by this ID": {"GET", orderPath + "/1", []http.HandlerFunc{answer(404, `{"error":{"code":"not_found"}}`)}, false, false, []error{wrapper.ErrNotFound}, "the IDs in it"},
		"a key that is deleted, then 404": {
			"DELETE", "/api_keys/" + otherKey, []http.HandlerFunc{hangUp, answer(404, `{"error":{"code":"not_found"}}`)}, true, false, nil, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, row.steps...)
			req, err := http.NewRequestWithContext(t.Context(), row.method, f.server.URL+basePath+row.path, strings.NewReader(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			// The Timeout of an http.Client wraps the body, and must not hide what is known.
			client := &http.Client{Transport: f.transport(t), Timeout: time.Hour, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			response, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got := info(t, response)
			if got.EarlierOutcomeUnknown != row.earlier || got.LastOutcomeUnknown != row.last {
				t.Errorf("earlier %t and last %t are unknown, want %t and %t", got.EarlierOutcomeUnknown, got.LastOutcomeUnknown, row.earlier, row.last)
			}
			first := wrapper.ErrorFrom(response)
			body, err := io.ReadAll(response.Body)
			if err != nil || len(body) == 0 && row.kinds != nil && row.hint == "Correct the request" {
				t.Errorf("the body was consumed: %q, %v", body, err)
			}
			_ = response.Body.Close()
			err = wrapper.ErrorFrom(response)
			mustMatch(t, err, row.kinds...)
			if (first == nil) != (err == nil) || first != nil && first.Error() != err.Error() {
				t.Errorf("before reading %v, and after it %v", first, err)
			}
			if err != nil && !strings.Contains(mustBeError(t, err).Hint, row.hint) {
				t.Errorf("the hint is %q, want %q", mustBeError(t, err).Hint, row.hint)
			}
		})
	}
}

func TestAnAnswerOfAnotherClientIsAnErrorToo(t *testing.T) {
	const body = `{"error":{"code":"authentication_error","details":"INCORRECT_API_KEY_SIGNATURE"}}`
	f := newFixture(t, answer(401, body), answer(200, `{}`), answer(503, strings.Repeat("x", 1<<17)))
	send := func(method string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, f.server.URL+basePath+orderPath, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if err := wrapper.SignRequest(f.credentials)(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		response, err := f.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	response := send("GET")
	if _, ok := wrapper.CallInfo(response); ok {
		t.Error("something is known of a call that no Transport made")
	}
	mustMatch(t, wrapper.ErrorFrom(response), wrapper.ErrBadSignature)
	if rest, err := io.ReadAll(response.Body); string(rest) != body || err != nil {
		t.Errorf("the body is %q after ErrorFrom, %v", rest, err)
	}
	if err := wrapper.ErrorFrom(send("GET")); err != nil {
		t.Errorf("a success is the error %v", err)
	}
	long := send("POST")
	mustMatch(t, wrapper.ErrorFrom(long), wrapper.ErrUnavailable, wrapper.ErrOutcomeUnknown)
	if rest, err := io.ReadAll(long.Body); len(rest) != 1<<17 || err != nil {
		t.Errorf("%d bytes of the body are left, %v", len(rest), err)
	}
	if wrapper.ErrorFrom(nil) != nil {
		t.Error("no response is an error")
	}
	mustMatch(t, wrapper.ErrorFrom(&http.Response{StatusCode: http.StatusNotFound}), wrapper.ErrNotFound)
}
