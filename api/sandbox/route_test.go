package sandbox_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
)

func anonymous(r *http.Request) {
	for name := range r.Header {
		if strings.HasPrefix(strings.ToUpper(name), "KALSHI-") {
			r.Header.Del(name)
		}
	}
}

func TestAnUnknownRouteIsAnswered404AsPlainTextWithoutAuthentication(t *testing.T) {
	b := newBench(t)
	for name, unknown := range map[string]struct{ method, path string }{
		"the root":              {"GET", "/"},
		"without the base path": {"GET", "/api_keys"},
		"another method":        {"PUT", keysPath},
		"HEAD":                  {"HEAD", keysPath},
		"PUT on generate":       {"PUT", generatePath},
		"POST on a key":         {"POST", keysPath + "/" + unknownID},
		"DELETE on the list":    {"DELETE", keysPath},
		"the base path":         {"GET", sandbox.BasePath},
		"another version":       {"GET", "/trade-api/v3/api_keys"},
		"below the WebSocket":   {"GET", "/trade-api/ws/v2/x"},
		"the control surface":   {"GET", "/_sandbox/faults"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send(t, sent{method: unknown.method, path: unknown.path, change: anonymous, leavesContract: true})
			got.mustHaveStatus(t, 404)
			if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
				t.Errorf("the content type is %q, want text/plain", kind)
			}
			if unknown.method != "HEAD" && strings.TrimSpace(got.body) != "404 page not found" {
				t.Errorf("the body is %q", got.body)
			}
		})
	}
}

func TestARequestWithATrailingSlashIsRedirectedWithoutAuthentication(t *testing.T) {
	b := newBench(t)
	for name, slashed := range map[string]struct{ method, path, location string }{
		"the list":               {"GET", keysPath + "/", keysPath},
		"the list with a query":  {"GET", keysPath + "/?a=b", keysPath + "?a=b"},
		"generate":               {"POST", generatePath + "/", generatePath},
		"a key":                  {"DELETE", keysPath + "/" + unknownID + "/", keysPath + "/" + unknownID},
		"a delete without an ID": {"DELETE", keysPath + "/", keysPath},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send(t, sent{method: slashed.method, path: slashed.path, change: anonymous})
			got.mustHaveStatus(t, 301)
			if location := got.header.Get("Location"); location != slashed.location {
				t.Errorf("it is sent to %q, want %q", location, slashed.location)
			}
		})
	}
}

func TestEveryAnswerCarriesTheDateOfTheSandboxsClock(t *testing.T) {
	b := newBench(t)
	b.clock.Advance(time.Hour)
	const want = "Thu, 01 Oct 2026 13:00:00 GMT"
	for _, path := range []string{keysPath, keysPath + "/", "/"} {
		if got := b.send(t, sent{path: path}).header.Get("Date"); got != want {
			t.Errorf("%s: Date is %q, want %q", path, got, want)
		}
	}
}

func TestTheSignedPathIsTheBytesOfTheRequestLine(t *testing.T) {
	b := newBench(t)
	// An escape that a decoder would undo stays part of what is signed.
	got := b.send(t, sent{method: "DELETE", path: keysPath + "/%30190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"})
	got.mustHaveStatus(t, 404)
	got = b.send(t, sent{method: "DELETE", path: keysPath + "/a%2Fb"})
	got.mustRefuseInput(t, "api_key is not a UUID")
}

func TestARequestLineInAbsoluteFormIsServed(t *testing.T) {
	b := newBench(t)
	request := b.newRequest(t, sent{})
	connection, err := net.Dial("tcp", request.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_, _ = fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\n", request.URL, request.URL.Host)
	_ = request.Header.Write(connection)
	_, _ = fmt.Fprint(connection, "\r\n")
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("got %d, want 200", response.StatusCode)
	}
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{keysPath, keysPath + "/", generatePath, keysPath + "/" + unknownID, keysPath + "/%2e%2e", "//", "/_sandbox/keys"} {
		f.Add("GET", path)
		f.Add("DELETE", path)
	}
	box := sandbox.New()
	f.Fuzz(func(t *testing.T, method, path string) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		request.Method, request.RequestURI = method, path
		request.URL.Path, request.URL.RawPath = path, path
		recorder := httptest.NewRecorder()
		box.ServeHTTP(recorder, request)
		if status := recorder.Code; status != 301 && status != 401 && status != 404 {
			t.Errorf("%s %q was answered %d without authentication", method, path, status)
		}
	})
}
