package wrapper_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// Refusals that a gateway or a content network writes in its own words.
func TestARefusalInAnotherFormBlamesNeitherRequestNorAccount(t *testing.T) {
	for name, step := range map[string]http.HandlerFunc{
		"HTML":                   answer(403, "<html>Sorry, you have been blocked</html>", "Content-Type", "text/html"),
		"text":                   answer(403, "Access denied", "Content-Type", "text/plain"),
		"nothing":                answer(403, ""),
		"a gateway's JSON":       answer(403, `{"message":"Forbidden"}`),
		"a problem document":     answer(403, `{"title":"Forbidden","detail":"policy"}`),
		"HTML for a bad request": answer(400, "<html>", "Content-Type", "text/html"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, step)
			client := f.client(t)
			_, list := client.GetAPIKeys(t.Context())
			_, generate := client.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
			for _, err := range []error{list, generate} {
				failure := mustBeError(t, err)
				if failure.FromService() || !strings.Contains(failure.Hint, "not in the service's own form") {
					t.Errorf("from the service: %t, hint %q", failure.FromService(), failure.Hint)
				}
				for _, blame := range []string{"scopes", "usage level", "fcm_subtrader_id", "Correct the request"} {
					if strings.Contains(failure.Hint, blame) {
						t.Errorf("%q blames the %s", failure.Hint, blame)
					}
				}
			}
		})
	}
}

// connectProxy answers every CONNECT with one status line, and counts them.
func connectProxy(t *testing.T, statusLine string) (*url.URL, func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 100)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
				asked <- struct{}{}
				_, _ = io.WriteString(connection, "HTTP/1.1 "+statusLine+"\r\nContent-Length: 0\r\n\r\n")
			}
			_ = connection.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return &url.URL{Scheme: "http", User: url.UserPassword("bot", "hunter2"), Host: listener.Addr().String()}, func() int { return len(asked) }
}

func TestAProxyThatDoesNotConnectIsNamed(t *testing.T) {
	for _, row := range []struct {
		status string
		asked  int
		want   string
	}{
		{"407 Proxy Authentication Required", 1, "wants a user name and password"},
		{"403 Forbidden", 2, "does not connect to the service"},
		{"502 Bad Gateway", 2, "does not connect to the service"},
		{"403 Filtered", 2, "does not connect to the service"},
	} {
		for name, wrap := range map[string]func(http.RoundTripper) http.RoundTripper{
			"the transport of net/http": func(t http.RoundTripper) http.RoundTripper { return t },
			"one around it":             func(t http.RoundTripper) http.RoundTripper { return roundTripper(t.RoundTrip) },
		} {
			t.Run(row.status+" through "+name, func(t *testing.T) {
				proxy, asked := connectProxy(t, row.status)
				client, err := wrapper.NewClient(newCredentials(t, ownKeyID),
					wrapper.WithBaseURL("https://kalshi.test/trade-api/v2"), wrapper.WithClock(newFakeClock()),
					wrapper.WithHTTPTransport(wrap(&http.Transport{Proxy: http.ProxyURL(proxy)})),
					wrapper.WithRetry(wrapper.Retry{MaxAttempts: 2, AttemptTimeout: patience}))
				if err != nil {
					t.Fatal(err)
				}
				_, err = client.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
				mustMatch(t, err, wrapper.ErrUnavailable)
				if errors.Is(err, wrapper.ErrOutcomeUnknown) {
					t.Errorf("nothing was sent, and yet %v", err)
				}
				hint := mustBeError(t, err).Hint
				if !strings.Contains(hint, "The proxy "+proxy.Host) || !strings.Contains(hint, row.want) || strings.Contains(hint, "connection was lost") {
					t.Errorf("hint %q", hint)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the password shows in %v", err)
				}
				if asked() != row.asked {
					t.Errorf("asked %d times, want %d", asked(), row.asked)
				}
			})
		}
	}
}

