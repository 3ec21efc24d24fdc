package enginetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// moment is how long a test waits for what must not happen. For what must happen it waits as long as
// go test lets it.
const moment = 30 * time.Millisecond

// suite is a backend that a property is checked with, and where to report that it lacks it.
type suite struct {
	*testing.T

	// open opens one more handle on the backend.
	open func() keystore.Document
}

// Run checks every property in a subtest of its own, and of a [keystore.Publisher] also what it publishes.
// backend makes a new, empty backend and returns
// how to open one more handle on it, as another program would. It registers with t what is to be
// cleaned up.
func Run(t *testing.T, backend func(t *testing.T) (open func() keystore.Document)) {
	t.Helper()
	for _, property := range []struct {
		name  string
		check func(suite)
	}{
		{"a new document is empty", aNewDocumentIsEmpty},
		{"every handle loads what was swapped in", everyHandleLoadsWhatWasSwappedIn},
		{"a stale swap is refused and changes nothing", aStaleSwapIsRefused},
		{"a content that comes back has a new version", aContentThatComesBackHasANewVersion},
		{"any bytes come back as they were", anyBytesComeBackAsTheyWere},
		{"what is handed over and out is the caller's own", whatIsHandedOverIsTheCallersOwn},
		{"of concurrent swaps one succeeds", ofConcurrentSwapsOneSucceeds},
		{"readers see whole documents in order", readersSeeWholeDocumentsInOrder},
		{"an ended context changes nothing", anEndedContextChangesNothing},
		{"Changed returns after a change", changedReturnsAfterAChange},
		{"Changed ends with the context", changedEndsWithTheContext},
		{"the lock excludes all handles", theLockExcludesAllHandles},
		{"a lock that becomes free is taken", aLockThatBecomesFreeIsTaken},
		{"what is published comes with the document", whatIsPublishedComesWithTheDocument},
		{"a stale swap publishes nothing", aStaleSwapPublishesNothing},
		{"base URLs are kept apart", baseURLsAreKeptApart},
		{"a reader sees that what is published has changed", aReaderSeesThatWhatIsPublishedHasChanged},
	} {
		t.Run(property.name, func(t *testing.T) { property.check(suite{t, backend(t)}) })
	}
}

func (s suite) mustSwap(engine keystore.Document, data, ifVersion string) (version string) {
	s.Helper()
	version, err := engine.Swap(s.Context(), []byte(data), ifVersion)
	if err != nil || version == "" || version == ifVersion {
		s.Fatalf("Swap over version %q returned %q, %v", ifVersion, version, err)
	}
	return version
}

func (s suite) mustLoad(engine keystore.Document, data, version string) {
	s.Helper()
	got, gotVersion, err := engine.Load(s.Context())
	if err != nil || !bytes.Equal(got, []byte(data)) || gotVersion != version {
		s.Fatalf("Load returned %.40q (%d bytes) of version %q, %v; want %.40q (%d bytes) of version %q",
			got, len(got), gotVersion, err, data, len(data), version)
	}
}

// lease is short, so that a test can wait for the lock of the dead, and long for a slow machine.
func lease() keystore.Lease {
	return keystore.Lease{Term: 2 * time.Second, Beat: 500 * time.Millisecond, Takeover: 4 * time.Second}
}

// lock takes the lock of the engine, or else the one that a store keeps in the document.
func lock(ctx context.Context, engine keystore.Document) (unlock func() error, err error) {
	if locker, ok := engine.(keystore.Locker); ok {
		return locker.Lock(ctx)
	}
	held, err := newStore(engine).Lock(ctx)
	if err != nil {
		return nil, err
	}
	return held.Unlock, nil
}

func newStore(engine keystore.Document) *keystore.Store {
	options := []keystore.Option{keystore.WithLease(lease())}
	if _, ok := engine.(keystore.Publisher); ok {
		options = append(options, keystore.WithSealer(unsealed{}))
	}
	return keystore.New(engine, options...)
}

// unsealed stands where a sealer has to be, and seals nothing.
type unsealed struct{}

func (unsealed) Seal(plain []byte, _ keystore.Purpose) ([]byte, error) {
	return bytes.Clone(plain), nil
}

func (unsealed) Open(sealed []byte) ([]byte, error) { return bytes.Clone(sealed), nil }

func (s suite) mustLock(ctx context.Context, engine keystore.Document) (unlock func()) {
	s.Helper()
	release, err := lock(ctx, engine)
	if err != nil {
		s.Fatalf("Lock returned: %v", err)
	}
	return func() {
		if err := release(); err != nil {
			s.Errorf("unlock returned: %v", err)
		}
	}
}

// mustNotLock expects Lock to wait until its context ends.
func (s suite) mustNotLock(engine keystore.Document) {
	s.Helper()
	ctx, end := context.WithCancel(s.Context())
	defer end()
	if _, err := lock(awaited{ctx, soon(end)}, engine); !errors.Is(err, context.Canceled) {
		s.Fatalf("the lock is held, and Lock returned %v, want context.Canceled", err)
	}
}

// awaited is a context that calls begun when somebody begins to wait for its end. However slow the
// machine, an engine has looked by then whether it has to wait.
type awaited struct {
	context.Context

	begun func()
}

func (a awaited) Done() <-chan struct{} {
	a.begun()
	return a.Context.Done()
}

// soon returns a function that calls end after a moment.
func soon(end func()) func() { return func() { time.AfterFunc(moment, end) } }
