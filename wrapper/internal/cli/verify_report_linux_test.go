package cli_test

import (
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestADeviationCountsMoreThanAReportThatCannotBeKept(t *testing.T) {
	world := sandboxWith(t, sandbox.Fault{
		Operation: protocol.GetAPIKeys, Kind: sandbox.FaultMissingField, Field: "/api_keys/0/scopes",
	})
	got := run(t.Context(), world, "verify", "--read-only", "--settle", "100ms", "--report", "/dev/full")
	got.want(t, 8, "deviates from the contract", "the report is not in /dev/full")
	if !strings.Contains(got.stdout, "scopes") {
		t.Errorf("the report was not printed:\n%s", got.stdout)
	}
}
