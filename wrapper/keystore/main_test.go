package keystore_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// A test that needs a second process runs this program again, with the name of a role in
// roleVariable and the directory of a store in directoryVariable.
const (
	roleVariable      = "KEYSTORE_TEST_ROLE"
	directoryVariable = "KEYSTORE_TEST_DIRECTORY"
)

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := play(context.Background(), role, os.Getenv(directoryVariable)); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func play(ctx context.Context, role, dir string) error {
	switch role {
	case "hold the lock":
		return holdLock(ctx, dir)
	case "count":
		return countTo(ctx, dir, countEach)
	case "rotate for ever":
		return rotateForEver(ctx, dir)
	case "write where nothing can be written":
		return writeReadOnly(ctx, dir)
	}
	return fmt.Errorf("there is no role %q", role)
}

// process is this program in a role.
type process struct {
	command *exec.Cmd
	lines   *bufio.Scanner
	stdin   io.Closer
}

func start(t *testing.T, role, dir string) *process {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"="+role, directoryVariable+"="+dir)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return &process{command, bufio.NewScanner(stdout), stdin}
}

// line returns the next line that the process writes.
func (p *process) line(t *testing.T) string {
	t.Helper()
	if !p.lines.Scan() {
		t.Fatalf("the process says nothing more: %v", p.command.Wait())
	}
	return p.lines.Text()
}

// kill ends the process as SIGKILL does, and returns what it had written until then.
func (p *process) kill(t *testing.T) (rest []string) {
	t.Helper()
	if err := p.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for p.lines.Scan() {
		rest = append(rest, p.lines.Text())
	}
	_ = p.command.Wait() // it was killed
	return rest
}

// finish closes the standard input of the process, and expects it to end well.
func (p *process) finish(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	if err := p.command.Wait(); err != nil {
		t.Error(err)
	}
}
