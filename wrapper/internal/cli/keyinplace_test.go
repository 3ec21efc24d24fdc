package cli_test

import (
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper"
)

// People paste a private key where its path belongs; no error may repeat it.
func TestAPrivateKeyInTheWrongPlaceIsNotRepeated(t *testing.T) {
	world := sandboxWith(t)
	key := world.Env[wrapper.EnvPrivateKey]
	body := strings.Split(key, "\n")[1]
	for _, args := range [][]string{
		{"create", "x", "--public-key", key}, {"generate", "--out", t.TempDir() + "/x.pem", "--", key}, {"export", "--env", key},
		{"generate", "x", "--out", key}, {"sandbox", "--env-file", "x", "--listen", key},
		{"list", "--output", key}, {"list", "--", key}, {"drift", "--", key}, {key}, {"sign", "GET", key}, {"list", "--base-url", key},
		{"list", "--key-id", key}, {"list", "--private-key-file", key}, {"delete", "--yes", "--", key},
	} {
		got := run(t.Context(), world, args...)
		if got.code == 0 || strings.Contains(got.stdout+got.stderr, body) || strings.Contains(got.stderr, body[:20]) {
			t.Errorf("kalshi-keys %.20s… ended with %d and shows the key:\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
		}
	}
}
