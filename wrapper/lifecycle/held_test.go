package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// leased is an engine without a lock of its own, which does not answer while it is away.
type leased struct {
	keystore.Document

	away atomic.Bool
}

func (l *leased) Load(ctx context.Context) ([]byte, string, error) {
	if l.away.Load() {
		return nil, "", keystore.ErrUnavailable
	}
	return l.Document.Load(ctx)
}

func (l *leased) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	if l.away.Load() {
		return "", keystore.ErrUnavailable
	}
	return l.Document.Swap(ctx, data, ifVersion)
}

// shortLease is over soon, so that a test can wait for that.
func shortLease() keystore.Option {
	return keystore.WithLease(keystore.Lease{Term: 300 * time.Millisecond, Beat: 100 * time.Millisecond, Takeover: 600 * time.Millisecond})
}

// onALease has the world's program use a store whose lock can be lost.
func (w *world) onALease() *leased {
	engine := &leased{Document: struct{ keystore.Document }{w.engine}}
	w.store = keystore.New(engine, shortLease())
	w.manager = w.newManager()
	return engine
}

// loseLock lets the store be away until the lock is lost.
func (w *world) loseLock(engine *leased) (document []byte) {
	document = w.document()
	engine.away.Store(true)
	<-time.After(400 * time.Millisecond)
	engine.away.Store(false)
	return document
}

func TestAfterALostLockNothingIsTouched(t *testing.T) {
	for n, request := range []string{"the list", "generate", "the proof", "the deletion"} {
		t.Run("lost during "+request, func(t *testing.T) {
			w := newWorld(t)
			engine := w.onALease()
			before := w.entries()
			var left []byte
			w.seam.beforeRequest = func(at int) {
				if at == n {
					left = w.loseLock(engine)
				}
			}
			_, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
			mustMatch(t, err, lifecycle.ErrUnfinished, keystore.ErrLockLost)
			if sent := w.shortRequests(); len(sent) != n+1 {
				t.Errorf("sent %v, want no request after the lock was lost", sent)
			}
			if !bytes.Equal(w.document(), left) {
				t.Error("the store was changed after the lock was lost")
			}
			w.waitForTakeover()
			if err := w.checkAfterRecovery(before); err != nil {
				t.Error(err)
			}
		})
	}
}

// waitForTakeover lets another take the lock that was lost, and leaves it free.
func (w *world) waitForTakeover() {
	w.t.Helper()
	lock, err := keystore.New(struct{ keystore.Document }{w.engine}, shortLease()).Lock(w.t.Context())
	if err == nil {
		err = lock.Unlock()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestAnAttemptAfterALostLockIsNotSent(t *testing.T) {
	w := newWorld(t)
	engine := w.onALease()
	w.fault(sandbox.Fault{Operation: protocol.GetAPIKeys, Kind: sandbox.FaultStatus, Status: 503, Point: sandbox.BeforeProcessing})
	w.seam.beforeRequest = func(at int) {
		if at == 1 {
			w.loseLock(engine)
		}
	}
	_, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
	mustMatch(t, err, lifecycle.ErrUnfinished, keystore.ErrLockLost)
	if sent := w.shortRequests(); fmt.Sprint(sent) != "[GET GET]" {
		t.Errorf("sent %v, want no attempt after the lock was lost", sent)
	}
}

func TestADeletionOfUnknownOutcomeLetsTheLockRunOut(t *testing.T) {
	w := newWorld(t)
	w.onALease()
	w.fault(sandbox.Fault{Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultReset, Point: sandbox.BeforeProcessing})
	_, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
	mustMatch(t, err, lifecycle.ErrUnfinished)
	if status, err := w.store.Status(t.Context()); err != nil || status.Holder == "" {
		t.Errorf("the lock was given back while a deletion may be on its way: %+v, %v", status, err)
	}
	w.clearFaults()
	w.waitForTakeover()
	if _, err := w.manager.Recover(t.Context()); err != nil {
		t.Error(err)
	}
	if status, err := w.store.Status(t.Context()); err != nil || status.Holder != "" {
		t.Errorf("after a deletion that succeeded: %+v, %v", status, err)
	}
}

func TestOldEntriesOfRevokedKeysArePruned(t *testing.T) {
	w := newWorld(t)
	rotate := func() keystore.Entry {
		t.Helper()
		result, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
		if err != nil {
			t.Fatal(err)
		}
		return result.Old
	}
	const quarter = 90 * 24 * time.Hour
	first := rotate()
	w.clock.advance(quarter + time.Hour)
	second := rotate()
	if _, err := w.manager.Prune(t.Context(), 0); !errors.Is(err, lifecycle.ErrInvalid) {
		t.Errorf("without a time: %v", err)
	}
	pruned, err := w.manager.Prune(t.Context(), quarter)
	if err != nil || len(pruned) != 1 || pruned[0].KeyID != first.KeyID {
		t.Fatalf("pruned %v, %v; want %s", pruned, err, first.KeyID)
	}
	if len(w.entries()) != 2 || w.stateOf(second.KeyID) != keystore.StateRevoked {
		t.Errorf("left %v", w.entries())
	}
	if pruned, err := w.manager.Prune(t.Context(), quarter); err != nil || len(pruned) != 0 {
		t.Errorf("again: %v, %v", pruned, err)
	}
}

func TestAStoreThatIsFullIsSaidBeforeAKeyIsMade(t *testing.T) {
	w := newWorld(t)
	w.withLock(func(store *keystore.Store) error {
		entry := w.entries()[0]
		entry.State, entry.Name = keystore.StateRevoked, strings.Repeat("n", 64<<10)
		for n := range 11 {
			entry.KeyID = fmt.Sprintf("0190a5f2-6c1e-4d0e-9b7a-%012d", n)
			if err := store.Put(t.Context(), entry); err != nil {
				return err
			}
		}
		return nil
	})
	keys := len(w.liveKeys())
	_, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
	mustMatch(t, err, keystore.ErrInvalid)
	if !strings.Contains(err.Error(), "store prune --older") || errors.Is(err, lifecycle.ErrUnfinished) {
		t.Errorf("got %v, want the command to run", err)
	}
	if sent := w.shortRequests(); slices.Contains(sent, "POST generate") || len(w.liveKeys()) != keys {
		t.Errorf("sent %v", sent)
	}
}
