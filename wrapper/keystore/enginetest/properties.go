package enginetest

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func aNewDocumentIsEmpty(s suite) {
	s.mustLoad(s.open(), "", "")
	s.mustLoad(s.open(), "", "")
}

func everyHandleLoadsWhatWasSwappedIn(s suite) {
	one, two := s.open(), s.open()
	version := s.mustSwap(one, "first", "")
	s.mustLoad(two, "first", version)
	next := s.mustSwap(two, "second", version)
	for _, engine := range []keystore.Document{one, two, s.open()} {
		s.mustLoad(engine, "second", next)
	}
}

func aStaleSwapIsRefused(s suite) {
	engine := s.open()
	first := s.mustSwap(engine, "first", "")
	second := s.mustSwap(s.open(), "second", first)
	for _, stale := range []string{"", first, second + "0", "no version"} {
		if _, err := engine.Swap(s.Context(), []byte("stale"), stale); !errors.Is(err, keystore.ErrStale) {
			s.Errorf("Swap over version %q returned %v, want ErrStale", stale, err)
		}
		s.mustLoad(engine, "second", second)
	}
}

func aContentThatComesBackHasANewVersion(s suite) {
	engine := s.open()
	first := s.mustSwap(engine, "first", "")
	again := s.mustSwap(engine, "first", s.mustSwap(engine, "second", first))
	if again == first {
		s.Errorf("the version is %q both times, so that a stale swap would pass", first)
	}
}

func anyBytesComeBackAsTheyWere(s suite) {
	engine, version := s.open(), ""
	for _, data := range []string{"\x00\xff\n\r\n \"\\", strings.Repeat("\x00\xfe\n", 1<<18), " "} {
		version = s.mustSwap(engine, data, version)
		s.mustLoad(s.open(), data, version)
	}
}

func whatIsHandedOverIsTheCallersOwn(s suite) {
	engine, data := s.open(), []byte("data")
	version, err := engine.Swap(s.Context(), data, "")
	if err != nil {
		s.Fatal(err)
	}
	data[0] = 'X'
	s.mustLoad(engine, "data", version)
	loaded, _, _ := engine.Load(s.Context()) // as it just did
	loaded[0] = 'X'
	s.mustLoad(engine, "data", version)
}

func ofConcurrentSwapsOneSucceeds(s suite) {
	const swappers, rounds = 4, 10
	version := ""
	for range rounds {
		versions, errs := make([]string, swappers), make([]error, swappers)
		var all sync.WaitGroup
		for i := range swappers {
			engine, ifVersion := s.open(), version
			all.Go(func() {
				versions[i], errs[i] = engine.Swap(s.Context(), []byte(strconv.Itoa(i)), ifVersion)
			})
		}
		all.Wait()
		winner, won := 0, 0
		for i, err := range errs {
			if err == nil {
				winner = i
				won++
			} else if !errors.Is(err, keystore.ErrStale) {
				s.Errorf("got %v, want ErrStale", err)
			}
		}
		if won != 1 {
			s.Fatalf("%d of %d swaps over one version succeeded", won, swappers)
		}
		version = versions[winner]
		s.mustLoad(s.open(), strconv.Itoa(winner), version)
	}
}

func readersSeeWholeDocumentsInOrder(s suite) {
	const writes = 50
	version := s.mustSwap(s.open(), text(0), "")
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		engine := s.open()
		readers.Go(func() { readUntil(s, engine, stop) })
	}
	defer func() { close(stop); readers.Wait() }()
	for n, engine := 1, s.open(); n <= writes; n++ {
		version = s.mustSwap(engine, text(n), version)
		s.mustLoad(s.open(), text(n), version)
	}
}

// text is a document in which every line is its number.
func text(n int) string { return strings.Repeat(strconv.Itoa(n)+"\n", 2000) }

func readUntil(s suite, engine keystore.Document, stop <-chan struct{}) {
	for last := 0; ; {
		data, _, err := engine.Load(s.Context())
		line, _, _ := bytes.Cut(data, []byte("\n"))
		n, _ := strconv.Atoi(string(line))
		if err != nil || n < last || string(data) != text(n) {
			s.Errorf("after document %d, Load returned one that begins with %q, whole: %t, %v", last, line, string(data) == text(n), err)
			return
		}
		last = n
		select {
		case <-stop:
			return
		default:
		}
	}
}

