package lifecycle_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestAnIssuedKeyIsProvenAndNotCurrent(t *testing.T) {
	for _, row := range []struct {
		name    string
		request lifecycle.IssueRequest
		keyType gen.KeyType
	}{
		{"generate makes an Ed25519 key unless asked", lifecycle.IssueRequest{Name: "bot"}, gen.KeyTypeEd25519},
		{"generate makes an RSA key", lifecycle.IssueRequest{Name: "bot", Type: gen.KeyTypeRSA}, gen.KeyTypeRSA},
		{"create makes an Ed25519 pair here", lifecycle.IssueRequest{Name: "bot", Way: lifecycle.Create}, gen.KeyTypeEd25519},
		{"create makes an RSA pair here", lifecycle.IssueRequest{Name: "bot", Way: lifecycle.Create, Type: gen.KeyTypeRSA}, gen.KeyTypeRSA},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			row.request.Scopes = []gen.Scope{gen.ScopeRead, gen.ScopeWriteTrade}
			row.request.Subaccount = new(7)
			entry, err := w.manager.Issue(t.Context(), row.request)
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`^bot \[k[a-z2-7]{10}\]$`).MatchString(entry.Name) {
				t.Errorf("the name is %q", entry.Name)
			}
			if entry.Type != row.keyType || entry.State != keystore.StateActive || entry.BaseURL != w.baseURL {
				t.Errorf("the entry is %+v", entry)
			}
			key := w.liveKeys()[1]
			if key.Name != entry.Name || string(key.Type) != string(row.keyType) || *key.Subaccount != 7 || !slices.Equal(key.Scopes, []string{"read", "write::trade"}) {
				t.Errorf("the service has %+v", key)
			}
			if w.current().KeyID != w.first.ID {
				t.Error("the new key is current")
			}
			if err := w.checkPromises(nil); err != nil {
				t.Error(err)
			}
			if records := w.journal(); len(records) > 0 {
				t.Errorf("the journal holds %v", records)
			}
		})
	}
}

func TestIssueSendsTwoRequests(t *testing.T) {
	w := newWorld(t)
	if _, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type}); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /trade-api/v2/api_keys/generate", "GET /trade-api/v2/api_keys"}
	if !slices.Equal(w.seam.requests, want) {
		t.Errorf("sent %v", w.seam.requests)
	}
}

func TestAGeneratedKeyThatNobodyHoldsIsRevokedBeforeTheRequestIsRepeated(t *testing.T) {
	w := newWorld(t)
	w.fault(sandbox.Fault{Operation: protocol.GenerateAPIKey, Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1})
	entry, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"POST generate", "GET", "DELETE", "POST generate", "GET"}
	if got := w.shortRequests(); !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if live := w.liveKeys(); len(live) != 2 || live[1].ID != entry.KeyID {
		t.Errorf("live are %+v", live)
	}
}

func TestACreatedKeyOfUnknownOutcomeIsTakenOver(t *testing.T) {
	w := newWorld(t)
	w.fault(sandbox.Fault{Operation: protocol.CreateAPIKey, Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1})
	if _, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type, Way: lifecycle.Create}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.shortRequests(), []string{"POST", "GET", "GET"}; !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if err := w.checkPromises(nil); err != nil {
		t.Error(err)
	}
}

func TestAKeyIsNotTakenForMissingBeforeTheSettleTimeIsOver(t *testing.T) {
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{ListDelay: lifecycle.DefaultSettle - time.Second}))
	w.clock.advance(time.Minute)
	w.fault(sandbox.Fault{Operation: protocol.CreateAPIKey, Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1})
	if _, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type, Way: lifecycle.Create}); err != nil {
		t.Fatal(err)
	}
	if live := w.liveKeys(); len(live) != 2 {
		t.Errorf("live are %+v", live)
	}
}

