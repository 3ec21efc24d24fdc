package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestVerifySendsNothingWhenTheReportCannotBeWritten(t *testing.T) {
	var requests atomic.Int64
	world := worldOf(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	run(t.Context(), world, "verify", "--report", filepath.Join(t.TempDir(), "missing", "report.xml")).
		want(t, 2, "error: the report cannot be written: ", "hint: Give --report a path")
	if sent := requests.Load(); sent != 0 {
		t.Errorf("%d requests were sent", sent)
	}
}

func TestAReportOfDeviationsIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("an old report\n", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	world := sandboxWith(t, sandbox.Fault{
		Operation: protocol.GetAPIKeys, Kind: sandbox.FaultMissingField, Field: "/api_keys/0/scopes",
	})
	got := run(t.Context(), world, "verify", "--read-only", "--settle", "100ms", "--report", path)
	got.want(t, 8)
	text, err := os.ReadFile(path)
	if err != nil || string(text) != got.stdout || got.stdout == "" {
		t.Errorf("the file is not what was printed (%v):\n%s\nprinted:\n%s", err, text, got.stdout)
	}
}
