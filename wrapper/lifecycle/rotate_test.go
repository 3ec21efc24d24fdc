package lifecycle_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/http"
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

func TestARotationSendsFourRequestsAndOneMoreAfterAGracePeriod(t *testing.T) {
	for name, row := range map[string]struct {
		grace time.Duration
		// What the old key may do, the new key, its proof, the end of the old key.
		want []string
	}{
		"at once":              {lifecycle.NoGrace, []string{"GET", "POST generate", "GET", "DELETE"}},
		"after a grace period": {time.Second, []string{"GET", "POST generate", "GET", "DELETE", "GET"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			result, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: row.grace})
			if err != nil {
				t.Fatal(err)
			}
			if got := w.shortRequests(); !slices.Equal(got, row.want) {
				t.Errorf("sent %v, want %v", got, row.want)
			}
			exchanges := w.box.Exchanges()
			var signedBy []string
			for _, exchange := range exchanges[len(exchanges)-len(row.want):] {
				signedBy = append(signedBy, exchange.KeyID)
			}
			want := append([]string{w.first.ID, w.first.ID}, slices.Repeat([]string{result.New.KeyID}, len(row.want)-2)...)
			if !slices.Equal(signedBy, want) {
				t.Errorf("signed by %v, want %v", signedBy, want)
			}
		})
	}
}

func TestAKeyThatIsYoungerIsNotRotated(t *testing.T) {
	w := newWorld(t)
	const month = 30 * 24 * time.Hour
	request := lifecycle.RotateRequest{IfOlder: month, Grace: lifecycle.NoGrace}
	for _, step := range []struct {
		later time.Duration
		want  bool
	}{{0, false}, {month - time.Hour, false}, {2 * time.Hour, true}, {time.Minute, false}, {month, true}} {
		w.clock.advance(step.later)
		before := w.current().KeyID
		result, err := w.manager.Rotate(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if isNew := w.current().KeyID != before; isNew != step.want || result.Already == step.want || result.New.KeyID != w.current().KeyID {
			t.Errorf("after %s: rotated: %t, want %t; %+v", step.later, isNew, step.want, result)
		}
	}
}

func TestARotationCanChangeTheScopes(t *testing.T) {
	w := newWorld(t)
	result, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Scopes: []gen.Scope{gen.ScopeRead}, Grace: lifecycle.NoGrace})
	if err != nil {
		t.Fatal(err)
	}
	if key := w.liveKeys()[0]; key.ID != result.New.KeyID || !slices.Equal(key.Scopes, []string{"read"}) || !slices.Equal(w.current().Scopes, []gen.Scope{gen.ScopeRead}) {
		t.Errorf("the service has %+v, the store %+v", key, w.current())
	}
}

