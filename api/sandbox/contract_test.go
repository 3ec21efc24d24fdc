package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/contract"
)

// leavesContract marks a request whose exchange leaves the contract on purpose.
const leavesContract = "X-Test-Leaves-Contract"

// held serves next and fails tb where an exchange leaves the contract: in any answer, and in a
// request that was accepted. A refused request may be as wrong as it likes.
func held(tb testing.TB, next http.Handler) http.Handler {
	tb.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(leavesContract) != "" {
			next.ServeHTTP(w, r)
			return
		}
		var found contract.Collector
		answer := &statusRecorder{ResponseWriter: w}
		contract.Handler(next, &found).ServeHTTP(answer, r)
		for _, violation := range found.Violations() {
			if violation.Direction == contract.Response || answer.status < http.StatusMultipleChoices {
				tb.Errorf("%d: %s", answer.status, violation)
			}
		}
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// noted is a testing.TB that only counts.
type noted struct {
	testing.TB
	errors int
}

func (n *noted) Helper()               {}
func (n *noted) Errorf(string, ...any) { n.errors++ }

func TestTheseTestsNoticeAnExchangeThatLeavesTheContract(t *testing.T) {
	for name, test := range map[string]struct {
		query  string
		status int
		body   string
		want   bool
	}{
		"a legal one":               {"", 200, `{"api_keys":[]}`, false},
		"an undocumented status":    {"", 403, `{"msg":"no"}`, true},
		"a missing field":           {"", 200, `{}`, true},
		"a wrong request, accepted": {"?page=2", 200, `{"api_keys":[]}`, true},
		"a wrong request, refused":  {"?page=2", 401, `{"msg":"no"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			noted := &noted{TB: t}
			handler := held(noted, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			b := newBench(t)
			request := b.newRequest(t, sent{path: keysPath + test.query})
			local := httptest.NewRequestWithContext(t.Context(), request.Method, keysPath+test.query, strings.NewReader(""))
			local.Header = request.Header
			handler.ServeHTTP(httptest.NewRecorder(), local)
			if got := noted.errors > 0; got != test.want {
				t.Errorf("noticed: %v, want %v", got, test.want)
			}
		})
	}
}