func TestAfterThreeRequestsOfUnknownOutcomeIssueGivesUp(t *testing.T) {
	w := newWorld(t)
	w.fault(sandbox.Fault{Operation: protocol.GenerateAPIKey, Kind: sandbox.FaultStatus, Status: http.StatusServiceUnavailable, Body: "{}"})
	_, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
	mustMatch(t, err, wrapper.ErrOutcomeUnknown, wrapper.ErrUnavailable)
	posts := slices.DeleteFunc(w.shortRequests(), func(r string) bool { return r != "POST generate" })
	if len(posts) != 3 || len(w.journal()) != 3 {
		t.Errorf("%d requests, and the journal holds %v", len(posts), w.journal())
	}
	if err := w.checkPromises(nil); err != nil {
		t.Error(err)
	}
}

// lateKey issues a key while an earlier request for one is still on its way, and has that work
// long after everybody has stopped to wait for it.
func lateKey(t *testing.T) (w *world, deliver func()) {
	t.Helper()
	w = newWorld(t, sandbox.WithChoices(sandbox.Choices{Behind: 48 * time.Hour, Ahead: time.Minute}))
	var late *http.Request
	withheld := roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost && late == nil {
			late = copyOf(req)
			return nil, http.ErrServerClosed
		}
		return w.carrier.RoundTrip(req)
	})
	manager := w.newManager(lifecycle.WithClientOptions(wrapper.WithHTTPTransport(withheld)))
	if _, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type}); err != nil {
		t.Fatal(err)
	}
	if len(w.journal()) != 1 {
		t.Fatalf("the journal holds %v", w.journal())
	}
	return w, func() {
		response, err := w.carrier.RoundTrip(late)
		if err != nil || response.StatusCode != http.StatusCreated {
			t.Fatal(response, err)
		}
		_ = response.Body.Close()
	}
}

func TestAKeyThatAppearsLateIsRevokedByTheNextRecover(t *testing.T) {
	w, deliver := lateKey(t)
	w.clock.advance(23 * time.Hour)
	deliver()
	if len(w.liveKeys()) != 3 {
		t.Fatal("the late key is not live")
	}
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverUndone {
		t.Errorf("%+v, %v", report, err)
	}
	if len(w.liveKeys()) != 2 || len(w.journal()) != 0 {
		t.Errorf("live are %+v, the journal holds %v", w.liveKeys(), w.journal())
	}
}

func TestAKeyThatNeverAppearsIsForgottenAfterADay(t *testing.T) {
	w, _ := lateKey(t)
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 0 || len(report.Open) != 1 || report.Open[0].Action != lifecycle.RecoverWatch {
		t.Errorf("%+v, %v", report, err)
	}
	w.clock.advance(watchPeriod + time.Minute)
	// One look that is late, as after a clock has jumped, is not enough, nor are several in a row.
	for range 5 {
		if report, err = w.manager.Recover(t.Context()); err != nil || len(report.Done) != 0 || len(report.Open) != 1 {
			t.Errorf("%+v, %v", report, err)
		}
	}
	report, err = w.manager.Recover(t.Context())
	for range watchLooks - 1 {
		w.clock.advance(lifecycle.DefaultSettle + 2*time.Second)
		report, err = w.manager.Recover(t.Context())
	}
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverForgotten {
		t.Errorf("%+v, %v", report, err)
	}
	if len(w.journal()) != 0 {
		t.Errorf("the journal holds %v", w.journal())
	}
}

// jumped is a clock that was set wrong.
type jumped struct {
	*fakeClock

	by time.Duration
}

func (j jumped) Now() time.Time { return j.fakeClock.Now().Add(j.by) }

func TestAClockThatJumpsDoesNotEndAWatch(t *testing.T) {
	for _, by := range []time.Duration{48 * time.Hour, -50 * 365 * 24 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			w, deliver := lateKey(t)
			manager := w.newManager(lifecycle.WithClock(jumped{w.clock, by}),
				lifecycle.WithClientOptions(wrapper.WithMaxClockCorrection(100*365*24*time.Hour)))
			for range watchLooks + 2 {
				report, err := manager.Recover(t.Context())
				if err != nil || len(report.Open) != 1 || report.Open[0].Action != lifecycle.RecoverWatch {
					t.Errorf("%+v, %v", report, err)
				}
				w.clock.advance(lifecycle.DefaultSettle + 2*time.Second)
			}
			deliver()
			if report, err := w.manager.Recover(t.Context()); err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverUndone {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}

func TestWhatOneRequestMadeTwiceIsRevoked(t *testing.T) {
	w := newWorld(t)
	w.fault(sandbox.Fault{Operation: protocol.GenerateAPIKey, Kind: sandbox.FaultStatus, Point: sandbox.AfterProcessing,
		Status: http.StatusTooManyRequests, Body: "{}", Times: 1})
	if _, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type}); err != nil {
		t.Fatal(err)
	}
	if err := w.checkPromises(nil); err != nil {
		t.Error(err)
	}
}

