package lifecycle_test

import (
	"net/http"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// withSecond returns a world with a second active key, and that key's ID.
func withSecond(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t)
	second, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "second", Type: ed25519Type})
	if err != nil {
		t.Fatal(err)
	}
	w.restart()
	return w, second.KeyID
}

func TestARevokedKeyIsGoneAndItsEntryStays(t *testing.T) {
	w, second := withSecond(t)
	for range 2 {
		if err := w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.seam.requests) != 1 {
		t.Errorf("sent %v", w.seam.requests)
	}
	if len(w.liveKeys()) != 1 || w.stateOf(second) != keystore.StateRevoked || len(w.journal()) != 0 {
		t.Errorf("live are %v, the key is %s", w.liveKeys(), w.stateOf(second))
	}
}

func TestAKeyThatTheServiceDoesNotKnowAnyMoreCountsAsRevoked(t *testing.T) {
	w, second := withSecond(t)
	w.deleteAtService(second)
	if err := w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}); err != nil {
		t.Fatal(err)
	}
	if w.stateOf(second) != keystore.StateRevoked {
		t.Errorf("the key is %s", w.stateOf(second))
	}
}

func TestRevokeRefusesTheKeyInUseAndTheLastOne(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		name    string
		request lifecycle.RevokeRequest
		want    error
	}{
		{"the key in use", lifecycle.RevokeRequest{}, lifecycle.ErrKeyInUse},
		{"the key in use although the last may go", lifecycle.RevokeRequest{Last: true}, lifecycle.ErrKeyInUse},
		{"the last key although the one in use may go", lifecycle.RevokeRequest{InUse: true}, lifecycle.ErrLastKey},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.request.KeyID = w.first.ID
			mustMatch(t, w.manager.Revoke(t.Context(), row.request), row.want)
			if len(w.seam.requests) != 0 || len(w.journal()) != 0 {
				t.Errorf("sent %v", w.seam.requests)
			}
		})
	}
	mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: "unknown"}), keystore.ErrNotFound)
}

func TestWhenTheKeyInUseGoesAnotherThatWorksTakesItsPlace(t *testing.T) {
	w, second := withSecond(t)
	if err := w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true}); err != nil {
		t.Fatal(err)
	}
	if w.current().KeyID != second {
		t.Errorf("current is %s", w.current().KeyID)
	}
	if err := w.checkPromises(nil); err != nil {
		t.Error(err)
	}
}

func TestAKeyThatDoesNotWorkDoesNotTakeThePlaceOfTheKeyInUse(t *testing.T) {
	w, second := withSecond(t)
	w.deleteAtService(second)
	mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true}), lifecycle.ErrLastKey)
	if w.current().KeyID != w.first.ID || w.currentWorks() != nil {
		t.Errorf("current is %s", w.current().KeyID)
	}
}

func TestWhetherAnotherKeyWorksMustBeKnown(t *testing.T) {
	w, _ := withSecond(t)
	w.fault(sandbox.Fault{Operation: protocol.GetAPIKeys, Kind: sandbox.FaultStatus, Status: http.StatusServiceUnavailable, Body: "{}"})
	mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true, Last: true}), wrapper.ErrUnavailable)
	if w.current().KeyID != w.first.ID || len(w.liveKeys()) != 2 {
		t.Errorf("current is %s", w.current().KeyID)
	}
}

func TestTheLastKeyDeletesItselfIfToldSo(t *testing.T) {
	for _, row := range []struct {
		name string
		gone bool
	}{
		{"that works", false},
		{"that the service does not know any more", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			if row.gone {
				w.deleteAtService(w.first.ID)
			}
			if err := w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true, Last: true}); err != nil {
				t.Fatal(err)
			}
			if len(w.liveKeys()) != 0 || w.stateOf(w.first.ID) != keystore.StateRevoked || len(w.journal()) != 0 {
				t.Errorf("live are %v", w.liveKeys())
			}
			_, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot"})
			mustMatch(t, err, lifecycle.ErrRevoked)
		})
	}
}

