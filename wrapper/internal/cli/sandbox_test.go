package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

// runningSandbox runs the command sandbox, and returns its environment file once it is there,
// what that holds, and a function that stops the sandbox.
func runningSandbox(t *testing.T) (file string, content []byte, stop func()) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "sandbox.env")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan outcome, 1)
	go func() {
		ended <- run(ctx, program.World{}, "sandbox", "--type", "ed25519", "--control", "--env-file", file)
	}()
	stop = func() {
		cancel()
		if got := <-ended; got.code != 0 {
			t.Errorf("the sandbox ended with %+v", got)
		}
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		content, err := os.ReadFile(file)
		if err == nil {
			return file, content, stop
		}
		select {
		case <-look.C:
		case got := <-ended:
			t.Fatalf("the sandbox ended with %+v", got)
		}
	}
}

func TestTheFilesOfASandboxThatStillRunsAreLeftToIt(t *testing.T) {
	file, content, stop := runningSandbox(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run(ctx, program.World{}, "sandbox", "--env-file", file).want(t, 2,
		"belongs to a sandbox that still runs at http://127.0.0.1:", "hint: Use that sandbox, stop it, or choose another --env-file")
	mustHold(t, file, content)
	stop()
	if _, err := os.Stat(file); err == nil {
		t.Error("the sandbox that ran did not remove its file")
	}
}

// An interrupt keeps the second sandbox from finding out whether the first one runs.
func TestAnInterruptedSandboxRemovesNoFiles(t *testing.T) {
	file, content, stop := runningSandbox(t)
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	run(ctx, program.World{}, "sandbox", "--env-file", file).want(t, 1)
	mustHold(t, file, content)
}

func mustHold(t *testing.T, file string, content []byte) {
	t.Helper()
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, content) {
		t.Errorf("the file was changed (%v):\n%s\nbefore:\n%s", err, now, content)
	}
}
