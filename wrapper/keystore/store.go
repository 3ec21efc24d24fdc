package keystore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// settleTimeout bounds the look at a store after a write of unknown outcome: our own choice.
const settleTimeout = 5 * time.Second

// errUnchanged ends a change that leaves the document as it is.
var errUnchanged = errors.New("keystore: nothing to change")

// Times of a store on a server: our own choices.
const (
	// patience is how long a store asks again that does not answer.
	patience                 = 10 * time.Second
	firstPause, longestPause = 20 * time.Millisecond, 500 * time.Millisecond
)

// Store keeps entries, which of them is current for each base URL, and the journal of changes that
// are under way. [Open] returns one in a directory, [New] one over any [Document].
//
// Writing, that is [Store.Put], [Store.SetCurrent], [Store.PutJournal], [Store.DeleteJournal],
// [Store.Delete] and [Store.SetAside], needs the lock of the same Store: without it they return
// [ErrNotLocked], after it was lost [ErrLockLost], and change nothing. While it is held, all goroutines
// that use the Store may write. What they have
// written is durable when they return nil; after an error it is the old state or the new one, never
// a mixture. They return [ErrStale], and have changed nothing, if another has written all the same.
// The context is looked at before writing begins, and what has begun is not broken off.
//
// Reading needs no lock and sees every write whole or not at all. It returns a [*DamagedError] if
// the store cannot be read or has gone back to what it was before, and in a directory an
// [*InsecureError] if others could use it. A server that does not answer is asked again for 10 s, and then
// the error is [ErrUnavailable]. Times are those of the machine that wrote. A Store is safe for
// concurrent use.
type Store struct {
	engine    Document
	publisher Publisher
	sealer    Sealer
	lease     Lease
	// place is where the document is, for errors, and name what its server calls it.
	place, name string
	// locking is full while a lock of this Store is held or waited for.
	locking chan struct{}
	// held is that lock while it is held.
	held atomic.Pointer[Lock]
	// writing is held by the one who writes.
	writing chan struct{}
	// last is the document that was read or written last.
	last atomic.Pointer[remembered]
}

// remembered is a document as the engine has it, and what it holds. Neither is changed. Checking
// private keys takes several times as long as all else that reading takes, and a program that
// follows a store reads the same document four times a second.
type remembered struct {
	data    []byte
	version string
	document
}

// Option sets up a [Store].
type Option func(*Store)

// WithSealer seals what a store holds before it reaches the engine. A store that was written without a
// sealer cannot be read with one, nor the other way round. Without this option, or with nil, the
// document is clear text, which a [Publisher] does not take. In clear text stay the ID and the revision of a
// sealed store, and who holds its lock.
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
func New(engine Document, opts ...Option) *Store {
	s := &Store{
		engine: engine, place: placeOf(engine), lease: defaultLease(),
		locking: make(chan struct{}, 1), writing: make(chan struct{}, 1),
	}
	if publisher, ok := engine.(Publisher); ok {
		s.publisher, s.name = publisher, publisher.StoreName()
	}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	return s
}

func placeOf(engine Document) string {
	if named, ok := engine.(fmt.Stringer); ok {
		return named.String()
	}
	return "the store"
}

// errNoSealer refuses a store whose server would see its private keys.
func errNoSealer(place string) error {
	return &InsecureError{
		Path: place, Problem: "it is on a server, and no key is given to seal it with",
		Hint: "Give the recipients and the identity: kalshi-keys has --seal-to and --identity, a program keystore.WithSealer",
	}
}

// Changed waits until the store may have changed since it was read last, or until ctx ends, and then
// returns the error of ctx. It may return early. The base URL does not matter.
func (s *Store) Changed(ctx context.Context, _ string) error {
	_, version, err := s.read(ctx)
	if err != nil {
		return err
	}
	return s.engine.Changed(ctx, version)
}

