package keystore_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// handClock is a clock that tests move by hand.
type handClock struct{ nanoseconds atomic.Int64 }

func (c *handClock) now() time.Time           { return time.Unix(0, c.nanoseconds.Load()) }
func (c *handClock) advance(by time.Duration) { c.nanoseconds.Add(int64(by)) }

// followed is a source of the store in dir, in which "old" is current.
type followed struct {
	*keystore.CurrentSource

	store *keystore.Store
	dir   string
	clock *handClock
	log   *bytes.Buffer
}

func follow(t *testing.T, opts ...keystore.SourceOption) *followed {
	t.Helper()
	dir := newDir(t)
	prepared(t, dir)
	f := &followed{store: mustOpen(t, dir), dir: dir, clock: &handClock{}, log: &bytes.Buffer{}}
	opts = append(opts, keystore.WithClock(f.clock.now), keystore.WithLogger(slog.New(slog.NewTextHandler(f.log, nil))))
	f.CurrentSource = keystore.Source(f.store, testURL+"/", opts...)
	return f
}

// damageAll damages the store's file and all of its copies.
func damageAll(t *testing.T, dir string) {
	t.Helper()
	for _, path := range filesOf(t, dir) {
		mustWrite(t, path, "canary")
	}
}

func (f *followed) mustGive(t *testing.T, keyID string) {
	t.Helper()
	credentials, err := f.Credentials(t.Context())
	if err != nil || credentials.KeyID() != keyID {
		t.Fatalf("got %v, %v, want %s", credentials, err, keyID)
	}
}

func TestASourceFollowsWhatIsCurrentWithinASecond(t *testing.T) {
	f := follow(t)
	f.mustGive(t, "old")
	mustSetCurrent(t, f.store, "new")
	f.mustGive(t, "old")
	f.clock.advance(keystore.MaxFollowDelay / 2)
	f.mustGive(t, "new")
	if keystore.MaxFollowDelay > time.Second || !strings.Contains(f.log.String(), "key_id=new") {
		t.Errorf("the log is %q", f.log)
	}
}

func TestASourceKeepsTheOldKeyWhileTheNewEntryCannotBeUsed(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, f *followed){
		"a damaged store": func(t *testing.T, f *followed) {
			t.Helper()
			damageAll(t, f.dir)
		},
		"a revoked entry": func(t *testing.T, f *followed) {
			t.Helper()
			entry := mustGet(t, f.store, "new")
			entry.State = keystore.StateRevoked
			mustPut(t, f.store, entry)
		},
		"an entry without a private key": func(t *testing.T, f *followed) {
			t.Helper()
			entry := newEntry(t, "hsm", testURL)
			entry.PrivateKey = secret.PEM{}
			mustPut(t, f.store, entry)
			mustSetCurrent(t, f.store, "hsm")
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t)
			f.mustGive(t, "old")
			mustSetCurrent(t, f.store, "new")
			spoil(t, f)
			for range 3 {
				f.clock.advance(keystore.MaxFollowDelay)
				f.mustGive(t, "old")
			}
			if warnings := strings.Count(f.log.String(), "level=WARN"); warnings != 1 || strings.Contains(f.log.String(), "canary") {
				t.Errorf("%d warnings instead of one: %s", warnings, f.log)
			}
			locked(t, f.store, func() {
				if _, err := f.store.SetAside(t.Context()); err != nil {
					t.Error(err)
				}
			})
			mustPut(t, f.store, newEntry(t, "mended", testURL))
			mustSetCurrent(t, f.store, "mended")
			f.clock.advance(keystore.MaxFollowDelay)
			f.mustGive(t, "mended")
		})
	}
}

func TestASourceSaysThatItsOwnKeyWasRevoked(t *testing.T) {
	f := follow(t)
	f.mustGive(t, "old")
	entry := mustGet(t, f.store, "old")
	entry.State = keystore.StateRevoked
	mustPut(t, f.store, entry)
	f.clock.advance(keystore.MaxFollowDelay)
	f.mustGive(t, "old")
	if !strings.Contains(f.log.String(), "is revoked") {
		t.Errorf("the log is %q", f.log)
	}
}

