package cli_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestVerifySaysWhyNothingAnswers(t *testing.T) {
	closes := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	hangs := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for name, row := range map[string]struct {
		address func(t *testing.T) string
		args    []string
		want    []string
	}{
		"a port that nobody listens on": {func(*testing.T) string { return "http://127.0.0.1:1/trade-api/v2" }, nil,
			[]string{"does not accept connections", "if it is a sandbox, start it"}},
		"a service that hangs up": {serving((*httptest.Server).Start, closes), nil,
			[]string{"the connection was cut before an answer", "Check what is between"}},
		"a certificate that nobody vouches for": {serving((*httptest.Server).StartTLS, closes), nil,
			[]string{"which this machine does not trust", "Never turn the verification off"}},
		"a service that takes too long": {serving((*httptest.Server).Start, hangs), []string{"--timeout", "50ms"},
			[]string{"verify was not done in time", "Give a longer --timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := sandboxWith(t)
			address := row.address(t)
			args := append([]string{"verify", "--read-only", "--base-url", address}, row.args...)
			got := run(t.Context(), world, args...)
			if row.args == nil {
				row.want = append(row.want, "error: "+address+" does not answer: ")
			}
			got.want(t, 5, row.want...)
		})
	}
}

func serving(start func(*httptest.Server), handler http.Handler) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		server := httptest.NewUnstartedServer(handler)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		start(server)
		t.Cleanup(server.Close)
		return server.URL + "/trade-api/v2"
	}
}