func TestTheLastKeyMayGoAlthoughAnotherIsCurrentAndRevoked(t *testing.T) {
	w, second := withSecond(t)
	w.markRevoked(w.first.ID)
	mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}), lifecycle.ErrLastKey)
	if err := w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second, Last: true}); err != nil {
		t.Fatal(err)
	}
	if w.stateOf(second) != keystore.StateRevoked {
		t.Errorf("the key is %s", w.stateOf(second))
	}
}

func TestARevocationThatTheServiceRefusesIsDropped(t *testing.T) {
	w, second := withSecond(t)
	w.fault(sandbox.Fault{Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Body: `{"msg":"forbidden"}`})
	mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}), wrapper.ErrForbidden)
	if w.stateOf(second) != keystore.StateActive || len(w.journal()) != 0 {
		t.Errorf("the key is %s, the journal holds %v", w.stateOf(second), w.journal())
	}
}

func TestAPageOfSomethingInBetweenSaysNothingAboutTheKey(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusForbidden} {
		w, second := withSecond(t)
		w.fault(sandbox.Fault{
			Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Status: status,
			Body: "<html>", Header: map[string]string{"Content-Type": "text/html"},
		})
		mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}), lifecycle.ErrUnfinished)
		if w.stateOf(second) != keystore.StateActive {
			t.Errorf("after status %d the key is %s", status, w.stateOf(second))
		}
		w.clearFaults()
		if _, err := w.manager.Recover(t.Context()); err != nil || w.stateOf(second) != keystore.StateRevoked {
			t.Errorf("after recovery from status %d the key is %s: %v", status, w.stateOf(second), err)
		}
	}
}

func TestARevocationThatTheServiceRefusesLaterIsDropped(t *testing.T) {
	w, second := withSecond(t)
	w.fault(sandbox.Fault{Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Status: http.StatusServiceUnavailable, Body: "{}"})
	mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}), lifecycle.ErrUnfinished)
	w.fault(sandbox.Fault{Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Body: `{"msg":"forbidden"}`})
	_, err := w.manager.Recover(t.Context())
	mustMatch(t, err, wrapper.ErrForbidden)
	if len(w.journal()) != 0 {
		t.Errorf("the journal holds %v", w.journal())
	}
}

func TestARevocationOfUnknownOutcomeIsFinishedByRecover(t *testing.T) {
	w, second := withSecond(t)
	w.fault(sandbox.Fault{Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Status: http.StatusServiceUnavailable, Body: "{}"})
	mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}), lifecycle.ErrUnfinished, wrapper.ErrUnavailable)
	w.clearFaults()
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].KeyID != second || w.stateOf(second) != keystore.StateRevoked {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAKeyOfAnotherServiceIsNotRevokedHere(t *testing.T) {
	w := newWorld(t)
	elsewhere, err := lifecycle.New(w.store, "https://elsewhere.example/trade-api/v2")
	if err != nil {
		t.Fatal(err)
	}
	mustMatch(t, elsewhere.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true, Last: true}), lifecycle.ErrInvalid)
}

func TestALeakedKeyIsRevokedEvenIfRecoveringFails(t *testing.T) {
	w, second := withSecond(t)
	w.writeJournal("strange", `{"version":99,"tag":"strange"}`)
	if _, err := w.manager.Recover(t.Context()); err == nil {
		t.Fatal("a strange record was recovered")
	}
	if err := w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}); err != nil {
		t.Error(err)
	}
}

func TestARevocationThatDiedBeforeItLeftTheKeyInUseIsFinishedByRecover(t *testing.T) {
	w, second := withSecond(t)
	w.seam.strikeOn = beforeList
	if died, err := w.run(func(m *lifecycle.Manager) error {
		return m.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true})
	}); !died {
		t.Fatal(err)
	}
	w.restart()
	if w.current().KeyID != w.first.ID {
		t.Fatalf("current is %s before recovery", w.current().KeyID)
	}
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].KeyID != w.first.ID {
		t.Errorf("%+v, %v", report, err)
	}
	if live := w.liveKeys(); w.current().KeyID != second || len(live) != 1 {
		t.Errorf("current is %s, live are %v", w.current().KeyID, live)
	}
}
