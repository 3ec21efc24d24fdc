//go:build !windows

package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// signalling sends itself to the process that it is told of, once for each request, before it
// goes on to next.
type signalling struct {
	signal  os.Signal
	process chan *os.Process
	next    http.HandlerFunc
}

func (s *signalling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A server sees that its client has gone only once the body is read.
	_, _ = io.Copy(io.Discard, r.Body)
	process := <-s.process
	s.process <- process
	if err := process.Signal(s.signal); err != nil {
		w.WriteHeader(http.StatusTeapot) // which fails the test
		return
	}
	s.next(w, r)
}

// signalled runs command, to which server sends its signals, and returns what it ends with.
func signalled(t *testing.T, command *exec.Cmd, server *signalling) int {
	t.Helper()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	server.process <- command.Process
	_ = command.Wait() // the exit code tells more
	return command.ProcessState.ExitCode()
}

// unignored has the programs that the test starts find the signal as if no nohup were around it.
func unignored(t *testing.T, caught os.Signal) {
	t.Helper()
	received := make(chan os.Signal, 1)
	signal.Notify(received, caught)
	t.Cleanup(func() { signal.Stop(received) })
}

func TestASignalThatEndsTheProgramEndsItInOrder(t *testing.T) {
	for _, ending := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(ending.String(), func(t *testing.T) {
			unignored(t, ending)
			server := &signalling{ending, make(chan *os.Process, 1), func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
			generate := command(t, worldOf(t, server), "generate", "bot", "--out", "key.pem")
			var stderr bytes.Buffer
			generate.Stderr = &stderr
			if code := signalled(t, generate, server); code != 6 || !strings.Contains(stderr.String(), "outcome unknown") {
				t.Errorf("exit code %d, stderr:\n%s", code, &stderr)
			}
			if _, err := os.Stat(filepath.Join(generate.Dir, "key.pem")); err == nil {
				t.Error("the empty file was left")
			}
		})
	}
}

// The answers give a signal that counts all the time it needs to end the program.
func TestAHangupThatIsIgnoredStaysIgnored(t *testing.T) {
	var asked atomic.Int32
	server := &signalling{syscall.SIGHUP, make(chan *os.Process, 1), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, `{"api_keys":[]}`)
	}}
	list := command(t, worldOf(t, server))
	list.Path, list.Args = "/bin/sh", []string{"sh", "-c", `trap "" HUP; exec kalshi-keys list`}
	var stderr bytes.Buffer
	list.Stderr = &stderr
	if code := signalled(t, list, server); code != 0 || asked.Load() != 2 {
		t.Errorf("exit code %d after %d requests, stderr:\n%s", code, asked.Load(), &stderr)
	}
}
