package wrapper_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/wrapper"
)

// Each row of the retry table, for each method. The first answer is the row's, the second a
// success, so that the number of requests tells what the client decided.
func TestRetryTable(t *testing.T) {
	repeatable := []string{http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodOptions}
	other := []string{http.MethodPost, http.MethodPut, http.MethodPatch}
	all := append(append([]string{}, repeatable...), other...)

	for _, row := range []struct {
		name    string
		step    http.HandlerFunc
		path    string
		methods []string
		// want is the number of requests, and kinds what the error of the first and only one is.
		want  int
		kinds []error
	}{
		{name: "429 is retried", step: answer(429, rateLimitBody), methods: all, want: 2},
		{name: "409 on create is retried", step: answer(409, conflictBody), path: "/api_keys", methods: []string{"POST"}, want: 2},
		{name: "409 on generate is retried", step: answer(409, conflictBody), path: "/api_keys/generate", methods: []string{"POST"}, want: 2},
		{name: "409 elsewhere is returned", step: answer(409, conflictBody), methods: all, want: 1},
		{name: "409 on the list is returned", step: answer(409, conflictBody), path: "/api_keys", methods: []string{"GET"}, want: 1},
		{name: "400 is returned", step: answer(400, `{}`), methods: all, want: 1},
		{name: "401 for any other cause is returned", step: answer(401, `{"error":{"code":"authentication_error"}}`), methods: all, want: 1},
		{name: "403 is returned", step: answer(403, `{}`), methods: all, want: 1},
		{name: "404 is returned", step: answer(404, `{}`), methods: all, want: 1},
		{name: "422 is returned", step: answer(422, `{}`), methods: all, want: 1},
		{name: "301 is returned and not followed", step: answer(301, ``, "Location", "/elsewhere"), methods: all, want: 1},
		{name: "500 is retried", step: answer(500, `{}`), methods: repeatable, want: 2},
		{name: "500 is returned", step: answer(500, `{}`), methods: other, want: 1},
		{name: "502 is retried", step: answer(502, ``), methods: repeatable, want: 2},
		{name: "502 is returned", step: answer(502, ``), methods: other, want: 1},
		{name: "503 is retried", step: answer(503, ``), methods: repeatable, want: 2},
		{name: "503 is returned", step: answer(503, ``), methods: other, want: 1},
		{name: "a connection lost after sending is retried", step: hangUp, methods: repeatable, want: 2},
		{
			name: "a connection lost after sending is of unknown outcome", step: hangUp, methods: other, want: 1,
			kinds: []error{wrapper.ErrOutcomeUnknown, wrapper.ErrUnavailable},
		},
		{name: "half a body is retried", step: halfBody(200, `{"api_keys"`), methods: []string{"GET", "DELETE", "OPTIONS"}, want: 2},
		{
			name: "half a body is of unknown outcome", step: halfBody(201, `{"api_key_id"`), methods: other, want: 1,
			kinds: []error{wrapper.ErrOutcomeUnknown, wrapper.ErrUnavailable},
		},
	} {
		for _, method := range row.methods {
			t.Run(method+": "+row.name, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, row.step, answer(200, ``))
				path := row.path
				if path == "" {
					path = "/portfolio/orders"
				}
				err := f.roundTrip(t, method, path)
				if got := len(f.seen()); got != row.want {
					t.Errorf("the server saw %d requests, want %d", got, row.want)
				}
				mustMatch(t, err, row.kinds...)
				f.mustBeSignedAfresh(t)
			})
		}
	}
}

func TestATimeoutIsRetriedOnlyWhereTheMethodAllowsIt(t *testing.T) {
	for method, want := range map[string]int{"GET": 2, "DELETE": 2, "POST": 1} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			stalling := newStalling()
			f := newFixture(t, stalling.step, answer(200, ``))
			err := f.roundTrip(t, method, "/portfolio/orders",
				wrapper.WithHTTPTransport(stalling))
			if got := len(f.seen()); got != want {
				t.Errorf("the server saw %d requests, want %d", got, want)
			}
			if want == 1 {
				mustMatch(t, err, wrapper.ErrOutcomeUnknown, wrapper.ErrUnavailable, context.DeadlineExceeded)
			} else {
				mustMatch(t, err)
			}
		})
	}
}

// A refused timestamp is the one 4xx that is sent again: once, at once, for every method.
func TestARefusedTimestampIsSignedAfreshOnce(t *testing.T) {
	for _, method := range []string{"GET", "DELETE", "POST", "PATCH"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, answer(401, expiredBody), answer(200, ``))
			mustMatch(t, f.roundTrip(t, method, "/portfolio/orders"))
			if got := len(f.seen()); got != 2 {
				t.Errorf("the server saw %d requests, want 2", got)
			}
			if waits := f.clock.waited(); len(waits) != 1 || waits[0] != 0 {
				t.Errorf("waited %v, want one wait of 0", waits)
			}
			f.mustBeSignedAfresh(t)
		})
		t.Run(method+", and not a second time", func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, answer(401, expiredBody))
			mustMatch(t, f.roundTrip(t, method, "/portfolio/orders"))
			if got := len(f.seen()); got != 2 {
				t.Errorf("the server saw %d requests, want 2", got)
			}
		})
	}
}