func anEndedContextChangesNothing(s suite) {
	engine := s.open()
	version := s.mustSwap(engine, "data", "")
	ended, end := context.WithCancel(s.Context())
	end()
	_, _, loadErr := engine.Load(ended)
	_, swapErr := engine.Swap(ended, []byte("other"), version)
	unlock, lockErr := lock(ended, engine)
	for name, err := range map[string]error{"Load": loadErr, "Swap": swapErr, "Lock": lockErr} {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%s returned %v, want context.Canceled", name, err)
		}
	}
	if lockErr == nil {
		_ = unlock() // it was an error that it was given
	}
	s.mustLoad(engine, "data", version)
	if _, ok := engine.(keystore.Locker); ok { // else the lock would stand in the document, which is none here
		s.mustLock(s.Context(), engine)()
	}
}

func changedReturnsAfterAChange(s suite) {
	engine, version := s.open(), ""
	for _, data := range []string{"first", "second"} {
		old := version
		version = s.mustSwap(s.open(), data, old)
		if err := engine.Changed(s.Context(), old); err != nil {
			s.Errorf("after a change: %v", err)
		}
	}
	var change sync.WaitGroup
	defer change.Wait()
	last := version
	change.Go(func() {
		_ = protocol.Wait(s.Context(), moment) // so that Changed waits already, most times
		s.mustSwap(s.open(), "third", last)
	})
	for version == last { // Changed may be early
		err := engine.Changed(s.Context(), last)
		if _, version, _ = engine.Load(s.Context()); err != nil {
			s.Fatalf("during a change: %v", err)
		}
	}
}

func changedEndsWithTheContext(s suite) {
	engine := s.open()
	version := s.mustSwap(engine, "data", "")
	ctx, end := context.WithCancel(s.Context())
	defer end()
	for ctx.Err() == nil {
		if err := engine.Changed(awaited{ctx, soon(end)}, version); err != nil && ctx.Err() == nil {
			s.Fatal(err)
		}
	}
	if err := engine.Changed(ctx, version); !errors.Is(err, context.Canceled) {
		s.Errorf("got %v, want context.Canceled", err)
	}
}

func theLockExcludesAllHandles(s suite) {
	one, two := s.open(), s.open()
	for range 2 {
		unlock := s.mustLock(s.Context(), one)
		s.mustNotLock(two)
		s.mustNotLock(one)
		unlock()
		s.mustLock(s.Context(), two)()
	}
}

func aLockThatBecomesFreeIsTaken(s suite) {
	const holders = 4
	unlock := s.mustLock(s.Context(), s.open())
	var waiting, all sync.WaitGroup
	waiting.Add(holders)
	for range holders {
		store := newStore(s.open())
		all.Go(func() {
			begun := sync.OnceFunc(waiting.Done)
			defer begun()
			for s.count(awaited{s.Context(), begun}, store) {
			}
		})
	}
	waiting.Wait()
	unlock()
	all.Wait()
	records, err := newStore(s.open()).Journal(s.Context())
	if err != nil || len(records) != 1 || string(records[0].Data) != strconv.Itoa(holders) {
		s.Errorf("%d holders of the lock did not count to that: %d records, %v", holders, len(records), err)
	}
}

// count adds one to a record of the journal while it holds the lock, and reports whether that has to be done
// again: on a machine that stood still a lease may be over.
func (s suite) count(ctx context.Context, store *keystore.Store) (again bool) {
	lock, err := store.Lock(ctx)
	if err != nil {
		s.Errorf("Lock returned: %v", err)
		return false
	}
	defer func() { _ = lock.Unlock() }()
	n := 0
	records, err := store.Journal(s.Context())
	if err == nil && len(records) > 0 {
		n, err = strconv.Atoi(string(records[0].Data))
	}
	if err == nil {
		err = store.PutJournal(s.Context(), keystore.JournalRecord{ID: "count", Data: []byte(strconv.Itoa(n + 1))})
	}
	if err != nil && !errors.Is(err, keystore.ErrLockLost) {
		s.Errorf("with the lock: %v", err)
	}
	return errors.Is(err, keystore.ErrLockLost)
}
