package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
)

// world is a service, and the program that keeps its keys in stores.
type world struct {
	dir         string // of this run
	program     string
	box         *sandbox.Sandbox
	server      *httptest.Server
	connections atomic.Int64 // those that the service holds
	foreign     sandbox.Key  // a key of the account that no store holds, and that must stay
}

func newWorld(ctx context.Context) (w *world, err error) {
	w = &world{box: sandbox.New()}
	if w.dir, err = os.MkdirTemp("", "kalshi-chaos-"); err != nil {
		return nil, err
	}
	w.server = httptest.NewUnstartedServer(w.box)
	w.server.Config.ConnState = w.count
	w.server.Start()
	w.program = filepath.Join(w.dir, "kalshi-keys")
	//nolint:gosec // The program's own name, and a directory of this run.
	build := exec.CommandContext(ctx, "go", "build", "-o", w.program, "./wrapper/cmd/kalshi-keys")
	build.Stderr = os.Stderr
	if err = build.Run(); err == nil {
		w.foreign, err = w.box.Bootstrap(sandbox.OfType(sandbox.Ed25519), sandbox.Named("foreign"))
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) close() {
	w.server.Close()
	_ = os.RemoveAll(w.dir)
}

func (w *world) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		w.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		w.connections.Add(-1)
	}
}

// quiet waits until the service is done with all that a process sent before it ended. What it had
// connected is accepted before a connection made now, and held until its requests are answered.
func (w *world) quiet(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL, nil)
	if err != nil {
		return err
	}
	request.Close = true
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for w.connections.Load() > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (w *world) baseURL() string { return w.server.URL + sandbox.BasePath }

// command returns a run of the program on a store.
func (w *world) command(ctx context.Context, store, name string, args ...string) *exec.Cmd {
	//nolint:gosec // The program under test.
	command := exec.CommandContext(ctx, w.program, append([]string{name, "--store", store}, args...)...)
	command.Env = []string{"KALSHI_BASE_URL=" + w.baseURL(), "PATH=" + os.Getenv("PATH")}
	return command
}

// newSite makes a store with one key in it.
func (w *world) newSite(ctx context.Context, name string) (*site, error) {
	key, err := w.box.Bootstrap(sandbox.OfType(sandbox.Ed25519), sandbox.Named(name))
	if err != nil {
		return nil, err
	}
	s := &site{world: w, dir: filepath.Join(w.dir, name)}
	file := s.dir + ".pem"
	if err := os.WriteFile(file, []byte(key.PrivateKey.RevealPrivateKey()), 0o600); err != nil {
		return nil, err
	}
	out, err := w.command(ctx, s.dir, "import", key.ID, file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("import: %w: %s", err, out)
	}
	return s, nil
}

// liveKeys returns the keys at the service that work, but for the foreign one.
func (w *world) liveKeys() (ours []sandbox.KeyState, err error) {
	err = errors.New("a key that is not the store's was deleted")
	for _, key := range w.box.Keys() {
		switch {
		case key.Deleted:
		case key.ID == w.foreign.ID:
			err = nil
		default:
			ours = append(ours, key)
		}
	}
	return ours, err
}
