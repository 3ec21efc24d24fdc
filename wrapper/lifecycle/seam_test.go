package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"syscall"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// crash is the panic that takes a program off its course.
type crash struct{}

// Steps that tests name.
const (
	answeredGenerate = "answered POST /trade-api/v2/api_keys/generate"
	beforeList       = "before GET /trade-api/v2/api_keys"
)

// seam counts the steps that a program takes in the store and at the service, and stops it at
// one of them. Once it has struck, nothing that the program still tries takes effect.
type seam struct {
	mu    sync.Mutex
	steps []string
	// strikeAt is the step, counted from 0, to strike at; -1 for none.
	strikeAt int
	// strikeOn is the name of a step to strike at instead.
	strikeOn string
	// full makes the disk full at that step instead of a crash, and for as many steps after it
	// as fullFor says.
	full    bool
	fullFor int
	dead    bool
	// late is a request that was sent when the program died, and that the service has not
	// worked on yet.
	late *http.Request
	// beforeRequest, if set, is called with the number of each request, counted from 0.
	beforeRequest func(n int)
	requests      []string
}

func newSeam() *seam { return &seam{strikeAt: -1} }

func (s *seam) isDead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// take notes a step and reports whether to strike.
func (s *seam) take(step string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.steps)
	s.steps = append(s.steps, step)
	if (n != s.strikeAt && step != s.strikeOn) || s.full {
		return false
	}
	s.dead = true
	return true
}

// transport makes three steps of each request: it is about to go out, it has gone out and is not
// worked on yet, it has been answered.
func (s *seam) transport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if s.isDead() {
			panic(crash{})
		}
		s.mu.Lock()
		n, hook := len(s.requests), s.beforeRequest
		name := req.Method + " " + req.URL.Path
		s.requests = append(s.requests, name)
		s.mu.Unlock()
		if hook != nil {
			hook(n)
		}
		if s.take("before " + name) {
			panic(crash{})
		}
		if s.take("sent " + name) {
			s.late = copyOf(req)
			panic(crash{})
		}
		response, err := next.RoundTrip(req)
		if s.take("answered " + name) {
			if err == nil {
				_ = response.Body.Close()
			}
			panic(crash{})
		}
		return response, err
	})
}

func copyOf(req *http.Request) *http.Request {
	late := req.Clone(context.Background())
	if req.Body != nil {
		body, _ := io.ReadAll(req.Body)
		late.Body = io.NopCloser(bytes.NewReader(body))
	}
	return late
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// The steps of a store, as tests name them: a write is about to begin, and it has taken effect.
const (
	stepLock    = "store: lock"
	stepWrite   = "store: write"
	stepWritten = "store: written"
	stepUnlock  = "store: unlock"
)

// mortal is the engine of a program that can die in the store, too.
type mortal struct {
	keystore.Locker

	seam *seam
}

// step lets the program die, or returns the error of a full disk.
func (e mortal) step(step string) error {
	if e.seam.isDead() || e.seam.take(step) {
		panic(crash{})
	}
	s := e.seam
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.steps) - 1; s.full && n >= s.strikeAt && n < s.strikeAt+s.fullFor && isWrite(step) {
		return syscall.ENOSPC
	}
	return nil
}

// Swap returns the error of a full disk before the write, and after one that took effect.
func (e mortal) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	if err := e.step(stepWrite); err != nil {
		return "", err
	}
	version, err := e.Locker.Swap(ctx, data, ifVersion)
	return version, errors.Join(err, e.step(stepWritten))
}

// Lock returns a lock that the dead give back, as the system does for them.
func (e mortal) Lock(ctx context.Context) (func() error, error) {
	if err := e.step(stepLock); err != nil {
		return nil, err
	}
	unlock, err := e.Locker.Lock(ctx)
	if err != nil {
		return nil, err
	}
	return func() error {
		defer func() { _ = unlock() }()
		if e.seam.isDead() {
			return nil
		}
		return e.step(stepUnlock)
	}, nil
}
