package cli_test

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// storeWorld returns a sandbox, and an environment with a store that holds its first key.
func storeWorld(t *testing.T) (*sandbox.Sandbox, program.World) {
	t.Helper()
	box := sandbox.New()
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "first.pem")
	if err := os.WriteFile(file, []byte(key.PrivateKey.RevealPrivateKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	world := program.World{Env: map[string]string{
		"KALSHI_BASE_URL": server.URL + sandbox.BasePath,
		"KALSHI_STORE":    filepath.Join(dir, "keys"),
	}}
	run(t.Context(), world, "import", key.ID, file).want(t, 0)
	return box, world
}

func TestATerminalIsToldWhatIsDone(t *testing.T) {
	_, world := storeWorld(t)
	world.Terminal = true
	run(t.Context(), world, "rotate", "--grace", "0s").want(t, 0, "switching to key ", "revoking key ")
	world.Terminal = false
	if got := run(t.Context(), world, "rotate", "--grace", "0s"); got.stderr != "" {
		t.Errorf("without a terminal stderr holds %q", got.stderr)
	}
}

// endOn ends a context when text is written to it.
type endOn struct {
	bytes.Buffer

	text string
	end  context.CancelFunc
}

func (e *endOn) Write(p []byte) (int, error) {
	if strings.Contains(string(p), e.text) {
		e.end()
	}
	return e.Buffer.Write(p)
}

func TestATerminalIsToldWhatIsWaitedFor(t *testing.T) {
	_, world := storeWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const waiting = "works for another "
	stderr := &endOn{text: waiting, end: cancel}
	world.Terminal, world.Stdout, world.Stderr = true, io.Discard, stderr
	if code := program.Run(ctx, world, "rotate", "--grace", "1h"); code != 5 || !strings.Contains(stderr.String(), waiting) {
		t.Errorf("exit code %d, want 5; stderr:\n%s", code, stderr)
	}
}

func TestALostAnswerIsMadeGoodByTheStore(t *testing.T) {
	box, world := storeWorld(t)
	err := box.SetFaults(sandbox.Fault{
		Operation: protocol.GenerateAPIKey, Point: sandbox.AfterProcessing, Kind: sandbox.FaultDrop, Times: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	run(t.Context(), world, "rotate", "--grace", "0s", "--settle", "1s").want(t, 0)
	got := run(t.Context(), world, "list")
	if got.want(t, 0); strings.Count(got.stdout, "bootstrap [") != 1 || strings.Count(got.stdout, "bootstrap") != 1 {
		t.Errorf("not exactly the new key is left:\n%s", got.stdout)
	}
}

func TestALogOfAStoreCommandShowsNoKey(t *testing.T) {
	_, world := storeWorld(t)
	run(t.Context(), world, "rotate", "--grace", "0s", "--verbose").want(t, 0, "generateApiKey")
}
