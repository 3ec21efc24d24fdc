package lifecycle_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// scenario is something that a program does and that can be interrupted.
type scenario struct {
	name    string
	service []sandbox.Option
	// prepare brings the world to where work begins.
	prepare func(*world)
	work    func(*world, *lifecycle.Manager) error
	stage   *stage
}

// slow is a service that takes its time with everything.
func slow() []sandbox.Option {
	return []sandbox.Option{
		sandbox.WithChoices(sandbox.Choices{CreateDelay: 2 * time.Second, DeleteDelay: 2 * time.Second, ListDelay: 4 * time.Second}),
	}
}

func scenarios() []scenario {
	issue := func(req lifecycle.IssueRequest) func(*world, *lifecycle.Manager) error {
		return func(w *world, m *lifecycle.Manager) error {
			_, err := m.Issue(w.t.Context(), req)
			return err
		}
	}
	rotate := func(req lifecycle.RotateRequest) func(*world, *lifecycle.Manager) error {
		return func(w *world, m *lifecycle.Manager) error {
			_, err := m.Rotate(w.t.Context(), req)
			return err
		}
	}
	secondKey := func(w *world) {
		w.manager = w.newManager(w.options...)
		if _, err := w.manager.Issue(w.t.Context(), lifecycle.IssueRequest{Name: "second", Type: ed25519Type}); err != nil {
			w.t.Fatal(err)
		}
	}
	thirdKey := func(w *world) {
		secondKey(w)
		secondKey(w)
	}
	revoke := func(w *world, m *lifecycle.Manager) error {
		return m.Revoke(w.t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true})
	}
	revokeOther := func(w *world, m *lifecycle.Manager) error {
		for _, entry := range w.entries() {
			if entry.KeyID != w.first.ID {
				return m.Revoke(w.t.Context(), lifecycle.RevokeRequest{KeyID: entry.KeyID})
			}
		}
		return errors.New("there is no second key")
	}
	_, hsm, err := ed25519.GenerateKey(rand.Reader)
	withSigner := func(w *world) {
		if err != nil {
			w.t.Fatal(err)
		}
		w.openSigner = func(context.Context, keystore.Entry) (crypto.Signer, error) { return hsm, nil }
		w.options = append(w.options, lifecycle.WithSigner(w.openSigner))
		w.restart()
	}
	generated := issue(lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
	created := issue(lifecycle.IssueRequest{Name: "bot", Type: ed25519Type, Way: lifecycle.Create})
	return []scenario{
		{name: "issue by generate", work: generated},
		{name: "issue by create", work: created},
		{name: "issue for a signer", prepare: withSigner, work: issue(lifecycle.IssueRequest{Name: "bot", Signer: hsm})},
		{name: "issue by generate, slow service", service: slow(), work: generated},
		{name: "issue by create, slow service", service: slow(), work: created},
		{name: "rotate by generate, no grace", work: rotate(lifecycle.RotateRequest{Grace: lifecycle.NoGrace})},
		{name: "rotate by generate, grace", work: rotate(lifecycle.RotateRequest{})},
		{name: "rotate by create, grace", work: rotate(lifecycle.RotateRequest{Way: lifecycle.Create})},
		{name: "rotate by generate, slow service", service: slow(), work: rotate(lifecycle.RotateRequest{})},
		{name: "rotate by create, slow service, no grace", service: slow(), work: rotate(lifecycle.RotateRequest{Way: lifecycle.Create, Grace: lifecycle.NoGrace})},
		{name: "rotate to a key behind a signer", prepare: withSigner, work: rotate(lifecycle.RotateRequest{Signer: hsm})},
		{name: "revoke another key", prepare: secondKey, work: revokeOther},
		{name: "revoke the key in use", prepare: secondKey, work: revoke},
		{name: "revoke a third key", prepare: thirdKey, work: revokeOther},
		{name: "revoke the key in use, slow service", service: slow(), prepare: secondKey, work: revoke},
	}
}

// begin returns a world in which the scenario's work can begin.
func (s scenario) begin(t *testing.T) *world {
	t.Helper()
	if s.stage == nil {
		s.stage = newStage(t, s)
	}
	w := s.stage.set()
	if s.prepare != nil {
		s.prepare(w)
	}
	w.clock.advance(time.Minute)
	w.restart()
	return w
}

// steps returns the steps of the work when nothing goes wrong.
func (s scenario) steps(t *testing.T) []string {
	t.Helper()
	w := s.begin(t)
	if err := s.work(w, w.manager); err != nil {
		t.Fatal(err)
	}
	steps := w.seam.steps
	if left := w.journal(); len(left) > 0 {
		t.Fatalf("the journal still holds %v", left)
	}
	if err := w.checkPromises(nil); err != nil {
		t.Fatal(err)
	}
	return slices.Clip(steps)
}

