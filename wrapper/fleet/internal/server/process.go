// Package server starts real servers on loopback for tests, and stops them by process ID.
package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to answer on a slow machine.
const patience = 2 * time.Minute

// process is a server that can be started again after it was killed.
type process struct {
	t       testing.TB
	command func() *exec.Cmd
	log     string

	running *exec.Cmd
	// exited is closed once it has ended.
	exited chan struct{}
}

func (p *process) start() {
	p.t.Helper()
	file, err := os.OpenFile(p.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // A server under another user writes it.
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	p.running = p.command()
	p.running.Stdout, p.running.Stderr = file, file
	if err := p.running.Start(); err != nil {
		p.t.Fatal(err)
	}
	running, exited := p.running, make(chan struct{})
	p.exited = exited
	go func() {
		_ = running.Wait() // how it ended does not matter
		close(exited)
	}()
}

// end sends a signal that ends the server, and waits for that.
func (p *process) end(signal syscall.Signal) {
	if p.running == nil {
		return
	}
	_ = p.running.Process.Signal(signal)
	<-p.exited
	p.running = nil
}

// await waits until the server answers, and starts it again where it has ended by itself, as while processes of a
// server that was killed are still there.
func (p *process) await(answers func() error) {
	p.t.Helper()
	begun := time.Now()
	var err error
	for time.Since(begun) < patience {
		if err = answers(); err == nil {
			return
		}
		select {
		case <-p.exited:
			p.start()
		case <-time.After(20 * time.Millisecond):
		}
	}
	text, _ := os.ReadFile(p.log)
	p.t.Fatalf("the server does not answer: %v\n%s", err, text[max(0, len(text)-4000):])
}

// FreePort returns a port of loopback that nobody uses.
func FreePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // It is closed at once.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// above returns the path of a file or directory in this directory or one above it.
func above(path string) (string, error) {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		found := filepath.Join(dir, path)
		if _, err := os.Stat(found); !errors.Is(err, fs.ErrNotExist) {
			return found, err
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		}
	}
	return "", err
}
