package keystore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// settleTimeout bounds the look at a store after a write of unknown outcome: our own choice.
const settleTimeout = 5 * time.Second

// errUnchanged ends a change that leaves the document as it is.
var errUnchanged = errors.New("keystore: nothing to change")

// Store keeps entries, which of them is current for each base URL, and the journal of changes that
// are under way. [Open] returns one in a directory, [New] one over any [Engine].
//
// Writing, that is [Store.Put], [Store.SetCurrent], [Store.PutJournal], [Store.DeleteJournal] and
// [Store.SetAside], needs the lock of the same Store: without it they return [ErrNotLocked] and
// change nothing. While it is held, all goroutines that use the Store may write. What they have
// written is durable when they return nil; after an error it is the old state or the new one, never
// a mixture. They return [ErrStale], and have changed nothing, if another has written all the same.
// The context is looked at before writing begins, and what has begun is not broken off.
//
// Reading needs no lock and sees every write whole or not at all. It returns a [*DamagedError] if
// the store cannot be read, and in a directory an [*InsecureError] if others could use it. Times are
// those of the machine that wrote. A Store is safe for concurrent use.
type Store struct {
	engine Engine
	sealer Sealer
	// place is where the document is, for errors.
	place string
	// held is set while the lock of this Store is held.
	held atomic.Bool
	// writing is held by the one who writes.
	writing chan struct{}
	// last is the document that was read or written last.
	last atomic.Pointer[remembered]
}

// remembered is a document as the engine has it, and what it holds. Neither is changed. Checking
// private keys takes several times as long as all else that reading takes, and a program that
// follows a store reads the same document four times a second.
type remembered struct {
	data []byte
	document
}

// Option sets up a [Store].
type Option func(*Store)

// WithSealer seals the document before it reaches the engine. A store that was written without a
// sealer cannot be read with one, nor the other way round. Without this option, or with nil, the
// document is clear text.
func WithSealer(sealer Sealer) Option {
	return func(s *Store) { s.sealer = sealer }
}

// Open opens the store in the directory dir, as [New] does over [NewDirectory].
func Open(dir string, opts ...Option) (*Store, error) {
	engine, err := NewDirectory(dir)
	if err != nil {
		return nil, err
	}
	return New(engine, opts...), nil
}

// New returns the store in an engine, which it does not use yet. There is nothing to close. An
// option that is nil is left out.
func New(engine Engine, opts ...Option) *Store {
	s := &Store{engine: engine, place: "the store", writing: make(chan struct{}, 1)}
	if named, ok := engine.(fmt.Stringer); ok {
		s.place = named.String()
	}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	return s
}

// Lock takes the store's only lock, which excludes all other processes and goroutines, and waits
// for it until ctx ends. The lock of a process that dies becomes free. The lock is not reentrant.
// Calling unlock again does nothing.
func (s *Store) Lock(ctx context.Context) (unlock func() error, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	release, err := s.engine.Lock(ctx)
	if err != nil {
		return nil, err
	}
	s.held.Store(true)
	return sync.OnceValue(func() error {
		s.held.Store(false)
		return release()
	}), nil
}

// read returns the document, which the caller does not change, and its version.
func (s *Store) read(ctx context.Context) (*document, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	data, version, err := s.engine.Load(ctx)
	if err != nil {
		return nil, "", err
	}
	last := s.last.Load()
	if last == nil {
		last = &remembered{}
	}
	if len(data) > 0 && bytes.Equal(data, last.data) {
		return &last.document, version, nil
	}
	stored, err := s.decode(data, &last.document)
	if err != nil {
		return nil, "", err
	}
	s.last.Store(&remembered{data, *stored})
	return stored, version, nil
}

// change lets do change a copy of the document, and writes that.
func (s *Store) change(ctx context.Context, do func(*document) error) error {
	if err := s.mayWrite(ctx); err != nil {
		return err
	}
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writing }()
	stored, version, err := s.read(ctx)
	if err != nil {
		return err
	}
	next := stored.next(s.isCopy(version))
	switch err := do(next); {
	case errors.Is(err, errUnchanged):
		return nil
	case err != nil:
		return err
	}
	data, err := s.encode(next)
	if err != nil {
		return err
	}
	if _, err := s.engine.Swap(ctx, data, version); err != nil {
		return s.settle(ctx, next.WriteID, err)
	}
	s.last.Store(&remembered{data, *next})
	return nil
}

// isCopy reports whether the document of that version was copied to where it is.
func (s *Store) isCopy(version string) bool {
	engine, ok := s.engine.(interface{ IsCopy(version string) bool })
	return ok && engine.IsCopy(version)
}

func (s *Store) mayWrite(ctx context.Context) error {
	if !s.held.Load() {
		return fmt.Errorf("%w: call Lock on this store first", ErrNotLocked)
	}
	return ctx.Err()
}

// settle finds out whether a write took effect that the engine returned an error for.
func (s *Store) settle(ctx context.Context, writeID string, failed error) error {
	if errors.Is(failed, ErrStale) || errors.Is(failed, errNotDurable) {
		return failed
	}
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer end()
	stored, _, err := s.read(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w; whether the store was changed is not known: %w", failed, err)
	case stored.WriteID != writeID:
		return failed
	}
	return nil
}

// SetAside moves every damaged file into the directory "damaged" inside the store, and returns
// where each lies now. The newest sound copy that is left then is what the store holds. Reading and
// writing never move a file, so that a sound copy can be put back in its place, and so that a
// passing fault costs nothing. A file that is insecure, that the system does not let be read, that a
// later version wrote or that cannot be unsealed stays where it is and is not reported here. An
// engine without files has nothing to set aside.
func (s *Store) SetAside(ctx context.Context) ([]string, error) {
	if err := s.mayWrite(ctx); err != nil {
		return nil, err
	}
	if engine, ok := s.engine.(copies); ok {
		return engine.SetAside(ctx, s.check)
	}
	return nil, nil
}

// Check returns the joined errors of all damaged files, also of those whose copy is read in their
// place.
func (s *Store) Check(ctx context.Context) error {
	if engine, ok := s.engine.(copies); ok {
		return engine.Check(ctx, s.check)
	}
	_, _, err := s.read(ctx)
	return err
}

// copies is an engine that has several copies of its document.
type copies interface {
	SetAside(ctx context.Context, check func(data []byte) error) ([]string, error)
	Check(ctx context.Context, check func(data []byte) error) error
}

func (s *Store) check(data []byte) error {
	_, err := s.decode(data, &document{})
	return err
}

func newID() string { return rand.Text() }
