package control_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/control"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestTheInspectorIsServedUnderAStrictPolicy(t *testing.T) {
	b := newBench(t)
	for path, contentType := range map[string]string{
		"":                   "text/html; charset=utf-8",
		"page/main.js":       "text/javascript; charset=utf-8",
		"page/inspector.css": "text/css; charset=utf-8",
		"page/icon.svg":      "image/svg+xml; charset=utf-8",
		"contract":           "application/json",
		"keys":               "application/json",
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
	b.ask(t, "GET", "page/none.js", "").mustHaveStatus(t, 404)
	b.ask(t, "GET", "page/..%2fpage.go", "").mustHaveStatus(t, 404)
}

func TestThePageHasNoInlineScriptOrStyleAndLoadsNothingFromElsewhere(t *testing.T) {
	b := newBench(t)
	page := b.ask(t, "GET", "", "").body
	for _, forbidden := range []string{"<style", "style=", "onclick", "http://", "https://", "<script>", `src="/`} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page has %s", forbidden)
		}
	}
}

func TestTheContractIsServedWithItsSources(t *testing.T) {
	b := newBench(t)
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

// inspected is what these tests look at in an exchange.
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

func TestAnExchangeTellsHowFarARequestCame(t *testing.T) {
	b := newBench(t)
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
		"no operation":       {sent{path: "/"}, nil, "", "", "request path"},
		"a fault before":     {sent{}, []sandbox.Fault{{Kind: sandbox.FaultStatus, Status: 418}}, ".....", "", "response status"},
		"a fault after":      {sent{}, []sandbox.Fault{{Kind: sandbox.FaultWrongDate, Duration: time.Hour}}, "+++++", text, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b.setFaults(t, test.faults...)
			b.send(t, test.sent)
			got := b.last(t)
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
	b := newBench(t)
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultDrop, Point: sandbox.AfterProcessing, Times: 2})
	b.send(t, sent{}).mustHaveStatus(t, 0)
	if got := b.last(t); len(got.Violations) != 0 {
		t.Errorf("it breaks %v", got.Violations)
	}
}

func TestAnExchangeShowsALongPathCutAndAllOfAShortOne(t *testing.T) {
	b := newBench(t)
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
			b.send(t, sent{method: "DELETE", path: path}).mustHaveStatus(t, 400)
			got := b.last(t)
			if got.Path != path[:shown]+test.end {
				t.Errorf("the path is %q", got.Path)
			}
			if want := protocol.Timestamp(now()) + "DELETE" + path[:shown] + test.end; got.Expected != want {
				t.Errorf("the text expected is\n%q, want\n%q", got.Expected, want)
			}
		})
	}
}

func TestOtherMachinesAreLetInByTheHostsThatAreNamedAlone(t *testing.T) {
	handler := control.Handler(sandbox.New(), "sandbox.test")
	for name, test := range map[string]struct {
		host   string
		change func(http.Header)
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
		"a link on another site": {"sandbox.test", func(header http.Header) {
			header.Set("Sec-Fetch-Site", "cross-site")
			header.Set("Sec-Fetch-Mode", "navigate")
			header.Set("Sec-Fetch-Dest", "document")
		}, 200},
		"a frame on another site": {"sandbox.test", func(header http.Header) {
			header.Set("Sec-Fetch-Site", "cross-site")
			header.Set("Sec-Fetch-Mode", "navigate")
			header.Set("Sec-Fetch-Dest", "iframe")
		}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			request := controlRequest(t, "faults")
			request.RemoteAddr, request.Host = "192.0.2.1:50000", test.host
			if test.change != nil {
				test.change(request.Header)
			}
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			if recorder.Code != test.status {
				t.Errorf("got %d %s, want %d", recorder.Code, recorder.Body, test.status)
			}
		})
	}
}

func controlRequest(t *testing.T, path string) *http.Request {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, control.Path+path, nil)
	request.RemoteAddr, request.Host = "127.0.0.1:1", "localhost"
	return request
}

// last returns the last exchange.
func (b *bench) last(t *testing.T) inspected {
	t.Helper()
	var all struct{ Exchanges []inspected }
	if err := json.Unmarshal([]byte(b.ask(t, "GET", "exchanges", "").body), &all); err != nil {
		t.Fatal(err)
	}
	return all.Exchanges[len(all.Exchanges)-1]
}
