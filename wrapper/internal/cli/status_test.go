package cli_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"

	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

// watchedTerminal keeps what is written, and tells once that it holds a text.
type watchedTerminal struct {
	mu    sync.Mutex
	text  bytes.Buffer
	until string
	shown chan struct{}
}

func (w *watchedTerminal) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Contains(w.text.String(), w.until)
	n, err := w.text.Write(text)
	if !before && strings.Contains(w.text.String(), w.until) {
		close(w.shown)
	}
	return n, err
}

func TestATerminalShowsThatACommandWorksAndThenItsOutputAlone(t *testing.T) {
	terminal := &watchedTerminal{until: "list: working for ", shown: make(chan struct{})}
	world := worldOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-terminal.shown:
		case <-r.Context().Done():
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"api_keys":[]}`))
	}))
	world.Terminal, world.Stdout, world.Stderr = true, terminal, terminal
	if code := program.Run(t.Context(), world, "list"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	const clearLine = "\r\x1b[K"
	shown := terminal.text.String()
	if !strings.Contains(shown, clearLine+"kalshi-keys list: working for ") || !strings.Contains(shown, clearLine+"ID") {
		t.Errorf("the terminal got %q", shown)
	}
}

func TestATerminalShowsNothingOfACommandThatIsQuick(t *testing.T) {
	world, _ := recording(t, http.StatusOK, `{"api_keys":[]}`)
	world.Terminal = true
	if got := run(t.Context(), world, "list"); got.code != 0 || got.stderr != "" || strings.Contains(got.stdout, "\x1b") {
		t.Errorf("got %+v", got)
	}
}
