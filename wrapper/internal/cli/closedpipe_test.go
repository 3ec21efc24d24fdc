package cli_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

// command returns a run of the real program, not started yet.
func command(t *testing.T, world program.World, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), "kalshi-keys", args...)
	command.Dir = t.TempDir()
	ours := func(variable string) bool { return strings.HasPrefix(variable, "KALSHI_") }
	// Built with -race, every process that ends would wait for a second.
	command.Env = append(slices.DeleteFunc(os.Environ(), ours), "GORACE=atexit_sleep_ms=0")
	for name, value := range world.Env {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// closedPipe returns what a program writes to when whoever read from it is gone.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = writer.Close() })
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	return writer
}

// exitCode runs command and returns what it ends with, -1 for a signal.
func exitCode(t *testing.T, command *exec.Cmd) int {
	t.Helper()
	err := command.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode()
}

func TestAKeyIsKeptWhenNobodyReadsTheOutputAnyMore(t *testing.T) {
	var deleted bool
	generate := command(t, worldOf(t, generating(t, http.StatusNoContent, &deleted)), "generate", "bot", "--out", "key.pem", "--verbose")
	generate.Stdout, generate.Stderr = closedPipe(t), closedPipe(t)
	if code := exitCode(t, generate); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if kept, err := os.ReadFile(filepath.Join(generate.Dir, "key.pem")); err != nil || string(kept) != "secret text\n" || deleted {
		t.Errorf("the file holds %q (%v), the key was deleted: %t", kept, err, deleted)
	}
}

func TestARotationIsFinishedWhenNobodyReadsTheOutputAnyMore(t *testing.T) {
	_, world := storeWorld(t)
	rotate := command(t, world, "rotate", "--grace", "0s", "--verbose")
	rotate.Stdout, rotate.Stderr = closedPipe(t), closedPipe(t)
	if code := exitCode(t, rotate); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	left := run(t.Context(), world, "recover")
	if left.want(t, 0); left.stdout != "There is nothing to recover.\n" {
		t.Errorf("something was left: %s", left.stdout)
	}
	if listed := run(t.Context(), world, "list"); strings.Count(listed.stdout, "bootstrap [") != 1 {
		t.Errorf("the new key is not there:\n%s", listed.stdout)
	}
}

func TestWhatWasDoneIsSaidWhenTheOutputCannotBeWritten(t *testing.T) {
	_, world := storeWorld(t)
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"a list":        {[]string{"list"}, "error: writing to standard output: "},
		"a key made":    {[]string{"generate", "one", "--type", "ed25519"}, " is live and in the store, but: writing to standard output: "},
		"a rotation":    {[]string{"rotate", "--grace", "0s"}, " is current, but: writing to standard output: "},
		"files written": {[]string{"export", "--env", "bot.env"}, "bot.env.pem, but: writing to standard output: "},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			told := command(t, world, row.args...)
			told.Stdout, told.Stderr = closedPipe(t), &stderr
			if code := exitCode(t, told); code != 1 || !strings.Contains(stderr.String(), row.want) {
				t.Errorf("exit code %d, stderr:\n%s", code, &stderr)
			}
		})
	}
}
