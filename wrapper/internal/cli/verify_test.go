package cli_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// sandboxWith returns an environment that leads to a sandbox with a fault.
func sandboxWith(t *testing.T, faults ...sandbox.Fault) program.World {
	t.Helper()
	box := sandbox.New()
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	if err := box.SetFaults(faults...); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	return program.World{Env: map[string]string{
		"KALSHI_BASE_URL":     server.URL + sandbox.BasePath,
		wrapper.EnvAPIKeyID:   key.ID,
		wrapper.EnvPrivateKey: key.PrivateKey.RevealPrivateKey(),
	}}
}

// Each fault is one that a service could have; the report must name the operation and what is
// wrong with its answer.
func TestVerifyNamesWhatAFaultySandboxDoesWrong(t *testing.T) {
	list, generate := protocol.GetAPIKeys, protocol.GenerateAPIKey
	create, remove := protocol.CreateAPIKey, protocol.DeleteAPIKey
	html := map[string]string{"Content-Type": "text/html"}
	rows := []struct {
		name  string
		fault sandbox.Fault
		want  []string
	}{
		{"a wrong type in the list", sandbox.Fault{Operation: list, Kind: sandbox.FaultWrongType, Field: "/api_keys/0/name"}, []string{"getApiKeys", "body /api_keys/0/name", "string"}},
		{"a field missing in the list", sandbox.Fault{Operation: list, Kind: sandbox.FaultMissingField, Field: "/api_keys/0/scopes"}, []string{"getApiKeys", "scopes"}},
		{"no private key", sandbox.Fault{Operation: generate, Kind: sandbox.FaultMissingField, Field: "/private_key"}, []string{"generateApiKey", "private_key"}},
		{"a key ID that is no string", sandbox.Fault{Operation: create, Kind: sandbox.FaultWrongType, Field: "/api_key_id"}, []string{"createApiKey", "api_key_id"}},
		{"an undocumented status", sandbox.Fault{Operation: remove, Kind: sandbox.FaultStatus, Status: 418, Body: `{"msg":"teapot"}`}, []string{"deleteApiKey", "418"}},
		{"a page instead of JSON", sandbox.Fault{Operation: list, Kind: sandbox.FaultStatus, Status: 200, Header: html, Body: "<html>"}, []string{"getApiKeys", "text/html"}},
		{"a success of another kind", sandbox.Fault{Operation: create, Kind: sandbox.FaultStatus, Status: 200, Body: `{}`}, []string{"createApiKey", "200"}},
		{"half a body", sandbox.Fault{Operation: list, Kind: sandbox.FaultHalfBody}, []string{"getApiKeys", "truncated"}},
		{"a reset connection", sandbox.Fault{Operation: generate, Kind: sandbox.FaultReset}, []string{"generateApiKey", "no answer"}},
		{"no answer to delete", sandbox.Fault{Operation: remove, Kind: sandbox.FaultDrop}, []string{"deleteApiKey", "no answer"}},
		{"an error in place of every answer", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, Body: `{"error":{"code":"internal_server_error"}}`}, []string{"getApiKeys", "500"}},
	}
	if testing.Short() {
		rows = rows[:3] // the others race in the same way
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := run(t.Context(), sandboxWith(t, row.fault), "verify", "--settle", "100ms")
			got.want(t, 8, "error: the service deviates from the contract", "hint: ")
			for _, text := range row.want {
				if !strings.Contains(got.stdout, text) {
					t.Errorf("the report does not say %q:\n%s", text, got.stdout)
				}
			}
		})
	}
}

func TestVerifyShowsProgressOnATerminalOnly(t *testing.T) {
	world := sandboxWith(t)
	quiet := run(t.Context(), world, "verify", "--read-only")
	quiet.want(t, 0)
	if quiet.stderr != "" {
		t.Errorf("in a pipe, stderr has %q", quiet.stderr)
	}
	world.Terminal = true
	shown := run(t.Context(), world, "verify", "--read-only")
	shown.want(t, 0, "1 checks, last: ")
	if !strings.HasSuffix(shown.stderr, "\r\x1b[K") {
		t.Errorf("the line of the progress stays: %q", shown.stderr)
	}
}

func TestVerifyRefusesToChangeProductionUnasked(t *testing.T) {
	world := sandboxWith(t)
	for _, base := range []string{"", "https://API.elections.kalshi.com:443/trade-api/v2", string(wrapper.ProductionExternalAPI)} {
		world.Env["KALSHI_BASE_URL"] = base
		run(t.Context(), world, "verify").want(t, 2, "keys in production", "--read-only")
	}
}

func TestVerifySaysWhyItCannotRun(t *testing.T) {
	world := sandboxWith(t)
	world.Env["KALSHI_BASE_URL"] = "http://127.0.0.1:1/trade-api/v2"
	run(t.Context(), world, "verify", "--settle", "100ms").want(t, 5, "error: ", "hint: ")
	world.Env["KALSHI_BASE_URL"] = "http://kalshi.test/trade-api/v2"
	run(t.Context(), world, "verify").want(t, 2, "https")
	world = sandboxWith(t)
	run(t.Context(), world, "verify", "--read-only", "--report", t.TempDir()+"/none/report.xml").want(t, 2, "report.xml")
	world.Env[wrapper.EnvPrivateKey] = ""
	run(t.Context(), world, "verify").want(t, 2, "no private key is given")
}
