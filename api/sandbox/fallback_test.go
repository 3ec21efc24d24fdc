package sandbox_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	ordersPath    = sandbox.BasePath + "/portfolio/orders"
	webSocketPath = "/trade-api/ws/v2"
)

// exchange is a fallback that echoes what it gets, and counts.
type exchange struct{ served int }

func (e *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.served++
	body, _ := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
}

func lastExchange(b *bench) sandbox.Exchange {
	all := b.box.Exchanges()
	return all[len(all)-1]
}

func TestAFallbackServesWhatTheContractDoesNotHave(t *testing.T) {
	own := &exchange{}
	b := newBench(t, sandbox.WithFallback(own))
	for _, row := range []sent{
		{method: "GET", path: sandbox.BasePath + "/portfolio/balance?subaccount=1"},
		{method: "POST", path: ordersPath, body: `{"client_order_id":"a"}`},
		{method: "DELETE", path: ordersPath + "/batched", body: `{"ids":["a"]}`},
		{method: "PUT", path: sandbox.BasePath + "/communications/quotes/a%20b/accept", body: `{}`},
		{method: "GET", path: webSocketPath},
		{method: "GET", path: sandbox.BasePath + "//api_keys"},
		{method: "GET", path: sandbox.BasePath + "/portfolio/"},
	} {
		got := b.send(t, sent{method: row.method, path: row.path, body: row.body, leavesContract: true})
		got.mustBe(t, 200, strings.TrimSpace(row.method+" "+row.path+" "+row.body))
		if seen := lastExchange(b); seen.Status != 200 || seen.SignedBy != sandbox.Ed25519 || seen.KeyID != b.key.id || seen.Refusal != "" {
			t.Errorf("%s: the exchange is %+v", row.path, seen)
		}
	}
	served := own.served
	for name, row := range map[string]struct {
		sent   sent
		status int
	}{
		"the contract's own paths":       {sent{}, 200},
		"another method on one":          {sent{method: "PUT"}, 404},
		"outside the base path":          {sent{path: "/orders"}, 404},
		"a slash at the end of the list": {sent{path: keysPath + "/"}, 301},
		"no credentials":                 {sent{path: ordersPath, change: anonymous}, 401},
		"a signature of another text": {sent{path: ordersPath, change: func(r *http.Request) {
			r.Header.Set(protocol.HeaderTimestamp, protocol.Timestamp(b.clock.Now().Add(time.Second)))
		}}, 401},
		"a signed query":                 {sent{path: ordersPath + "?a=b", change: func(r *http.Request) { resign(t, r, b.key, r.Method, ordersPath+"?a=b") }}, 401},
		"a timestamp that is long past":  {sent{path: ordersPath, change: with(protocol.HeaderTimestamp, "1790000000000")}, 401},
		"no credentials for a WebSocket": {sent{path: webSocketPath, change: anonymous}, 401},
	} {
		row.sent.leavesContract = true
		if got := b.send(t, row.sent); got.status != row.status {
			t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, row.status)
		}
	}
	if own.served != served {
		t.Errorf("the fallback served %d requests that are not its own", own.served-served)
	}
}

