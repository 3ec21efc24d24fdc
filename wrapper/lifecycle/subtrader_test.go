package lifecycle_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const desk = "3f0c7a52_desk1"

// withoutBound hides the keys of subtraders from the list that asks for none.
func withoutBound(req *http.Request, body map[string]any) {
	if req.Method != http.MethodGet || req.URL.Query().Has("fcm_subtrader_id") {
		return
	}
	body["api_keys"] = slices.DeleteFunc(body["api_keys"].([]any), func(key any) bool {
		return key.(map[string]any)["fcm_subtrader_id"] != nil
	})
}

func fcmWorld(t *testing.T, options ...sandbox.Option) *world {
	t.Helper()
	member := sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {FCMMember: true}}})
	return newWorld(t, append([]sandbox.Option{member, sandbox.WithChoices(sandbox.Choices{RestrictedManagement: true})}, options...)...)
}

func issueBound(t *testing.T, m *lifecycle.Manager) (keystore.Entry, error) {
	t.Helper()
	return m.Issue(t.Context(), lifecycle.IssueRequest{
		Name: "desk", Type: ed25519Type, FCMSubtraderID: new(desk),
	})
}

func TestAKeyOfASubtraderIsFoundInTheSubtradersList(t *testing.T) {
	for _, row := range []struct {
		name string
		hide alter
		want []string
	}{
		{"that alone shows it", withoutBound, []string{"POST generate", "GET", "GET", "DELETE", "POST generate", "GET", "GET", "GET"}},
		{"although both show it", func(*http.Request, map[string]any) {}, []string{"POST generate", "GET", "GET", "DELETE", "POST generate", "GET"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := fcmWorld(t)
			w.fault(sandbox.Fault{Operation: protocol.GenerateAPIKey, Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1})
			entry, err := issueBound(t, w.altered(row.hide))
			if err != nil {
				t.Fatal(err)
			}
			if got := w.shortRequests(); !slices.Equal(got, row.want) {
				t.Errorf("sent %v, want %v", got, row.want)
			}
			if live, want := w.liveIDs(), []string{w.first.ID, entry.KeyID}; !slices.Equal(live, want) {
				t.Errorf("live are %v, want %v", live, want)
			}
		})
	}
}

func TestAKeyOfASubtraderThatAppearsLateIsFoundByTheNextRecover(t *testing.T) {
	w := fcmWorld(t, sandbox.WithChoices(sandbox.Choices{ListDelay: time.Hour}))
	w.clock.advance(2 * time.Hour)
	w.fault(sandbox.Fault{Operation: protocol.GenerateAPIKey, Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1})
	manager := w.altered(withoutBound)
	if _, err := issueBound(t, manager); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(2 * time.Hour)
	report, err := manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverUndone {
		t.Errorf("%+v, %v", report, err)
	}
	if live := w.liveKeys(); len(live) != 2 || len(w.journal()) != 0 {
		t.Errorf("live are %v, the journal holds %v", live, w.journal())
	}
}

func TestAKeyOfASubtraderThatTheServiceComesToKnowLateIsNotTakenForGone(t *testing.T) {
	w := fcmWorld(t, sandbox.WithChoices(sandbox.Choices{CreateDelay: proofTimeout / 2}))
	w.seam.strikeOn = beforeList
	if died, err := w.run(func(m *lifecycle.Manager) error {
		_, err := issueBound(t, m)
		return err
	}); !died {
		t.Fatal(err)
	}
	w.restart()
	report, err := w.altered(withoutBound).Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverFinished {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAKeyOfASubtraderIsRotatedAndImportedThoughOneListLacksIt(t *testing.T) {
	w := fcmWorld(t)
	manager := w.altered(withoutBound)
	entry, err := issueBound(t, manager)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.Import(t.Context(), lifecycle.ImportRequest{KeyID: entry.KeyID, PrivateKey: entry.PrivateKey, Use: true}); err != nil {
		t.Fatal(err)
	}
	result, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{})
	if err != nil || result.New.FCMSubtraderID == nil || *result.New.FCMSubtraderID != desk {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestAuditLooksForKeysOfASubtraderInItsList(t *testing.T) {
	w := fcmWorld(t)
	for range 2 {
		if _, err := issueBound(t, w.manager); err != nil {
			t.Fatal(err)
		}
	}
	gone, err := issueBound(t, w.manager)
	if err != nil {
		t.Fatal(err)
	}
	w.deleteAtService(gone.KeyID)
	unheld := w.bootstrap(sandbox.ForSubtrader(desk))
	w.clock.advance(time.Minute)
	w.restart()
	report, err := w.altered(withoutBound).Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]lifecycle.FindingKind{}
	for _, finding := range report.Findings {
		found[finding.KeyID] = finding.Kind
	}
	if len(found) != 5 || found[gone.KeyID] != lifecycle.FindingGone || found[unheld.ID] != lifecycle.FindingUnheld {
		t.Errorf("found %+v", report.Findings)
	}
	if report.Listed != 4 || report.Held != 3 || len(w.seam.requests) != 2 {
		t.Errorf("the report is %+v, sent %v", report, w.seam.requests)
	}
}

// refusingSubtraders has the service refuse the lists of subtraders.
func refusingSubtraders(w *world, status int) *lifecycle.Manager {
	service := w.server.Config.Handler
	w.carrier.faulty.Store(true)
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("fcm_subtrader_id") {
			service.ServeHTTP(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(`{"error":{"code":"refused","message":"refused"}}`))
	})
	return w.altered(withoutBound)
}

func TestWhereTheListOfASubtraderIsRefusedTheOtherOneCounts(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		w := fcmWorld(t)
		manager := refusingSubtraders(w, status)
		w.fault(sandbox.Fault{Operation: protocol.GenerateAPIKey, Kind: sandbox.FaultReset, Point: sandbox.BeforeProcessing, Times: 1})
		if _, err := issueBound(t, manager); err != nil {
			t.Errorf("status %d: %v", status, err)
		}
		w.clock.advance(watchPeriod + time.Minute)
		var err error
		for range watchLooks {
			_, err = manager.Recover(t.Context())
			w.clock.advance(lifecycle.DefaultSettle + 2*time.Second)
		}
		if err != nil || len(w.journal()) != 0 {
			t.Errorf("status %d: %v, the journal holds %v", status, err, w.journal())
		}
	}
}

func TestAuditDoesNotCallAKeyGoneThatARefusedListMayHave(t *testing.T) {
	w := fcmWorld(t)
	manager := refusingSubtraders(w, http.StatusForbidden)
	entry, err := issueBound(t, manager)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Minute)
	report, err := manager.Audit(t.Context())
	if err == nil || len(report.Findings) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if err := manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: entry.KeyID}); err != nil {
		t.Fatal(err)
	}
	if _, err := manager.Audit(t.Context()); err != nil {
		t.Errorf("although the key is revoked: %v", err)
	}
}
