package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestTheInspectorIsServedUnderAStrictPolicy(t *testing.T) {
	b := newBench(t, sandbox.WithControl())
	for path, contentType := range map[string]string{
		"":                        "text/html; charset=utf-8",
		"inspector/main.js":       "text/javascript; charset=utf-8",
		"inspector/inspector.css": "text/css; charset=utf-8",
		"inspector/icon.svg":      "image/svg+xml; charset=utf-8",
		"contract":                "application/json",
		"keys":                    "application/json",
	} {
		got := b.ask(t, "GET", path, "")
		policy := got.header.Get("Content-Security-Policy")
		if got.status != 200 || got.header.Get("Content-Type") != contentType || got.header.Get("Cache-Control") != "no-store" ||
			got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q is answered %d with %v", path, got.status, got.header)
		}
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%q has the policy %q", path, policy)
		}
	}
	b.ask(t, "GET", "inspector/none.js", "").mustHaveStatus(t, 404)
	b.ask(t, "GET", "inspector/..%2finspector.go", "").mustHaveStatus(t, 404)
}

func TestThePageHasNoInlineScriptOrStyleAndLoadsNothingFromElsewhere(t *testing.T) {
	b := newBench(t, sandbox.WithControl())
	page := b.ask(t, "GET", "", "").body
	for _, forbidden := range []string{"<style", "style=", "onclick", "http://", "https://", "<script>", `src="/`} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page has %s", forbidden)
		}
	}
}

func TestTheContractIsServedWithItsSources(t *testing.T) {
	b := newBench(t, sandbox.WithControl())
	var document struct {
		Paths map[string]map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(b.ask(t, "GET", "contract", "").body), &document); err != nil {
		t.Fatal(err)
	}
	if operation := document.Paths["/api_keys"]["get"]; operation["operationId"] != "getApiKeys" || operation["x-source"] != "seed" {
		t.Errorf("the operation is %v", operation)
	}
}

// inspected is what these tests look at in an event.
type inspected struct {
	Path       string
	Expected   string
	Checks     []struct{ Name, Result, Detail string }
	Violations []struct{ Direction, Rule string }
}

// results returns + for a check that passed, - for one that failed, and . for one that was not
// reached.
func (i inspected) results() string {
	var results strings.Builder
	for _, check := range i.Checks {
		results.WriteString(map[string]string{"passed": "+", "failed": "-", "not_reached": "."}[check.Result])
	}
	return results.String()
}

func TestAnEventTellsHowFarARequestCame(t *testing.T) {
	b := newBench(t, sandbox.WithControl())
	const text = "1790856000000GET" + keysPath
	for name, test := range map[string]struct {
		sent              sent
		faults            []sandbox.Fault
		results, expected string
		rules             string
	}{
		"all the way":        {sent{}, nil, "+++++", text, ""},
		"no headers":         {sent{change: anonymous}, nil, "-....", "", "request authentication, request authentication, request authentication"},
		"a clock":            {sent{change: with(protocol.HeaderTimestamp, "1790855000000")}, nil, "+-...", "", ""},
		"a word for a time":  {sent{change: with(protocol.HeaderTimestamp, "canary")}, nil, "+-...", "", "request header-form"},
		"a malformed key ID": {sent{change: with(protocol.HeaderKey, "canary")}, nil, "++-..", "", "request header-form"},
		"an unknown key":     {sent{change: with(protocol.HeaderKey, unknownID)}, nil, "+++-.", "", ""},
		"a wrong signature":  {sent{change: with(protocol.HeaderSignature, strings.Repeat("A", 86)+"==")}, nil, "++++-", text, ""},
		"no operation":       {sent{path: "/", leavesContract: true}, nil, "", "", "request path"},
		"a fault before":     {sent{leavesContract: true}, []sandbox.Fault{{Kind: sandbox.FaultStatus, Status: 418}}, ".....", "", "response status"},
		"a fault after":      {sent{}, []sandbox.Fault{{Kind: sandbox.FaultWrongDate, Duration: time.Hour}}, "+++++", text, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b.setFaults(t, test.faults...)
			b.send(t, test.sent)
			events := b.listen(t, "")
			var got inspected
			for range len(b.box.Exchanges()) {
				got = decodeEvent(t, events)
			}
			if got.results() != test.results || got.Expected != test.expected {
				t.Errorf("got %q over %q, want %q over %q", got.results(), got.Expected, test.results, test.expected)
			}
			var rules []string
			for _, violation := range got.Violations {
				rules = append(rules, violation.Direction+" "+violation.Rule)
			}
			if strings.Join(rules, ", ") != test.rules {
				t.Errorf("it breaks %q, want %q", rules, test.rules)
			}
			if strings.Contains(toJSON(t, got), "canary") {
				t.Errorf("a malformed header is shown: %+v", got)
			}
		})
	}
}

