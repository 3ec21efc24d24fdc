package wrapper_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestTheWebSocketOfEachEnvironment(t *testing.T) {
	for base, want := range map[wrapper.Environment]string{
		wrapper.ProductionExternalAPI:        "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
		wrapper.Demo:                         "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2",
		wrapper.Production:                   "wss://api.elections.kalshi.com/trade-api/ws/v2",
		wrapper.DemoFormerHost:               "wss://demo-api.kalshi.co/trade-api/ws/v2",
		"http://127.0.0.1:8080/trade-api/v2": "ws://127.0.0.1:8080/trade-api/ws/v2",
	} {
		transport, err := wrapper.NewTransport(newCredentials(t, ownKeyID), wrapper.WithEnvironment(base))
		if err != nil {
			t.Fatal(err)
		}
		if got := transport.WebSocketURL(); got != want {
			t.Errorf("%s has %s, want %s", base, got, want)
		}
		header, err := transport.SignedHeader(t.Context(), http.MethodGet, transport.WebSocketURL())
		if err != nil || len(header) != 3 {
			t.Errorf("%s: %d headers, %v", base, len(header), err)
		}
	}
}

func TestASignedHeaderIsForTheHostsOfTheTransportAlone(t *testing.T) {
	transport, err := wrapper.NewTransport(newCredentials(t, ownKeyID), wrapper.WithEnvironment(wrapper.Demo))
	if err != nil {
		t.Fatal(err)
	}
	for url, kind := range map[string]error{
		"wss://external-api-ws.kalshi.com/trade-api/ws/v2":          wrapper.ErrInsecure,
		"ws://external-api-ws.demo.kalshi.co/trade-api/ws/v2":       wrapper.ErrInsecure,
		"wss://external-api-ws.demo.kalshi.co.example.com/":         wrapper.ErrInsecure,
		"wss://external-api-ws.demo.kalshi.co:8443/trade-api/ws/v2": wrapper.ErrInsecure,
		"wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2\n":    wrapper.ErrInvalidRequest,
	} {
		header, err := transport.SignedHeader(t.Context(), http.MethodGet, url)
		mustMatch(t, err, kind, wrapper.ErrNotSent)
		if header != nil || !strings.Contains(mustBeError(t, err).Error(), "kalshi: ") {
			t.Errorf("%q: headers %v, %v", url, header, err)
		}
	}
	locked := errors.New("the HSM is locked")
	broken, err := wrapper.NewTransport(failingSource{locked})
	if err != nil {
		t.Fatal(err)
	}
	_, err = broken.SignedHeader(t.Context(), http.MethodGet, broken.WebSocketURL())
	mustMatch(t, err, locked, wrapper.ErrNotSent)
}

// echo takes a connection over and sends back what it gets.
func echo(w http.ResponseWriter, _ *http.Request) {
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = connection.Close() }()
	_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	_, _ = io.Copy(connection, buffered)
}

func upgrade(ctx context.Context, t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	return req
}

func TestAHandshakeThatHangsEndsWithTheAttempt(t *testing.T) {
	f := newFixture(t, stall)
	transport := f.transport(t, wrapper.WithRetry(wrapper.Retry{AttemptTimeout: 20 * time.Millisecond, MaxAttempts: 2}))
	_, err := transport.RoundTrip(upgrade(t.Context(), t, f.server.URL+basePath+"/ws"))
	mustMatch(t, err, wrapper.ErrUnavailable, context.DeadlineExceeded)
	if got := mustBeError(t, err).Attempts; got != 2 {
		t.Errorf("%d attempts, want 2", got)
	}
}

func TestAnOpenConnectionOutlivesTheAttempt(t *testing.T) {
	f := newFixture(t, answer(401, expiredBody), echo)
	ended := make(chan (<-chan struct{}), 2)
	carrier := &http.Transport{}
	t.Cleanup(carrier.CloseIdleConnections)
	watching := carrying(func(req *http.Request) (*http.Response, error) {
		ended <- req.Context().Done()
		return carrier.RoundTrip(req)
	})
	response, err := f.transport(t, wrapper.WithHTTPTransport(watching)).RoundTrip(upgrade(t.Context(), t, f.server.URL+"/trade-api/ws/v2"))
	if err != nil {
		t.Fatal(err)
	}
	<-<-ended
	<-<-ended
	open, ok := response.Body.(io.ReadWriteCloser)
	if !ok || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %d with a body %T", response.StatusCode, response.Body)
	}
	defer func() { _ = open.Close() }()
	if _, err := io.WriteString(open, "still here\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(open).ReadString('\n'); line != "still here\n" {
		t.Errorf("got %q, %v", line, err)
	}
	if got := info(t, response); got.Attempts != 2 || wrapper.ErrorFrom(response) != nil {
		t.Errorf("%+v, %v", got, wrapper.ErrorFrom(response))
	}
}