func TestARefusedIssueLeavesNothingBehind(t *testing.T) {
	_, hsm, _ := ed25519.GenerateKey(rand.Reader)
	curve, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for _, row := range []struct {
		name    string
		request lifecycle.IssueRequest
		want    error
	}{
		{"an empty name", lifecycle.IssueRequest{Name: " "}, lifecycle.ErrInvalid},
		{"an unknown way", lifecycle.IssueRequest{Name: "bot", Way: "conjure"}, lifecycle.ErrInvalid},
		{"an unknown type", lifecycle.IssueRequest{Name: "bot", Type: "dsa"}, lifecycle.ErrInvalid},
		{"generate with a signer", lifecycle.IssueRequest{Name: "bot", Way: lifecycle.Generate, Signer: hsm}, lifecycle.ErrInvalid},
		{"a signer of another type", lifecycle.IssueRequest{Name: "bot", Type: gen.KeyTypeRSA, Signer: hsm}, lifecycle.ErrInvalid},
		{"a signer of no type", lifecycle.IssueRequest{Name: "bot", Signer: curve}, lifecycle.ErrInvalid},
		{"an unknown scope", lifecycle.IssueRequest{Name: "bot", Scopes: []gen.Scope{"all"}}, wrapper.ErrInvalidRequest},
		{"create below Premier", lifecycle.IssueRequest{Name: "bot", Way: lifecycle.Create, Type: ed25519Type}, wrapper.ErrForbidden},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {UsageLevel: sandbox.Basic}}}))
			_, err := w.manager.Issue(t.Context(), row.request)
			mustMatch(t, err, row.want)
			if len(w.liveKeys()) != 1 || len(w.entries()) != 1 || len(w.journal()) != 0 {
				t.Errorf("live are %v, held %v, the journal holds %v", w.liveKeys(), w.entries(), w.journal())
			}
		})
	}
}

func TestAKeyThatTheServiceDoesNotComeToKnowIsRevoked(t *testing.T) {
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{CreateDelay: time.Hour}))
	_, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
	mustMatch(t, err, wrapper.ErrUnknownKey)
	if live := w.liveKeys(); len(live) != 1 {
		t.Errorf("live are %+v", live)
	}
	if entries := w.entries(); len(entries) != 2 || entries[1].State != keystore.StateRevoked {
		t.Errorf("held are %v", entries)
	}
	if w.clock.waited < proofTimeout-time.Second {
		t.Errorf("waited %s only", w.clock.waited)
	}
}

func TestWhatAnAnswerWithAWrongIDOrPrivateKeyHidesIsRevoked(t *testing.T) {
	const unknown = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"
	for _, row := range []struct {
		name        string
		way         lifecycle.Way
		field, text string
		want        error
		says        string
	}{
		{"generate, a key that is not there", lifecycle.Generate, "api_key_id", unknown, wrapper.ErrUnknownKey, "which the request made, was revoked again"},
		{"create, a key that is not there", lifecycle.Create, "api_key_id", unknown, wrapper.ErrUnknownKey, "which the request made, was revoked again"},
		{"generate, no private key", lifecycle.Generate, "private_key", "x", wrapper.ErrUnexpectedResponse, "3 requests led to no usable key"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			manager := w.newManager(lifecycle.WithClientOptions(wrapper.WithHTTPTransport(saying(w.carrier, row.field, row.text))))
			_, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type, Way: row.way})
			mustMatch(t, err, row.want)
			if text := err.Error(); !strings.Contains(text, row.says) {
				t.Errorf("the error says %q", text)
			}
			if refused, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
				t.Errorf("the error blames what the caller gave: %v", refused)
			}
			if len(w.liveKeys()) != 1 || len(w.journal()) != 0 {
				t.Errorf("live are %v, the journal holds %v", w.liveKeys(), w.journal())
			}
		})
	}
}