// crashAt runs the work up to a step and returns the world that is left.
func (s scenario) crashAt(t *testing.T, step int) (*world, []keystore.Entry) {
	t.Helper()
	w := s.begin(t)
	w.seam.strikeAt = step
	died, err := w.run(func(m *lifecycle.Manager) error { return s.work(w, m) })
	if !died {
		t.Fatalf("step %d was not reached (%v)", step, err)
	}
	w.deliverLate()
	return w, w.entries()
}

// deliverLate has the service work on a request that was on its way when the program died, once
// the next program waits for something.
func (w *world) deliverLate() {
	late := w.seam.late
	if late == nil {
		return
	}
	w.awaitsLate = late.Method == http.MethodPost
	w.clock.beforeNextWait(func() {
		w.awaitsLate = false
		if response, err := w.carrier.RoundTrip(late); err == nil {
			_ = response.Body.Close()
		}
	})
}

// inParallel runs test once for each scenario, on a stage of its own, and returns when all are
// done.
func inParallel(t *testing.T, chosen []scenario, test func(*testing.T, scenario)) {
	t.Helper()
	t.Run("scenario", func(t *testing.T) {
		for _, s := range chosen {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				s.stage = newStage(t, s)
				test(t, s)
			})
		}
	})
}

// isShort leaves the enumerations out of a short run, which is that of the race detector: it makes
// them slow, and each of their runs uses one goroutine.
func isShort() bool { return testing.Short() }

func TestAfterACrashAtAnyStepRecoverKeepsAllPromises(t *testing.T) {
	if isShort() {
		return
	}
	var total atomic.Int64
	inParallel(t, scenarios(), func(t *testing.T, s scenario) {
		t.Helper()
		steps := s.steps(t)
		for n, step := range steps {
			w, before := s.crashAt(t, n)
			if err := w.checkAfterRecovery(before); err != nil {
				t.Errorf("crash at step %d, %s: %v", n, step, err)
			}
		}
		total.Add(int64(len(steps)))
		t.Logf("%d steps", len(steps))
	})
	t.Logf("crash points: %d", total.Load())
}

func TestAfterACrashOfRecoverItselfRecoverKeepsAllPromises(t *testing.T) {
	if isShort() {
		return
	}
	var total atomic.Int64
	inParallel(t, scenarios(), func(t *testing.T, s scenario) {
		t.Helper()
		runs := 0
		for first, step := range s.steps(t) {
			if leavesTheSame(step) {
				continue
			}
			steps := s.recoverySteps(t, first)
			for second, next := range steps {
				if leavesTheSame(next) || asksAgain(steps, second) {
					continue
				}
				if err := s.crashTwice(t, first, second); err != nil {
					t.Errorf("crash at step %d, %s, then at step %d of recover, %s: %v", first, step, second, next, err)
				}
				runs++
			}
		}
		total.Add(int64(runs))
		t.Logf("%d crashes of recover", runs)
	})
	t.Logf("crashes of recover: %d", total.Load())
}

// leavesTheSame reports whether a crash before the step leaves the same behind as one before the
// step ahead of it.
func leavesTheSame(step string) bool {
	return step == stepLock || step == stepWrite
}

// asksAgain reports whether the step belongs to a request that repeats the one before it, as
// polling for a list does. A crash there leaves the same as in the first round.
func asksAgain(steps []string, n int) bool {
	const perRequest = 3
	return n >= perRequest && steps[n] == steps[n-perRequest] && strings.Contains(steps[n], " "+http.MethodGet+" ")
}

// recoverySteps returns the steps of the recovery from a crash at step first.
func (s scenario) recoverySteps(t *testing.T, first int) []string {
	t.Helper()
	w, _ := s.crashAt(t, first)
	w.restart()
	if _, err := w.manager.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.seam.steps
}

// crashTwice crashes the work and then the recovery from that.
func (s scenario) crashTwice(t *testing.T, first, second int) error {
	t.Helper()
	w, before := s.crashAt(t, first)
	w.restart()
	w.seam.strikeAt = second
	died, err := w.run(func(m *lifecycle.Manager) error {
		_, err := m.Recover(t.Context())
		return err
	})
	if !died {
		return fmt.Errorf("the step was not reached: %w", err)
	}
	if !w.awaitsLate {
		w.deliverLate()
	}
	return w.checkAfterRecovery(before)
}