// Without a fallback, a request for another endpoint is checked in the same way.
func TestARequestForAnotherEndpointIsCheckedLikeAnyOther(t *testing.T) {
	const balance = sandbox.BasePath + "/portfolio/balance"
	for name, row := range map[string]struct {
		sent    sent
		status  int
		refusal sandbox.Refusal
		mistake string
	}{
		"a good signature":    {sent{path: balance}, 404, sandbox.RefusedNoOperation, "not_served"},
		"the WebSocket":       {sent{path: webSocketPath}, 404, sandbox.RefusedNoOperation, "not_served"},
		"no credentials":      {sent{path: balance, change: anonymous}, 401, sandbox.RefusedNoCredentials, "no_headers"},
		"a wrong signature":   {sent{path: balance, change: with(protocol.HeaderSignature, "canary")}, 401, sandbox.RefusedSignature, "not_base64"},
		"an unknown key":      {sent{path: balance, change: with(protocol.HeaderKey, unknownID)}, 401, sandbox.RefusedUnknownKey, "key_unknown"},
		"no base path before": {sent{path: "/api_keys"}, 404, sandbox.RefusedNoOperation, "url_without_base_path"},
		"below a key":         {sent{method: "DELETE", path: keysPath + "/" + unknownID + "/x"}, 404, sandbox.RefusedNoOperation, "not_served"},
		"an escaped letter":   {sent{path: sandbox.BasePath + "/api%5Fkeys"}, 404, sandbox.RefusedNoOperation, "not_served"},
		"dot segments":        {sent{method: "DELETE", path: keysPath + "/.."}, 404, sandbox.RefusedNoOperation, "not_served"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			row.sent.leavesContract = true
			got := b.send(t, row.sent)
			got.mustHaveStatus(t, row.status)
			if row.status == 404 && strings.TrimSpace(got.body) != "404 page not found" {
				t.Errorf("the body is %q", got.body)
			}
			seen := lastExchange(b)
			if seen.Refusal != row.refusal || seen.Explanation == nil || !slices.Equal(seen.Explanation.Mistakes, []string{row.mistake}) {
				t.Errorf("the exchange is %+v, explained as %s", seen, seen.Explanation)
			}
			if got.header.Get(sandbox.HeaderExplain) != seen.Explanation.Text {
				t.Errorf("the answer is explained as %q", got.header.Get(sandbox.HeaderExplain))
			}
		})
	}
}

func TestAnotherEndpointNeedsAScopeForReadingOrForTheRest(t *testing.T) {
	for name, row := range map[string]struct {
		scopes      []string
		get, remove int
	}{
		"read and write":   {[]string{"read", "write"}, 200, 200},
		"read alone":       {[]string{"read"}, 200, 403},
		"a child of read":  {[]string{"read::portfolio_balance"}, 200, 403},
		"a child of write": {[]string{"write::trade"}, 403, 200},
	} {
		b := newBench(t, sandbox.WithFallback(&exchange{}))
		as := b.bootstrap(t, sandbox.Scoped(row.scopes...))
		if got := b.send(t, sent{path: ordersPath, as: as, leavesContract: true}); got.status != row.get {
			t.Errorf("%s: GET is answered %d %s, want %d", name, got.status, got.body, row.get)
		}
		if got := b.send(t, sent{method: "DELETE", path: ordersPath, as: as, leavesContract: true}); got.status != row.remove {
			t.Errorf("%s: DELETE is answered %d %s, want %d", name, got.status, got.body, row.remove)
		}
	}
	open := newBench(t, sandbox.WithFallback(&exchange{}), sandbox.WithChoices(sandbox.Choices{ListScope: sandbox.NoScope}))
	open.send(t, sent{path: ordersPath, as: open.bootstrap(t, sandbox.Scoped("write::trade")), leavesContract: true}).mustHaveStatus(t, 200)
}

func TestAFallbackDrawsOnTheRateLimits(t *testing.T) {
	b := newBench(t, sandbox.WithFallback(&exchange{}), sandbox.WithChoices(sandbox.Choices{RateLimits: sandbox.RateLimits{ReadPerSecond: 10, WritePerSecond: 10}}))
	for method, want := range map[string][]int{"HEAD": {200, 429}, "POST": {200, 429}} {
		for i, status := range want {
			b.clock.Advance(time.Millisecond)
			if got := b.send(t, sent{method: method, path: ordersPath, leavesContract: true}); got.status != status {
				t.Errorf("%s %d is answered %d, want %d", method, i, got.status, status)
			}
		}
	}
	if got := b.send(t, sent{leavesContract: true}); got.status != 429 {
		t.Errorf("the list is answered %d, although HEAD took what is there to read", got.status)
	}
}

