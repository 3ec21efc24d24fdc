package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

func TestListShowsNullAsAnEmptyList(t *testing.T) {
	key, err := sandbox.New().Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"api_keys":null}`: `{"api_keys":[]}`,
		`{"api_keys":[{"api_key_id":"x","name":"n","scopes":null}]}`: `{"api_keys":[{"api_key_id":"x","name":"n","scopes":[]}]}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(server.Close)
		world := program.World{Env: map[string]string{
			"KALSHI_BASE_URL": server.URL + sandbox.BasePath, "KALSHI_API_KEY_ID": key.ID,
			"KALSHI_PRIVATE_KEY": key.PrivateKey.RevealPrivateKey(),
		}}
		got := run(t.Context(), world, "list", "--output", "json")
		if got.want(t, 0); got.stdout != want+"\n" {
			t.Errorf("%s is shown as %s", body, got.stdout)
		}
	}
}