// A dialer that reports nothing to httptrace leaves only the handshake with the proxy to be seen.
func TestAProxyBehindADialerThatTellsNothingIsNamedToo(t *testing.T) {
	refusing := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	transport := refusing.Client().Transport.(*http.Transport).Clone()
	proxy, err := url.Parse(refusing.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport.Proxy = http.ProxyURL(proxy)
	transport.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), network, address)
	}
	for name, wrapped := range map[string]http.RoundTripper{"as it is": transport, "wrapped": roundTripper(transport.RoundTrip)} {
		client, err := wrapper.NewClient(newCredentials(t, ownKeyID), wrapper.WithBaseURL("https://kalshi.test/trade-api/v2"),
			wrapper.WithHTTPTransport(wrapped), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1, AttemptTimeout: patience}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.GetAPIKeys(t.Context())
		if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "does not connect to the service") || strings.Contains(hint, "  ") {
			t.Errorf("%s: hint %q for %v", name, hint, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

func TestWebSocketsAreSignedAsTheRequestsThatOpenThem(t *testing.T) {
	sign := wrapper.SignRequest(newCredentials(t, ownKeyID))
	for target, signed := range map[string]bool{
		"wss://external-api.kalshi.com/trade-api/ws/v2": true,
		"ws://127.0.0.1:8080/trade-api/ws/v2":           true,
		"ws://localhost/trade-api/ws/v2":                true,
		"ws://external-api.kalshi.com/trade-api/ws/v2":  false,
		"ftp://127.0.0.1/trade-api/ws/v2":               false,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = sign(t.Context(), req)
		if signed != (err == nil) || signed == errors.Is(err, wrapper.ErrInsecure) {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestATransportSignsAWebSocketOfItsOrigin(t *testing.T) {
	var sent *http.Request
	transport, err := wrapper.NewTransport(newCredentials(t, ownKeyID), wrapper.WithHTTPTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
		sent = req
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}}, nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	for target, signed := range map[string]bool{
		"wss://api.elections.kalshi.com/trade-api/ws/v2":     true,
		"wss://api.elections.kalshi.com:443/trade-api/ws/v2": true,
		"wss://demo-api.kalshi.co/trade-api/ws/v2":           false,
		"ws://api.elections.kalshi.com/trade-api/ws/v2":      false,
	} {
		sent = nil
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		_, err := transport.RoundTrip(req)
		if signed != (err == nil) || signed != (sent != nil) {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestAWaitBeyondTheDeadlineIsNotBegun(t *testing.T) {
	for name, step := range map[string]http.HandlerFunc{
		"Retry-After": answer(429, rateLimitBody, "Retry-After", "20"),
		"backoff":     answer(503, ``),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, step)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := f.client(t, wrapper.WithRetry(wrapper.Retry{FirstBackoff: 1000 * time.Hour, MaxBackoff: 1000 * time.Hour})).GetAPIKeys(ctx)
			failure := mustBeError(t, err)
			if failure.Attempts != 1 || len(f.clock.waited()) != 0 || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%d attempts, waited %v: %v", failure.Attempts, f.clock.waited(), err)
			}
			if !strings.Contains(failure.Hint, "the context's deadline comes before the next attempt") {
				t.Errorf("hint %q", failure.Hint)
			}
		})
	}
}

func TestALongRetryAfterCanBeRead(t *testing.T) {
	for header, want := range map[string]string{
		"99999999999": "more than 292 years", "9999999999999999999999": "more than 292 years", "999999": "11 days", "5000": "1h23m20s",
	} {
		for _, status := range []int{429, 503} {
			f := newFixture(t, answer(status, rateLimitBody, "Retry-After", header))
			_, err := f.client(t).GetAPIKeys(t.Context())
			if !strings.Contains(err.Error(), want+" of Retry-After are beyond what Retry.MaxRetryAfter allows") || strings.Contains(err.Error(), "h47m") {
				t.Errorf("Retry-After: %s gives %v", header, err)
			}
		}
	}
}