func TestAKeyThatMayNotListIsProvenByTheRefusal(t *testing.T) {
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{CreateDelay: 3 * time.Second}))
	entry, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type, Scopes: []gen.Scope{gen.ScopeWriteTrade}})
	if err != nil || entry.State != keystore.StateActive {
		t.Errorf("%v, %v", entry, err)
	}
}

func TestWhenTheContextEndsDuringTheProofRecoverFinishesIssue(t *testing.T) {
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{CreateDelay: 3 * time.Second}))
	ctx, cancel := context.WithCancel(t.Context())
	w.clock.beforeNextWait(cancel)
	_, err := w.manager.Issue(ctx, lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
	mustMatch(t, err, lifecycle.ErrUnfinished, context.Canceled)
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverFinished {
		t.Errorf("%+v, %v", report, err)
	}
	if err := w.checkPromises(nil); err != nil || len(w.liveKeys()) != 2 {
		t.Errorf("%v, live are %v", err, w.liveKeys())
	}
}

func TestAPrivateKeyThatIsShownAsTheContextEndsIsKept(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	answered := roundTripper(func(req *http.Request) (*http.Response, error) {
		response, err := w.carrier.RoundTrip(req)
		if req.Method == http.MethodPost {
			// The wrapper reads the body, and then the program is told to stop.
			response.Body = cancelAtEnd{response.Body, cancel}
		}
		return response, err
	})
	manager := w.newManager(lifecycle.WithClientOptions(wrapper.WithHTTPTransport(answered)))
	_, err := manager.Issue(ctx, lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
	mustMatch(t, err, lifecycle.ErrUnfinished, context.Canceled)
	if entries := w.entries(); len(entries) != 2 || entries[1].PrivateKey.IsEmpty() {
		t.Errorf("held are %v", entries)
	}
}

func TestWithoutAKeyToSignWithTheErrorSaysToImportOne(t *testing.T) {
	w := emptyWorld(t)
	_, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot"})
	mustMatch(t, err, keystore.ErrNoCurrent)
	if !strings.Contains(err.Error(), "import") {
		t.Error(err)
	}
	_, err = w.manager.Rotate(t.Context(), lifecycle.RotateRequest{})
	mustMatch(t, err, keystore.ErrNoCurrent)
	_, err = w.manager.Audit(t.Context())
	mustMatch(t, err, keystore.ErrNoCurrent)
}

func TestAKeyBehindASignerIsUsedThroughIt(t *testing.T) {
	_, hsm, _ := ed25519.GenerateKey(rand.Reader)
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	w := newWorld(t)
	issued, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "hsm", Signer: hsm})
	if err != nil || !issued.PrivateKey.IsEmpty() || issued.Type != ed25519Type {
		t.Fatal(issued, err)
	}
	w.makeCurrent(issued.KeyID)
	opens := func(signer crypto.Signer, err error) lifecycle.Option {
		return lifecycle.WithSigner(func(_ context.Context, entry keystore.Entry) (crypto.Signer, error) {
			if entry.KeyID != issued.KeyID {
				t.Errorf("asked for %s", entry.KeyID)
			}
			return signer, err
		})
	}
	for _, row := range []struct {
		name    string
		options []lifecycle.Option
	}{
		{"no way to the signer", nil},
		{"a signer that cannot be opened", []lifecycle.Option{opens(nil, http.ErrServerClosed)}},
		{"the signer of another key", []lifecycle.Option{opens(other, nil)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := w.newManager(row.options...).Issue(t.Context(), lifecycle.IssueRequest{Name: "bot"})
			mustMatch(t, err, lifecycle.ErrNoSigner)
		})
	}
	manager := w.newManager(opens(hsm, nil))
	_, err = manager.Rotate(t.Context(), lifecycle.RotateRequest{})
	mustMatch(t, err, lifecycle.ErrNoSigner)
	result, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{Way: lifecycle.Generate})
	if err != nil || result.New.PrivateKey.IsEmpty() {
		t.Errorf("%+v, %v", result, err)
	}
}