func TestFaultsHappenToOneEndpointOfAFallback(t *testing.T) {
	own := &exchange{}
	b := newBench(t, sandbox.WithFallback(own))
	if err := b.box.SetFaults(sandbox.Fault{Method: "POST", Path: "/portfolio/orders", Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1}); err != nil {
		t.Fatal(err)
	}
	for _, other := range []sent{{path: ordersPath}, {method: "POST", path: ordersPath + "/batched"}} {
		other.leavesContract = true
		b.send(t, other).mustHaveStatus(t, 200)
	}
	request := b.newRequest(t, sent{method: "POST", path: ordersPath, body: "an order", leavesContract: true})
	response, err := b.http.Do(request)
	if err == nil {
		_ = response.Body.Close()
		t.Fatal("the connection was not reset")
	}
	if seen := lastExchange(b); own.served != 3 || seen.Fault != sandbox.FaultReset || seen.Status != 0 {
		t.Errorf("%d requests were served, and the exchange is %+v", own.served, seen)
	}
	b.send(t, sent{method: "POST", path: ordersPath, leavesContract: true}).mustHaveStatus(t, 200)
	if err := b.box.SetFaults(sandbox.Fault{Path: "portfolio/orders", Kind: sandbox.FaultReset}); err == nil {
		t.Error("a path without a slash is taken")
	}
}

// A body is not cut where a fault looks at it.
func TestAFallbackGetsALongBodyWhole(t *testing.T) {
	var length int64
	b := newBench(t, sandbox.WithFallback(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		length, _ = io.Copy(io.Discard, r.Body)
	})))
	if err := b.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultDelay, Duration: time.Nanosecond}); err != nil {
		t.Fatal(err)
	}
	b.send(t, sent{method: "POST", path: ordersPath, body: strings.Repeat("x", 3<<20), leavesContract: true}).mustHaveStatus(t, 200)
	if seen := lastExchange(b); length != 3<<20 || seen.Status != 200 {
		t.Errorf("the fallback got %d bytes, and the exchange is %+v", length, seen)
	}
}

func TestAFallbackMayTakeTheConnectionOver(t *testing.T) {
	for name, hijack := range map[string]func(http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error){
		"as a Hijacker": func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) { return w.(http.Hijacker).Hijack() },
		"by a ResponseController": func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
			return http.NewResponseController(w).Hijack()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.WithFallback(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				connection, _, err := hijack(w)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello")
				_ = connection.Close()
			})))
			response := upgrade(t, b)
			defer func() { _ = response.Body.Close() }()
			if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusSwitchingProtocols || string(body) != "hello" {
				t.Errorf("got %s %q", response.Status, body)
			}
			if seen := lastExchange(b); seen.Status != 101 || seen.SignedBy != sandbox.Ed25519 {
				t.Errorf("the exchange is %+v", seen)
			}
		})
	}
}

// upgrade asks for another protocol on the WebSocket's path.
func upgrade(t *testing.T, b *bench) *http.Response {
	t.Helper()
	request := b.newRequest(t, sent{path: webSocketPath, leavesContract: true})
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "x")
	response, err := b.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// A WebSocket lives for hours, and a stream ends for the client before the fallback returns.
func TestAnExchangeIsNotedBeforeTheFallbackReturns(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		begin  func(http.ResponseWriter) io.Closer
	}{
		"a connection that it keeps": {http.StatusSwitchingProtocols, func(w http.ResponseWriter) io.Closer {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			return connection
		}},
		"an answer of a length that it tells": {http.StatusAccepted, func(w http.ResponseWriter) io.Closer {
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Content-Length", "5")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "hello")
			_ = http.NewResponseController(w).Flush()
			return io.NopCloser(nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			looked := make(chan struct{})
			b := newBench(t, sandbox.WithFallback(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				kept := row.begin(w)
				<-looked
				_ = kept.Close()
			})))
			defer close(looked)
			response := upgrade(t, b)
			defer func() { _ = response.Body.Close() }()
			if seen := b.box.Exchanges(); len(seen) != 1 || seen[0].Status != row.status || response.StatusCode != row.status {
				t.Errorf("got %s, and the exchanges are %+v", response.Status, seen)
			}
		})
	}
}