func TestWhatWasNeverSentIsRetriedForEveryMethod(t *testing.T) {
	for name, firstDial := range map[string]func(context.Context) error{
		"dial failed": dialRefused,
		"DNS failed":  resolveNothing,
	} {
		for _, method := range []string{"GET", "DELETE", "POST", "PATCH"} {
			t.Run(method+": "+name, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, answer(200, ``))
				var dials atomic.Int32
				carrier := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
					if dials.Add(1) == 1 {
						return nil, firstDial(ctx)
					}
					return new(net.Dialer).DialContext(ctx, network, address)
				}}
				t.Cleanup(carrier.CloseIdleConnections)
				mustMatch(t, f.roundTrip(t, method, "/portfolio/orders", wrapper.WithHTTPTransport(carrier)))
				if got := len(f.seen()); got != 1 || dials.Load() != 2 {
					t.Errorf("%d requests after %d dials, want 1 after 2", got, dials.Load())
				}
			})
			t.Run(method+": "+name+" each time, and nothing is unknown", func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, answer(200, ``))
				carrier := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return nil, firstDial(ctx)
				}}
				err := f.roundTrip(t, method, "/portfolio/orders", wrapper.WithHTTPTransport(carrier))
				mustMatch(t, err, wrapper.ErrUnavailable)
				if errors.Is(err, wrapper.ErrOutcomeUnknown) {
					t.Errorf("%v: marked as of unknown outcome, although nothing was sent", err)
				}
				if failure := mustBeError(t, err); failure.Attempts != wrapper.DefaultRetry().MaxAttempts {
					t.Errorf("Attempts is %d, want %d", failure.Attempts, wrapper.DefaultRetry().MaxAttempts)
				}
			})
		}
	}
}

// nobodyListens is an address that nothing can listen on: a listener on port 0 gets another port.
const nobodyListens = "127.0.0.1:0"

func dialRefused(ctx context.Context) error {
	_, err := new(net.Dialer).DialContext(ctx, "tcp", nobodyListens)
	return err
}

// resolveNothing looks a name up at a name server on loopback that does not listen.
func resolveNothing(ctx context.Context) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return nil, dialRefused(ctx)
	}}
	_, err := resolver.LookupNetIP(ctx, "ip", "kalshi.test.")
	return err
}

func TestACertificateThatDoesNotVerifyIsReturnedForEveryMethod(t *testing.T) {
	for _, method := range []string{"GET", "DELETE", "POST"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
			server.Config.ErrorLog = discardLog()
			server.StartTLS()
			t.Cleanup(server.Close)
			f := newFixture(t, answer(200, ``))
			f.server = server
			err := f.roundTrip(t, method, "/portfolio/orders")
			mustMatch(t, err, wrapper.ErrInsecure)
			failure := mustBeError(t, err)
			if failure.Attempts != 1 || requests.Load() != 0 {
				t.Errorf("%d attempts and %d requests, want 1 and 0", failure.Attempts, requests.Load())
			}
			if !strings.Contains(failure.Hint, "certificate") {
				t.Errorf("the hint does not name the certificate: %q", failure.Hint)
			}
		})
	}
}

// roundTrip sends one request with a small body through a Transport.
func (f *fixture) roundTrip(t *testing.T, method, path string, more ...wrapper.Option) error {
	t.Helper()
	var body = strings.NewReader(`{"a":1}`)
	req, err := http.NewRequestWithContext(t.Context(), method, f.server.URL+basePath+path+"?q=1", body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := f.transport(t, more...).RoundTrip(req)
	if err == nil {
		_ = response.Body.Close()
	}
	return err
}

// mustBeSignedAfresh checks that each request had a timestamp of its own. The script has
// verified each signature.
func (f *fixture) mustBeSignedAfresh(t *testing.T) {
	t.Helper()
	used := map[string]bool{}
	for _, request := range f.seen() {
		if used[request.timestamp] || used[request.signature] {
			t.Errorf("timestamp %s or its signature was sent twice", request.timestamp)
		}
		used[request.timestamp], used[request.signature] = true, true
	}
}

// mustMatch checks that err is all of kinds, and nil if there are none.
func mustMatch(t *testing.T, err error, kinds ...error) {
	t.Helper()
	if len(kinds) == 0 && err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
	for _, kind := range kinds {
		if !errors.Is(err, kind) {
			t.Errorf("error %v is not %q", err, kind)
		}
	}
}

func mustBeError(t *testing.T, err error) *wrapper.Error {
	t.Helper()
	failure, ok := errors.AsType[*wrapper.Error](err)
	if !ok {
		t.Fatalf("%T %v is no *wrapper.Error", err, err)
	}
	return failure
}