// read returns the document, which the caller does not change, and its version.
func (s *Store) read(ctx context.Context) (*document, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	if s.publisher != nil && s.sealer == nil {
		return nil, "", errNoSealer(s.place)
	}
	last := s.last.Load() // before the document is loaded, which then is as new
	if last == nil {
		last = &remembered{}
	}
	var (
		data    []byte
		version string
	)
	err := patiently(ctx, func() (err error) {
		data, version, err = s.engine.Load(ctx)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(data) > 0 && bytes.Equal(data, last.data) {
		s.remember(&remembered{data, version, last.document})
		return &last.document, version, nil
	}
	stored, err := s.decode(data, &last.document)
	if err == nil {
		err = s.checkOrder(stored, &last.document)
	}
	if err != nil {
		return nil, "", err
	}
	s.remember(&remembered{data, version, *stored})
	return stored, version, nil
}

// remember keeps what was read, unless something newer was read or written meanwhile.
func (s *Store) remember(read *remembered) {
	for {
		last := s.last.Load()
		if last != nil && last.StoreID == read.StoreID && last.Revision > read.Revision {
			return
		}
		if s.last.CompareAndSwap(last, read) {
			return
		}
	}
}

// readToWrite is read for the holder of a lock. Nobody else writes while a lease lasts, and a swap over what
// somebody has written all the same changes nothing: so what was written last need not be loaded.
func (s *Store) readToWrite(ctx context.Context, lock *Lock) (*document, string, error) {
	if last := s.last.Load(); lock.token != "" && last != nil && last.version != "" && lock.isIn(&last.document) {
		return &last.document, last.version, nil
	}
	return s.read(ctx)
}

// checkOrder refuses what this Store has seen a later revision of. The files of a directory may be put back
// from a backup while programs use them.
func (s *Store) checkOrder(stored, last *document) error {
	if stored.Store != s.name {
		return damaged(s.place, "it is the document of another store")
	}
	if _, ok := s.engine.(Locker); ok || last.Revision == 0 {
		return nil
	}
	if stored.StoreID == last.StoreID && stored.Revision >= last.Revision && stored.contentRevision >= last.contentRevision {
		return nil
	}
	return &DamagedError{
		Path: s.place, Problem: fmt.Sprintf("it is of revision %d, and revision %d was there before", stored.Revision, last.Revision),
		Hint: hintRolledBack,
	}
}

// patiently repeats do while the engine does not answer.
func patiently(ctx context.Context, do func() error) error {
	deadline := time.Now().Add(patience)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := do()
		if !errors.Is(err, ErrUnavailable) || time.Now().Add(pause).After(deadline) || protocol.Wait(ctx, pause) != nil {
			return err
		}
	}
}

// exclusively lets do write while no other goroutine does.
func (s *Store) exclusively(ctx context.Context, do func() error) error {
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writing }()
	return do()
}

// change lets do change a copy of the document, and writes that.
func (s *Store) change(ctx context.Context, do func(*document) error) error {
	lock, err := s.mayWrite(ctx)
	if err != nil {
		return err
	}
	return s.exclusively(ctx, func() error {
		err := s.changeOnce(ctx, lock, do)
		if lock.token == "" || !errors.Is(err, ErrStale) {
			return err
		}
		// What stands there may be this holder's own, written without an answer.
		s.forgetVersion()
		if err = s.changeOnce(ctx, lock, do); errors.Is(err, ErrStale) {
			return lock.wasLost(err)
		}
		return err
	})
}

func (s *Store) changeOnce(ctx context.Context, lock *Lock, do func(*document) error) error {
	stored, version, err := s.readToWrite(ctx, lock)
	if err != nil {
		return err
	}
	if !lock.isIn(stored) {
		return lock.wasLost(nil)
	}
	next := stored.next(s.isCopy(version))
	switch err := do(next); {
	case errors.Is(err, errUnchanged):
		return nil
	case err != nil:
		return err
	}
	return s.write(ctx, lock, stored, next, version)
}

// write writes next in the place of what was stored.
func (s *Store) write(ctx context.Context, lock *Lock, stored, next *document, version string) error {
	next.sealed = nil
	objects, err := s.published(stored, next)
	if err != nil {
		return err
	}
	room := maxDocument
	if len(next.Journal) > len(stored.Journal) {
		room -= reserved
	}
	begun := time.Now()
	err = s.swap(ctx, swap{next, version, objects, room})
	if err == nil {
		lock.renew(begun)
	}
	return err
}

// swap is what is to take the place of a version.
type swap struct {
	next      *document
	ifVersion string
	published map[string][]byte
	// room is how many bytes the document may have.
	room int
}

// swap writes, and finds out whether that took effect.
func (s *Store) swap(ctx context.Context, w swap) error {
	data, err := s.encode(w.next, w.room)
	if err != nil {
		return err
	}
	tries, version := 0, ""
	err = patiently(ctx, func() (err error) {
		tries++
		if len(w.published) > 0 {
			version, err = s.publisher.SwapAndPublish(ctx, data, w.published, w.ifVersion)
		} else {
			version, err = s.engine.Swap(ctx, data, w.ifVersion)
		}
		return err
	})
	if err == nil {
		s.last.Store(&remembered{data, version, *w.next})
		return nil
	}
	s.forgetVersion()
	// A first try that got no answer may be what made a second one stale.
	return s.settle(ctx, w.next.WriteID, err, tries > 1)
}

// forgetVersion has the next write load the document.
func (s *Store) forgetVersion() {
	if last := s.last.Load(); last != nil {
		s.last.Store(&remembered{last.data, "", last.document})
	}
}

// isCopy reports whether the document of that version was copied to where it is.
func (s *Store) isCopy(version string) bool {
	engine, ok := s.engine.(interface{ IsCopy(version string) bool })
	return ok && engine.IsCopy(version)
}

func (s *Store) mayWrite(ctx context.Context) (*Lock, error) {
	lock := s.held.Load()
	if lock == nil {
		return nil, fmt.Errorf("%w: call Lock on this store first", ErrNotLocked)
	}
	return lock, cmp.Or(lock.Held(), ctx.Err())
}

// settle finds out whether a write took effect that the engine returned an error for.
func (s *Store) settle(ctx context.Context, writeID string, failed error, repeated bool) error {
	if errors.Is(failed, ErrStale) && !repeated || errors.Is(failed, errNotDurable) {
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
	if _, err := s.mayWrite(ctx); err != nil {
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