func TestAnAnswerThatWasNeverBegunIsNotHeldAgainstTheContract(t *testing.T) {
	b := newBench(t, sandbox.WithControl())
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultDrop, Point: sandbox.AfterProcessing, Times: 2})
	request := b.newRequest(t, sent{leavesContract: true})
	if response, err := b.http.Do(request); err == nil {
		_ = response.Body.Close()
		t.Fatal("the connection was not dropped")
	}
	if got := decodeEvent(t, b.listen(t, "")); len(got.Violations) != 0 {
		t.Errorf("it breaks %v", got.Violations)
	}
}

func TestAnEventShowsALongPathCutAndAllOfAShortOne(t *testing.T) {
	b := newBench(t, sandbox.WithControl())
	const shown = 200
	for name, test := range map[string]struct {
		length int
		end    string
	}{
		"as long as is shown": {shown, ""},
		"one byte longer":     {shown + 1, "..."},
		"far longer":          {10 * shown, "..."},
	} {
		t.Run(name, func(t *testing.T) {
			b.box.Reset()
			path := keysPath + "/" + strings.Repeat("x", test.length-len(keysPath)-1)
			b.send(t, sent{method: "DELETE", path: path, leavesContract: true}).mustHaveStatus(t, 400)
			got := decodeEvent(t, b.listen(t, ""))
			if got.Path != path[:shown] {
				t.Errorf("the path is %q", got.Path)
			}
			if want := protocol.Timestamp(b.clock.Now()) + "DELETE" + path[:shown] + test.end; got.Expected != want {
				t.Errorf("the text expected is\n%q, want\n%q", got.Expected, want)
			}
		})
	}
}

func TestEventsComeAsTheyHappenAndAListenerComesBackToWhereItWas(t *testing.T) {
	b := newBench(t, sandbox.WithControl())
	events := b.listen(t, "")
	b.send(t, sent{path: "/1", leavesContract: true})
	if got := decodeEvent(t, events); got.Path != "/1" {
		t.Errorf("the first event is of %s", got.Path)
	}
	b.send(t, sent{path: "/2", leavesContract: true})
	if got := decodeEvent(t, b.listen(t, "1")); got.Path != "/2" {
		t.Errorf("who has seen the first gets %s", got.Path)
	}
	for _, last := range []string{"", "nonsense", "99", "-1"} {
		again := b.listen(t, last)
		if name, _ := nextEvent(t, again); name != "reset" {
			t.Errorf("who comes with %q begins with %q", last, name)
		}
		if got := decodeEvent(t, again); got.Path != "/1" {
			t.Errorf("who comes with %q goes on with %s", last, got.Path)
		}
	}
	decodeEvent(t, events)
	b.box.Reset()
	if name, _ := nextEvent(t, events); name != "reset" {
		t.Errorf("a reset is told as %q", name)
	}
	b.send(t, sent{path: "/3", leavesContract: true})
	if got := decodeEvent(t, events); got.Path != "/3" {
		t.Errorf("after the reset comes %s", got.Path)
	}
	if got := decodeEvent(t, b.listen(t, "")); got.Path != "/3" {
		t.Errorf("who comes after the reset begins with %s", got.Path)
	}
}

func TestTheFeedKeepsAsManyExchangesAsTheLog(t *testing.T) {
	b := newBench(t, sandbox.WithControl(), sandbox.WithExchangeLog(2))
	for _, path := range []string{"/1", "/2", "/3"} {
		b.send(t, sent{path: path, leavesContract: true})
	}
	if got := decodeEvent(t, b.listen(t, "")); got.Path != "/2" {
		t.Errorf("the oldest event is of %s", got.Path)
	}
}

