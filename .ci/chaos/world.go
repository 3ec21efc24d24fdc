package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
)

// world is a service, and the program that keeps its keys in stores.
type world struct {
	// dir is a directory of this run, and memory one that syncs in no time, if there is one.
	dir, memory string
	program     string
	box         *sandbox.Sandbox
	server      *http.Server
	origin      string
	// connections counts those that the service holds.
	connections atomic.Int64
	// exchanges counts the requests that the service has answered.
	exchanges atomic.Int64
	// foreign is a key of the account that no store holds, and that must stay.
	foreign sandbox.Key
}

func newWorld(ctx context.Context) (*world, error) {
	dir, err := os.MkdirTemp("", "kalshi-chaos-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, memory: dir, program: filepath.Join(dir, "kalshi-keys")}
	if inMemory, err := os.MkdirTemp("/dev/shm", "kalshi-chaos-"); err == nil {
		w.memory = inMemory
	}
	if err := w.start(ctx); err != nil {
		return nil, errors.Join(err, w.removeDirectories())
	}
	return w, nil
}

func (w *world) removeDirectories() error {
	return errors.Join(os.RemoveAll(w.memory), os.RemoveAll(w.dir))
}

func (w *world) start(ctx context.Context) error {
	//nolint:gosec // The program's own name, and a directory of this run.
	build := exec.CommandContext(ctx, "go", "build", "-o", w.program, "./wrapper/cmd/kalshi-keys")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building the program: %w", err)
	}
	w.box = sandbox.New(sandbox.WithObserver(func(sandbox.Exchange) { w.exchanges.Add(1) }))
	foreign, err := w.box.Bootstrap(sandbox.OfType(sandbox.Ed25519), sandbox.Named("foreign"))
	if err != nil {
		return err
	}
	w.foreign = foreign
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.origin = "http://" + listener.Addr().String()
	w.server = &http.Server{Handler: w.box, ReadHeaderTimeout: time.Minute, ConnState: w.count}
	go func() { _ = w.server.Serve(listener) }() // close ends it
	return nil
}

func (w *world) close() {
	_ = w.server.Close()
	_ = w.removeDirectories()
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
	if _, err := w.liveKeys(); err != nil {
		return err
	}
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

func (w *world) baseURL() string { return w.origin + sandbox.BasePath }

// command returns a run of the program on a store.
func (w *world) command(ctx context.Context, store, name string, args ...string) *exec.Cmd {
	//nolint:gosec // The program under test.
	command := exec.CommandContext(ctx, w.program, append([]string{name, "--store", store}, args...)...)
	command.Env = []string{"KALSHI_BASE_URL=" + w.baseURL(), "PATH=" + os.Getenv("PATH")}
	return command
}

// newStore returns the directory of a store below parent, with one key in it.
func (w *world) newStore(ctx context.Context, parent, name string) (string, error) {
	key, err := w.box.Bootstrap(sandbox.OfType(sandbox.Ed25519), sandbox.Named(name))
	if err != nil {
		return "", err
	}
	dir, file := filepath.Join(parent, name), filepath.Join(parent, name+".pem")
	if err := os.WriteFile(file, []byte(key.PrivateKey.RevealPrivateKey()), 0o600); err != nil {
		return "", err
	}
	out, err := w.command(ctx, dir, "import", key.ID, file).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("import: %w: %s", err, out)
	}
	return dir, nil
}

// liveKeys returns the keys at the service that work, but for the foreign one.
func (w *world) liveKeys() ([]sandbox.KeyState, error) {
	var ours []sandbox.KeyState
	foreign := false
	for _, key := range w.box.Keys() {
		switch {
		case key.ID == w.foreign.ID:
			foreign = !key.Deleted
		case !key.Deleted:
			ours = append(ours, key)
		}
	}
	if !foreign {
		return nil, errors.New("a key that is not the store's was deleted")
	}
	return ours, nil
}