// A dialer that takes headers makes the request by itself.
func TestTheClockIsCorrectedByARefusedHandshake(t *testing.T) {
	for name, row := range map[string]struct {
		date    string
		status  int
		body    string
		believe bool
	}{
		"a clock that is late":          {"41s", 401, expiredBody, true},
		"a clock that is early":         {"-41s", 401, expiredBody, true},
		"a clock that agrees":           {"0s", 401, expiredBody, false},
		"a year off":                    {"8760h", 401, expiredBody, false},
		"another 401":                   {"41s", 401, `{"error":{"code":"authentication_error"}}`, false},
		"another status with that code": {"41s", 403, expiredBody, false},
	} {
		t.Run(name, func(t *testing.T) {
			off, err := time.ParseDuration(row.date)
			if err != nil {
				t.Fatal(err)
			}
			f := newFixture(t, answer(row.status, row.body, "Date", newFakeClock().now.Add(off).UTC().Format(http.TimeFormat)))
			transport := f.transport(t)
			header, err := transport.SignedHeader(t.Context(), http.MethodGet, transport.WebSocketURL())
			if err != nil {
				t.Fatal(err)
			}
			target, _ := url.Parse(f.server.URL + "/trade-api/ws/v2")
			response, err := f.server.Client().Do(&http.Request{Method: http.MethodGet, URL: target, Header: header})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			if got := transport.CorrectClock(response); got != row.believe {
				t.Errorf("corrected: %t, want %t", got, row.believe)
			}
			if got := transport.ClockOffset() != 0; got != row.believe {
				t.Errorf("the offset is %s", transport.ClockOffset())
			}
			if !row.believe {
				return
			}
			if transport.CorrectClock(response) {
				t.Error("the same answer corrects it a second time")
			}
			again, err := transport.SignedHeader(t.Context(), http.MethodGet, transport.WebSocketURL())
			if err != nil || (millisecondsOf(again)-millisecondsOf(header)-off).Abs() > time.Second {
				t.Errorf("the next timestamp is %s after %s, %v", again.Get(protocol.HeaderTimestamp), header.Get(protocol.HeaderTimestamp), err)
			}
		})
	}
	if transport, _ := wrapper.NewTransport(newCredentials(t, ownKeyID)); transport.CorrectClock(nil) {
		t.Error("no answer corrects the clock")
	}
}

func millisecondsOf(header http.Header) time.Duration {
	milliseconds, _ := strconv.ParseInt(header.Get(protocol.HeaderTimestamp), 10, 64)
	return time.Duration(milliseconds) * time.Millisecond
}

func TestARefusedHandshakeIsNotBlamedOnItsPath(t *testing.T) {
	f := newFixture(t, answer(401, `{"error":{"code":"authentication_error","details":"INCORRECT_API_KEY_SIGNATURE"}}`))
	response, err := f.transport(t).RoundTrip(upgrade(t.Context(), t, f.server.URL+protocol.WebSocketPath))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if err := wrapper.ErrorFrom(response); !strings.Contains(err.Error(), "The signature is good for this private key and path") {
		t.Errorf("got %v", err)
	}
}

// The transport has tried the correction itself, and the service did not accept it.
func TestAnAnswerOfTheTransportCorrectsNoClock(t *testing.T) {
	f := newFixture(t, answer(401, expiredBody, "Date", newFakeClock().now.Add(41*time.Second).UTC().Format(http.TimeFormat)))
	transport := f.transport(t)
	response, err := transport.RoundTrip(upgrade(t.Context(), t, f.server.URL+protocol.WebSocketPath))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if transport.CorrectClock(response) || transport.ClockOffset() != 0 {
		t.Errorf("the clock was corrected by %s", transport.ClockOffset())
	}
}

// Production is wss on a host that speaks HTTP/2, over which no connection can be upgraded.
func TestAWebSocketOpensOnAHostThatSpeaksHTTP2(t *testing.T) {
	f := newFixture(t, echo)
	secure := httptest.NewUnstartedServer(f.script)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)
	transport := f.transport(t, wrapper.WithBaseURL(secure.URL+basePath), wrapper.WithHTTPTransport(secure.Client().Transport))
	if got := transport.WebSocketURL(); !strings.HasPrefix(got, "wss://127.0.0.1:") {
		t.Fatalf("the WebSocket is at %s", got)
	}
	req := upgrade(t.Context(), t, strings.Replace(transport.WebSocketURL(), "wss:", "https:", 1))
	req.Header.Set("Upgrade", "websocket")
	response, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("got %s over %s", response.Status, response.Proto)
	}
	_ = response.Body.Close()
}
