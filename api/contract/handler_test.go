package contract_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/contract"
)

func TestAHandlerSeesTheRequestAsItWas(t *testing.T) {
	server := httptest.NewServer(contract.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != createBody("") || r.ContentLength != int64(len(got)) {
			t.Errorf("the handler got %q, %v, length %d", got, err, r.ContentLength)
		}
		answer(201, createdBody)(w, r)
	}), contract.TB(t)))
	defer server.Close()
	create().exchange(t, server.URL, server.Client().Transport)
}

func TestAHandlerStillStreams(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(contract.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{\"api_keys\":\n")
		w.(http.Flusher).Flush()
		<-release
		_, _ = io.WriteString(w, "[]}")
	}), contract.TB(t)))
	defer server.Close()
	r, err := server.Client().Transport.RoundTrip(list().request(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	lines := bufio.NewReader(r.Body)
	if first, err := lines.ReadString('\n'); err != nil {
		t.Fatalf("the first line did not come before the last: %q, %v", first, err)
	}
	close(release)
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != "[]}" {
		t.Errorf("got %q, %v", rest, err)
	}
}

func TestAFlushSendsTheStatus(t *testing.T) {
	e := list().answering(func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() })
	got := e.throughHandler(t).Violations()
	if len(got) != 1 || got[0].Status != http.StatusOK {
		t.Errorf("got %v", got)
	}
}

func TestAResponseThatItsHandlerDoesNotFinishCoversNothing(t *testing.T) {
	for status, want := range map[int]struct{ got, text string }{
		0:   {"none, because the handler did not finish", "in DELETE /trade-api/v2/api_keys/" + otherID},
		204: {"0 bytes of a response that its handler did not finish", "answered 204 No Content"},
	} {
		var violations []contract.Violation
		coverage := coverageOf(t, func() { violations = remove().answering(panicking(status)).throughHandler(t).Violations() })
		if len(violations) != 1 || violations[0].Status != status || violations[0].Got != want.got || !strings.HasSuffix(violations[0].String(), want.text) {
			t.Errorf("after %d: got %v", status, violations)
		}
		if covered := coverage.Percent(); covered != 0 {
			t.Errorf("after %d: %v %% are covered", status, covered)
		}
	}
}

func TestAHandlerThatPanicsStillAborts(t *testing.T) {
	e := list().answering(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := httptest.NewServer(contract.Handler(e.answer, &contract.Collector{}))
	defer server.Close()
	if r, err := server.Client().Transport.RoundTrip(e.request(t, server.URL)); err == nil {
		_ = r.Body.Close()
		t.Errorf("the client got %s", r.Status)
	}
}
