package lifecycle_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// notKnown has the service say of a key that deletes itself that it does not know it.
func notKnown(times int) sandbox.Fault {
	return sandbox.Fault{
		Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Times: times, Status: http.StatusUnauthorized,
		Body: `{"error":{"code":"authentication_error","message":"authentication_error","details":"NOT_FOUND"}}`,
	}
}

func TestAKeyThatDeletesItselfIsNotTakenForGoneAtOnce(t *testing.T) {
	w := newWorld(t)
	w.fault(notKnown(3))
	if err := w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true, Last: true}); err != nil {
		t.Fatal(err)
	}
	if live := w.liveKeys(); len(live) != 0 || w.stateOf(w.first.ID) != keystore.StateRevoked {
		t.Errorf("live are %v, the key is %s", live, w.stateOf(w.first.ID))
	}
}

func TestAKeyThatDeletesItselfIsTakenForGoneAfterTheSettleTime(t *testing.T) {
	w := newWorld(t)
	w.fault(notKnown(everyTime))
	if err := w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true, Last: true}); err != nil {
		t.Fatal(err)
	}
	if w.clock.waited < lifecycle.DefaultSettle-time.Second || w.stateOf(w.first.ID) != keystore.StateRevoked {
		t.Errorf("waited %s, the key is %s", w.clock.waited, w.stateOf(w.first.ID))
	}
}

func TestWhenTheContextEndsFirstAKeyThatDeletesItselfKeepsItsPrivateHalf(t *testing.T) {
	w := newWorld(t)
	w.fault(notKnown(everyTime))
	ctx, cancel := context.WithCancel(t.Context())
	w.clock.beforeNextWait(cancel)
	err := w.manager.Revoke(ctx, lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true, Last: true})
	mustMatch(t, err, lifecycle.ErrUnfinished, context.Canceled)
	if !strings.Contains(err.Error(), "is not revoked yet") {
		t.Errorf("the error says %q", err)
	}
	if w.current().PrivateKey.IsEmpty() || len(w.journal()) != 1 {
		t.Errorf("the entry is %+v, the journal holds %v", w.current(), w.journal())
	}
	w.clearFaults()
	if _, err := w.manager.Recover(t.Context()); err != nil || len(w.liveKeys()) != 0 {
		t.Errorf("%v, live are %v", err, w.liveKeys())
	}
}