func TestASourceWithoutAnEarlierKeyReturnsTheError(t *testing.T) {
	store := mustOpen(t, newDir(t))
	source := keystore.Source(store, testURL)
	if _, err := source.Credentials(t.Context()); !errors.Is(err, keystore.ErrNoCurrent) {
		t.Errorf("got %v, want ErrNoCurrent", err)
	}
	mustPut(t, store, newEntry(t, "id", testURL))
	mustSetCurrent(t, store, "id")
	if credentials, err := source.Credentials(t.Context()); err != nil || credentials.KeyID() != "id" {
		t.Errorf("the error was kept: %v", err)
	}
	if _, err := keystore.Source(store, "nowhere").Credentials(t.Context()); !errors.Is(err, keystore.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

func TestACallerWhoGivesUpSaysNothingAboutTheStore(t *testing.T) {
	f := follow(t)
	f.mustGive(t, "old")
	f.clock.advance(keystore.MaxFollowDelay)
	ended, end := context.WithCancel(t.Context())
	end()
	if credentials, err := f.Credentials(ended); err != nil || credentials.KeyID() != "old" || f.log.Len() > 0 {
		t.Errorf("got %v, %v, log %q", credentials, err, f.log)
	}
	mustSetCurrent(t, f.store, "new")
	f.mustGive(t, "new")
}

func TestASignerStandsForAPrivateKeyThatIsElsewhere(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	opened, fail := 0, errors.New("the HSM is asleep")
	f := follow(t, keystore.WithSigner(func(_ context.Context, entry keystore.Entry) (crypto.Signer, error) {
		opened++
		if opened == 1 {
			return nil, fail
		}
		if entry.KeyID == "other" {
			_, other, err := ed25519.GenerateKey(nil)
			return other, err
		}
		return private, nil
	}))
	f.mustGive(t, "old")
	for _, keyID := range []string{"hsm", "other"} {
		entry := newEntry(t, keyID, testURL)
		entry.PrivateKey = secret.PEM{}
		if keyID == "hsm" {
			if entry.PublicKey, err = keystore.PublicKeyPEM(private.Public()); err != nil {
				t.Fatal(err)
			}
		}
		mustPut(t, f.store, entry)
	}
	mustSetCurrent(t, f.store, "hsm")
	for _, want := range []string{"old", "hsm", "hsm", "hsm"} {
		f.clock.advance(keystore.MaxFollowDelay)
		f.mustGive(t, want)
	}
	if opened != 2 {
		t.Errorf("the signer was opened %d times, want once and once after the error", opened)
	}
	mustSetCurrent(t, f.store, "other")
	f.clock.advance(keystore.MaxFollowDelay)
	f.mustGive(t, "hsm")
	if !strings.Contains(f.log.String(), "asleep") || !strings.Contains(f.log.String(), "does not belong") {
		t.Errorf("the log lacks a cause: %s", f.log)
	}
}

// slowEngine answers when it is told to.
type slowEngine struct {
	keystore.Locker

	asked, answer chan struct{}
}

func (e *slowEngine) Load(ctx context.Context) ([]byte, string, error) {
	e.asked <- struct{}{}
	<-e.answer
	return e.Locker.Load(ctx)
}

func TestNobodyWhoHasCredentialsWaitsForASlowStore(t *testing.T) {
	dir, clock := newDir(t), &handClock{}
	prepared(t, dir)
	engine, err := keystore.NewDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	slow := &slowEngine{engine, make(chan struct{}), make(chan struct{})}
	source := keystore.Source(keystore.New(slow), testURL, keystore.WithClock(clock.now))
	var first sync.WaitGroup
	ask := func() {
		if _, err := source.Credentials(t.Context()); err != nil {
			t.Error(err)
		}
	}
	first.Go(ask)
	<-slow.asked
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := source.Credentials(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("who waits for the first answer must be able to give up: %v", err)
	}
	first.Go(ask) // waits for the first, and does not ask again
	slow.answer <- struct{}{}
	first.Wait()
	clock.advance(keystore.MaxFollowDelay)
	first.Go(ask)
	<-slow.asked
	ask()
	slow.answer <- struct{}{}
	first.Wait()
}

func TestASourceUnderLoadAlwaysGivesAWorkingKey(t *testing.T) {
	const rotations = 20
	f := follow(t)
	f.mustGive(t, "old")
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 3 {
		clients.Go(func() { useUntil(t, stop, f) })
	}
	for range rotations {
		entry, err := randomEntry()
		if err != nil {
			t.Fatal(err)
		}
		mustPut(t, f.store, entry)
		mustSetCurrent(t, f.store, entry.KeyID)
		f.clock.advance(keystore.MaxFollowDelay)
		f.mustFollow(t, entry.KeyID)
	}
	close(stop)
	clients.Wait()
}

func useUntil(t *testing.T, stop <-chan struct{}, f *followed) {
	t.Helper()
	for {
		select {
		case <-stop:
			return
		default:
		}
		credentials, err := f.Credentials(t.Context())
		if err == nil {
			_, err = credentials.Signer().Sign(nil, []byte("text"), crypto.Hash(0))
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// mustFollow waits until the one who is looking at the store has finished, and looks itself.
func (f *followed) mustFollow(t *testing.T, keyID string) {
	t.Helper()
	const patience = 5 * time.Minute
	for deadline := time.Now().Add(patience); ; f.clock.advance(keystore.MaxFollowDelay) {
		credentials, err := f.Credentials(t.Context())
		if err == nil && credentials.KeyID() == keyID {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("got %v, %v, want %s", credentials, err, keyID)
		}
	}
}

func TestASourceServesAClient(t *testing.T) {
	f := follow(t)
	if _, err := wrapper.NewClient(f, wrapper.WithBaseURL(testURL)); err != nil {
		t.Error(err)
	}
}

// An engine whose Load can be made slow, or to hang.
type slow struct {
	keystore.Locker

	delay func()
}

func (s slow) Load(ctx context.Context) ([]byte, string, error) {
	s.delay()
	return s.Locker.Load(ctx)
}

// slowSource returns a source in which "old" is current, over an engine that calls delay in each look.
func slowSource(t *testing.T, delay func()) (*keystore.CurrentSource, *handClock) {
	t.Helper()
	memory, clock := keystore.NewMemory(), &handClock{}
	store := keystore.New(memory)
	mustPut(t, store, newEntry(t, "old", testURL))
	mustSetCurrent(t, store, "old")
	return keystore.Source(keystore.New(slow{memory, delay}), testURL, keystore.WithClock(clock.now)), clock
}

func TestAStoreThatHangsStopsNoCallThatHasCredentials(t *testing.T) {
	var hangs atomic.Bool
	released := make(chan struct{})
	var looks atomic.Int32
	source, clock := slowSource(t, func() {
		if hangs.Load() {
			looks.Add(1)
			<-released
		}
	})
	if _, err := source.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	hangs.Store(true)
	started := time.Now()
	for range 1000 {
		clock.advance(time.Hour)
		if credentials, err := source.Credentials(t.Context()); err != nil || credentials.KeyID() != "old" {
			t.Fatalf("got %v, %v", credentials, err)
		}
	}
	// The first of them has waited for a moment. All others together take as long as they take.
	if took := time.Since(started); took > 10*time.Second || looks.Load() != 1 {
		t.Errorf("1000 calls took %s and %d looks", took, looks.Load())
	}
	close(released)
}

func TestASlowStoreCostsNoCallAnything(t *testing.T) {
	const calls = 200
	arrived, released := make(chan struct{}, calls), make(chan struct{})
	slowNow := false
	source, clock := slowSource(t, func() {
		if slowNow {
			arrived <- struct{}{}
			<-released
			return
		}
		<-time.After(80 * time.Millisecond)
	})
	if _, err := source.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	slowNow = true
	// A call that waited would wait for ever.
	for range calls {
		clock.advance(keystore.MaxFollowDelay / 3)
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := source.Credentials(ctx); err != nil {
			t.Error(err)
		}
		cancel()
	}
	<-arrived
	close(released)
}

func TestTheFirstCallWaitsForTheStoreNoLongerThanItsContext(t *testing.T) {
	released := make(chan struct{})
	defer close(released)
	source, _ := slowSource(t, func() { <-released })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := source.Credentials(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