func TestAnOldKeyDoesNotRevokeItselfForACurrentOneThatDoesNotWork(t *testing.T) {
	w := newWorld(t)
	w.rotateWithoutWaiting()
	w.clock.advance(time.Hour)
	unknown := notKnown(everyTime)
	unknown.Operation = protocol.GetAPIKeys
	w.fault(unknown)
	err := w.box.SetFaults(unknown, sandbox.Fault{
		Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Times: everyTime, Status: http.StatusForbidden,
		Body: `{"error":{"code":"forbidden","message":"forbidden"}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.manager.Recover(t.Context())
	mustMatch(t, err, lifecycle.ErrUnfinished, wrapper.ErrForbidden)
	deletes := slices.DeleteFunc(w.shortRequests(), func(request string) bool { return request != "DELETE" })
	if len(deletes) != 1 {
		t.Errorf("sent %v: the old key was asked to delete itself", w.shortRequests())
	}
}

func TestARotatedKeyIsLikeTheOldOne(t *testing.T) {
	w := emptyWorld(t, sandbox.WithChoices(sandbox.Choices{RestrictedManagement: true, ListScope: "read", ManageScope: sandbox.NoScope}))
	bound, err := w.box.Bootstrap(sandbox.OfType(sandbox.Ed25519), sandbox.Named("bound [prod]"), sandbox.Scoped("read", "write::trade"), sandbox.InSubaccount(5))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.manager.Import(t.Context(), lifecycle.ImportRequest{KeyID: bound.ID, PrivateKey: bound.PrivateKey}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, request := range []lifecycle.RotateRequest{{}, {Type: gen.KeyTypeRSA}, {}, {Type: ed25519Type, Way: lifecycle.Create}} {
		result, err := w.manager.Rotate(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		live := w.liveKeys()
		key := live[len(live)-1]
		if len(live) != 2 || key.ID != result.New.KeyID || !slices.Equal(key.Scopes, []string{"read", "write::trade"}) || *key.Subaccount != 5 {
			t.Errorf("live are %+v", live)
		}
		names = append(names, key.Name[:len("bound [prod] [k")]+" "+string(key.Type))
	}
	if want := []string{"bound [prod] [k ed25519", "bound [prod] [k rsa", "bound [prod] [k rsa", "bound [prod] [k ed25519"}; !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
}

func TestAKeyThatCannotBeMadeAgainIsNotRotated(t *testing.T) {
	for _, row := range []struct {
		name   string
		scopes []string
		fault  *sandbox.Fault
		says   string
	}{
		{"an unknown scope", []string{"read", "write", "write::moon"}, nil, `the unknown scope "write::moon"`},
		{"no scopes in the list", []string{"read", "write"},
			&sandbox.Fault{Kind: sandbox.FaultMissingField, Field: "/api_keys/1/scopes"}, "unexpected response"},
		{"a binding that the list does not show", []string{"read", "write"},
			&sandbox.Fault{Kind: sandbox.FaultMissingField, Field: "/api_keys/1/subaccount"}, "not in the list with the binding"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := emptyWorld(t, sandbox.WithChoices(sandbox.Choices{RestrictedManagement: true}))
			key, err := w.box.Bootstrap(sandbox.OfType(sandbox.Ed25519), sandbox.Scoped(row.scopes...), sandbox.InSubaccount(1))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.manager.Import(t.Context(), lifecycle.ImportRequest{KeyID: key.ID, PrivateKey: key.PrivateKey}); err != nil {
				t.Fatal(err)
			}
			if row.fault != nil {
				w.fault(*row.fault)
			}
			_, err = w.manager.Rotate(t.Context(), lifecycle.RotateRequest{})
			if err == nil || !strings.Contains(err.Error(), row.says) || len(w.liveKeys()) != 2 || len(w.journal()) != 0 || w.current().KeyID != key.ID {
				t.Errorf("%v, live are %v, the journal holds %v", err, w.liveKeys(), w.journal())
			}
		})
	}
}

func TestARotationThatFailsBeforeTheSwitchLeavesTheOldKey(t *testing.T) {
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{CreateDelay: time.Hour}))
	result, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{})
	mustMatch(t, err, wrapper.ErrUnknownKey)
	if w.current().KeyID != w.first.ID || result.New.KeyID != "" || len(w.liveKeys()) != 1 {
		t.Errorf("%+v, live are %+v", result, w.liveKeys())
	}
}

func TestAKeyThatWasReplacedIsNotReplacedAgain(t *testing.T) {
	w := newWorld(t)
	request := lifecycle.RotateRequest{KeyID: w.first.ID}
	first, err := w.manager.Rotate(t.Context(), request)
	if err != nil || first.Already || first.Old.KeyID != w.first.ID {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := w.manager.Rotate(t.Context(), request)
	if err != nil || !second.Already || second.New.KeyID != first.New.KeyID || second.Old.KeyID != "" {
		t.Errorf("%+v, %v", second, err)
	}
}

func TestOfTwoProcessesThatRotateOneWaitsAndSeesThatItIsDone(t *testing.T) {
	w := newWorld(t)
	waits := make(chan struct{})
	other, err := lifecycle.New(keystore.New(tellsOfLock{w.engine, waits}), w.baseURL, lifecycle.WithClock(w.clock),
		lifecycle.WithClientOptions(patient(), wrapper.WithHTTPTransport(w.carrier)))
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		lifecycle.RotateResult
		error
	}
	outcomes := make(chan outcome, 1)
	w.seam.beforeRequest = func(n int) {
		if n != 1 {
			return
		}
		go func() {
			result, err := other.Rotate(t.Context(), lifecycle.RotateRequest{})
			outcomes <- outcome{result, err}
		}()
		<-waits
	}
	mine, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{})
	if err != nil || mine.Already {
		t.Fatalf("%+v, %v", mine, err)
	}
	others := <-outcomes
	if others.error != nil || !others.Already || others.New.KeyID != mine.New.KeyID {
		t.Errorf("%+v", others)
	}
	if live := w.liveKeys(); len(live) != 1 {
		t.Errorf("live are %+v", live)
	}
}

// tellsOfLock says when it is about to wait for the lock.
type tellsOfLock struct {
	keystore.Locker

	waits chan struct{}
}

func (s tellsOfLock) Lock(ctx context.Context) (func() error, error) {
	close(s.waits)
	return s.Locker.Lock(ctx)
}

func TestTheLockIsFreeDuringTheGracePeriod(t *testing.T) {
	w := newWorld(t)
	var inGrace error
	w.clock.beforeNextWait(func() {
		if w.stateOf(w.first.ID) != keystore.StateRetiring {
			inGrace = errors.New("the old key is not retiring")
			return
		}
		_, inGrace = w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "other", Type: ed25519Type})
	})
	if _, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{}); err != nil || inGrace != nil {
		t.Fatal(err, inGrace)
	}
	if w.clock.waited.Round(time.Second) != lifecycle.DefaultGrace || w.stateOf(w.first.ID) != keystore.StateRevoked {
		t.Errorf("waited %s, the old key is %s", w.clock.waited, w.stateOf(w.first.ID))
	}
}

func TestAGracePeriodThatIsCutShortIsEndedByRecoverInTime(t *testing.T) {
	w := newWorld(t)
	result := w.rotateWithoutWaiting()
	if w.current().KeyID != result.New.KeyID {
		t.Errorf("current is %s", w.current().KeyID)
	}
	w.clock.advance(59 * time.Minute)
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 0 || len(report.Open) != 1 || report.Open[0].Action != lifecycle.RecoverGrace {
		t.Errorf("%+v, %v", report, err)
	}
	if len(w.seam.requests) != 3 {
		t.Errorf("waiting took requests: %v", w.seam.requests)
	}
	w.clock.advance(time.Minute)
	report, err = w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverRevoked || report.Done[0].KeyID != w.first.ID {
		t.Errorf("%+v, %v", report, err)
	}
	if live := w.liveKeys(); len(live) != 1 {
		t.Errorf("live are %+v", live)
	}
}

func TestAKeyThatIsWantedBackDuringItsGracePeriodStays(t *testing.T) {
	w := newWorld(t)
	w.clock.beforeNextWait(func() {
		if _, err := w.manager.Import(t.Context(), lifecycle.ImportRequest{KeyID: w.first.ID, PrivateKey: w.first.PrivateKey, Use: true}); err != nil {
			t.Error(err)
		}
	})
	if _, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{}); err != nil {
		t.Fatal(err)
	}
	if w.current().KeyID != w.first.ID || w.stateOf(w.first.ID) != keystore.StateActive || len(w.journal()) != 0 {
		t.Errorf("current is %v", w.current())
	}
	if err := w.checkPromises(nil); err != nil {
		t.Error(err)
	}
}

// rotateWithoutWaiting rotates with a grace period of an hour, and does not wait for its end.
func (w *world) rotateWithoutWaiting() lifecycle.RotateResult {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	w.clock.beforeNextWait(cancel)
	result, err := w.manager.Rotate(ctx, lifecycle.RotateRequest{Grace: time.Hour})
	mustMatch(w.t, err, lifecycle.ErrUnfinished, context.Canceled)
	return result
}

func TestRotationsMayOverlapTheGracePeriodsOfEarlierOnes(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.rotateWithoutWaiting()
	}
	if len(w.liveKeys()) != 4 || len(w.journal()) != 3 {
		t.Errorf("live are %v, the journal holds %v", w.liveKeys(), w.journal())
	}
	w.clock.advance(time.Hour)
	if _, err := w.manager.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if live := w.liveKeys(); len(live) != 1 || live[0].ID != w.current().KeyID {
		t.Errorf("live are %+v", live)
	}
}

func TestAnOldKeyThatCannotBeRevokedIsReported(t *testing.T) {
	w := newWorld(t)
	w.fault(sandbox.Fault{Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Body: "{}"})
	result, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
	mustMatch(t, err, lifecycle.ErrUnfinished, wrapper.ErrForbidden)
	if w.current().KeyID != result.New.KeyID {
		t.Errorf("current is %v", w.current())
	}
	_, err = w.manager.Rotate(t.Context(), lifecycle.RotateRequest{})
	mustMatch(t, err, lifecycle.ErrUnfinished)
	if live := w.liveKeys(); len(live) != 2 {
		t.Errorf("a second rotation went on: %+v", live)
	}
	w.clearFaults()
	if _, err := w.manager.Recover(t.Context()); err != nil || len(w.liveKeys()) != 1 {
		t.Errorf("%v, live are %v", err, w.liveKeys())
	}
}

func TestAKeyBehindASignerBecomesCurrentOnlyIfTheSignerIsFoundAgain(t *testing.T) {
	_, hsm, _ := ed25519.GenerateKey(rand.Reader)
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	opens := func(signer crypto.Signer) lifecycle.Option {
		return lifecycle.WithSigner(func(context.Context, keystore.Entry) (crypto.Signer, error) { return signer, nil })
	}
	for _, row := range []struct {
		name    string
		options []lifecycle.Option
		want    error
	}{
		{"no way to the signer", nil, lifecycle.ErrNoSigner},
		{"the way to another signer", []lifecycle.Option{opens(other)}, lifecycle.ErrNoSigner},
		{"the way to the signer", []lifecycle.Option{opens(hsm)}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			result, err := w.newManager(row.options...).Rotate(t.Context(), lifecycle.RotateRequest{Signer: hsm})
			if !errors.Is(err, row.want) || len(w.liveKeys()) != 1 || len(w.journal()) != 0 {
				t.Errorf("%+v, %v, live are %v", result, err, w.liveKeys())
			}
			if switched := w.current().KeyID != w.first.ID; switched != (row.want == nil) {
				t.Errorf("current is %v", w.current())
			}
		})
	}
}