func TestStreamsEndWithTheirClientAndWhenTheSandboxEndsThem(t *testing.T) {
	b := newBench(t, sandbox.WithControl())
	const most = 16
	var streams []*bufio.Scanner
	for range most {
		streams = append(streams, b.listen(t, ""))
	}
	b.ask(t, "GET", "events", "").mustHaveStatus(t, 503)
	b.box.EndEvents()
	for _, stream := range streams {
		for stream.Scan() {
			continue
		}
		if err := stream.Err(); err != nil {
			t.Errorf("the stream ended with %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	for range most {
		b.listenUntil(ctx, t, "")
	}
	cancel()
	// The places are free once the server has noticed.
	for b.tryToListen(t) != http.StatusOK {
		continue
	}
}

func TestAListenerThatIsTooSlowIsCutOff(t *testing.T) {
	box := sandbox.New(sandbox.WithControl())
	held := newHeldWriter()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		box.ServeHTTP(held, controlRequest(t, "events"))
	}()
	<-held.writing
	for range 200 {
		box.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	}
	close(held.release)
	select {
	case <-ended:
	case <-t.Context().Done():
		t.Error("the stream goes on")
	}
}

// heldWriter is the answer to a client that does not read until it is released.
type heldWriter struct {
	http.ResponseWriter
	writing, release chan struct{}
	begun            bool
}

func newHeldWriter() *heldWriter {
	return &heldWriter{ResponseWriter: httptest.NewRecorder(), writing: make(chan struct{}), release: make(chan struct{})}
}

func (w *heldWriter) Write(data []byte) (int, error) {
	if !w.begun {
		w.begun = true
		close(w.writing)
		<-w.release
	}
	return w.ResponseWriter.Write(data)
}

func (w *heldWriter) Flush() {}

func TestOtherMachinesAreLetInByTheHostsThatAreNamedAlone(t *testing.T) {
	box := sandbox.New(sandbox.WithControl(), sandbox.WithControlHosts("sandbox.test"))
	for name, test := range map[string]struct {
		host   string
		change func(*http.Request)
		status int
	}{
		"by the name":                {"sandbox.test:8080", nil, 200},
		"by the name in capitals":    {"SANDBOX.test", nil, 200},
		"by another name":            {"evil.example", nil, 403},
		"by loopback's name":         {"localhost", nil, 403},
		"from a foreign page":        {"sandbox.test", with("Origin", "http://evil.example"), 403},
		"from a page of its own":     {"sandbox.test", with("Origin", "http://sandbox.test"), 200},
		"from a page by TLS":         {"sandbox.test", with("Origin", "https://sandbox.test"), 403},
		"a resource of another site": {"sandbox.test", with("Sec-Fetch-Site", "cross-site"), 403},
		"a resource of its own":      {"sandbox.test", with("Sec-Fetch-Site", "same-origin"), 200},
		"typed by the user":          {"sandbox.test", with("Sec-Fetch-Site", "none"), 200},
		"a link on another site": {"sandbox.test", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", "navigate")
			r.Header.Set("Sec-Fetch-Dest", "document")
		}, 200},
		"a frame on another site": {"sandbox.test", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", "navigate")
			r.Header.Set("Sec-Fetch-Dest", "iframe")
		}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			request := controlRequest(t, "faults")
			request.RemoteAddr, request.Host = "192.0.2.1:50000", test.host
			if test.change != nil {
				test.change(request)
			}
			recorder := httptest.NewRecorder()
			box.ServeHTTP(recorder, request)
			if recorder.Code != test.status {
				t.Errorf("got %d %s, want %d", recorder.Code, recorder.Body, test.status)
			}
		})
	}
}

func controlRequest(t *testing.T, path string) *http.Request {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, control+path, nil)
	request.RemoteAddr, request.Host = "127.0.0.1:1", "localhost"
	return request
}

func (b *bench) listen(t *testing.T, lastEventID string) *bufio.Scanner {
	t.Helper()
	return b.listenUntil(t.Context(), t, lastEventID)
}

// listenUntil follows the events until the context ends.
func (b *bench) listenUntil(ctx context.Context, t *testing.T, lastEventID string) *bufio.Scanner {
	t.Helper()
	response := b.get(ctx, t, lastEventID)
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the stream is %d %s", response.StatusCode, response.Header.Get("Content-Type"))
	}
	return bufio.NewScanner(response.Body)
}

func (b *bench) get(ctx context.Context, t *testing.T, lastEventID string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+control+"events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(leavesContract, "yes")
	request.Header.Set("Last-Event-ID", lastEventID)
	response, err := b.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (b *bench) tryToListen(t *testing.T) int {
	t.Helper()
	response := b.get(t.Context(), t, "")
	_ = response.Body.Close()
	return response.StatusCode
}

// nextEvent returns the name and the data of the next event.
func nextEvent(t *testing.T, stream *bufio.Scanner) (name, data string) {
	t.Helper()
	for stream.Scan() {
		if text, ok := strings.CutPrefix(stream.Text(), "event: "); ok {
			name = text
		}
		if text, ok := strings.CutPrefix(stream.Text(), "data: "); ok {
			return name, text
		}
	}
	t.Fatalf("the stream ended: %v", stream.Err())
	return "", ""
}

// decodeEvent returns the next exchange, past a reset.
func decodeEvent(t *testing.T, stream *bufio.Scanner) inspected {
	t.Helper()
	name, data := nextEvent(t, stream)
	if name == "reset" {
		name, data = nextEvent(t, stream)
	}
	var got inspected
	if err := json.Unmarshal([]byte(data), &got); err != nil || name != "exchange" {
		t.Fatalf("%s %s: %v", name, data, err)
	}
	return got
}
