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

// errCrash is what everything answers to a program that has died.
var errCrash = errors.New("crashed")

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

// storeStep is for keystore.WithSteps. What a program has written outlives it whether the disk
// has it or not, so nothing here waits for the disk.
func (s *seam) storeStep(step string) error {
	if s.isDead() || s.take("store: "+step) {
		return errCrash
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.steps) - 1
	if s.full && n >= s.strikeAt && n < s.strikeAt+s.fullFor && step != keystore.StepLock && step != keystore.StepUnlock {
		return syscall.ENOSPC
	}
	if step == keystore.StepSync || step == keystore.StepSyncDirectory {
		return keystore.ErrSkipStep
	}
	return nil
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

// mortalStore lets a program die in the store, too: a Directory that is stopped returns an error
// and gives the lock back, as the system does for the dead.
type mortalStore struct {
	keystore.Store

	seam *seam
}

func (s mortalStore) alive(err error) error {
	if s.seam.isDead() {
		panic(crash{})
	}
	return err
}

func (s mortalStore) Lock(ctx context.Context) (func() error, error) {
	unlock, err := s.Store.Lock(ctx)
	return unlock, s.alive(err)
}

func (s mortalStore) Put(ctx context.Context, entry keystore.Entry) error {
	return s.alive(s.Store.Put(ctx, entry))
}

func (s mortalStore) SetCurrent(ctx context.Context, baseURL, keyID string) error {
	return s.alive(s.Store.SetCurrent(ctx, baseURL, keyID))
}

func (s mortalStore) PutJournal(ctx context.Context, record keystore.JournalRecord) error {
	return s.alive(s.Store.PutJournal(ctx, record))
}

func (s mortalStore) DeleteJournal(ctx context.Context, id string) error {
	return s.alive(s.Store.DeleteJournal(ctx, id))
}
