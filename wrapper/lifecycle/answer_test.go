package lifecycle_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// everyTime is more often than anything asks.
const everyTime = 1000

func (w *world) liveIDs() []string {
	w.t.Helper()
	var ids []string
	for _, key := range w.liveKeys() {
		ids = append(ids, key.ID)
	}
	return ids
}

func TestAnAnswerWhoseIDCannotBeThatOfItsKeyIsNotBelieved(t *testing.T) {
	for _, row := range []struct {
		name string
		id   func(*world) string
	}{
		{"no UUID", func(*world) string { return "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11/../x" }},
		{"the private key", func(w *world) string { return w.first.PrivateKey.RevealPrivateKey() }},
		{"the current key", func(w *world) string { return w.first.ID }},
		{"the current key in upper case", func(w *world) string { return strings.ToUpper(w.first.ID) }},
	} {
		for _, way := range []lifecycle.Way{lifecycle.Generate, lifecycle.Create} {
			t.Run(fmt.Sprint(row.name, " by ", way), func(t *testing.T) {
				w := newWorld(t)
				var said []string
				manager := w.altered(naming(row.id(w), 1), lifecycle.WithProgress(func(line string) { said = append(said, line) }))
				entry, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type, Way: way})
				if err != nil {
					t.Fatal(err)
				}
				if live, want := w.liveIDs(), []string{w.first.ID, entry.KeyID}; !slices.Equal(live, want) {
					t.Errorf("live are %v, want %v", live, want)
				}
				if text := strings.Join(said, "\n"); strings.Contains(text, row.id(w)) {
					t.Errorf("the progress repeats the ID:\n%s", text)
				}
				if err := w.checkPromises(nil); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestAnErrorDoesNotRepeatAnIDThatMayBeThePrivateKey(t *testing.T) {
	w := newWorld(t)
	var keys []string
	exchanged := func(req *http.Request, body map[string]any) {
		if req.Method == http.MethodPost {
			keys = append(keys, strings.Split(body["private_key"].(string), "\n")[1])
			body["api_key_id"], body["private_key"] = body["private_key"], body["api_key_id"]
		}
	}
	_, err := w.altered(exchanged).Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
	mustMatch(t, err, wrapper.ErrUnexpectedResponse)
	for _, key := range keys {
		if strings.Contains(err.Error(), key) {
			t.Errorf("the error holds a private key: %v", err)
		}
	}
	if live := w.liveKeys(); len(keys) != 3 || len(live) != 1 {
		t.Errorf("%d keys were made, live are %v", len(keys), live)
	}
}

// foreignNamed is somebody else's key on the account, and what makes a key while the answers
// name that one.
func foreignNamed(t *testing.T, work func(*lifecycle.Manager) error, options ...sandbox.Option) (*world, sandbox.Key, error) {
	t.Helper()
	w := newWorld(t, options...)
	foreign := w.bootstrap(sandbox.Named("foreign"))
	return w, foreign, work(w.altered(naming(foreign.ID, everyTime)))
}

func makesKey(way lifecycle.Way) map[string]func(*testing.T, *lifecycle.Manager) error {
	return map[string]func(*testing.T, *lifecycle.Manager) error{
		"issue": func(t *testing.T, m *lifecycle.Manager) error {
			t.Helper()
			_, err := m.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type, Way: way})
			return err
		},
		"rotate": func(t *testing.T, m *lifecycle.Manager) error {
			t.Helper()
			_, err := m.Rotate(t.Context(), lifecycle.RotateRequest{Way: way})
			return err
		},
	}
}

func TestAKeyOfSomebodyElseThatAnAnswerNamesIsLeftAlone(t *testing.T) {
	for _, way := range []lifecycle.Way{lifecycle.Generate, lifecycle.Create} {
		for name, work := range makesKey(way) {
			t.Run(fmt.Sprint(name, " by ", way), func(t *testing.T) {
				w, foreign, err := foreignNamed(t, func(m *lifecycle.Manager) error { return work(t, m) })
				mustMatch(t, err, wrapper.ErrBadSignature)
				if text := err.Error(); !strings.Contains(text, ", which the request made, was revoked again") {
					t.Errorf("the error says %q", text)
				}
				if live, want := w.liveIDs(), []string{w.first.ID, foreign.ID}; !slices.Equal(live, want) {
					t.Errorf("live are %v, want %v", live, want)
				}
				if w.stateOf(foreign.ID) != keystore.StateRevoked || len(w.journal()) != 0 {
					t.Errorf("the entry is %s, the journal holds %v", w.stateOf(foreign.ID), w.journal())
				}
			})
		}
	}
}

func TestAKeyOfSomebodyElseIsLeftAloneHoweverItsProofFails(t *testing.T) {
	for name, refusal := range map[string]struct {
		status int
		body   string
	}{
		"without a cause":     {401, `{"error":{"code":"authentication_error","message":"authentication_error"}}`},
		"by a gateway":        {403, `<html>blocked</html>`},
		"by no answer at all": {503, ``},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			foreign := w.bootstrap(sandbox.Named("foreign"))
			service := altering(w.seam.transport(w.carrier), naming(foreign.ID, everyTime))
			transport := roundTripper(func(req *http.Request) (*http.Response, error) {
				response, err := service.RoundTrip(req)
				if err == nil && response.StatusCode == http.StatusUnauthorized {
					_ = response.Body.Close()
					response.StatusCode, response.ContentLength = refusal.status, int64(len(refusal.body))
					response.Body = io.NopCloser(strings.NewReader(refusal.body))
				}
				return response, err
			})
			manager := w.newManager(lifecycle.WithClientOptions(wrapper.WithHTTPTransport(transport)))
			_, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
			if err == nil || !strings.Contains(err.Error(), ", which the request made, was revoked again") {
				t.Errorf("the error is %v", err)
			}
			if live, want := w.liveIDs(), []string{w.first.ID, foreign.ID}; !slices.Equal(live, want) || len(w.journal()) != 0 {
				t.Errorf("live are %v, want %v; the journal holds %v", live, want, w.journal())
			}
		})
	}
}

func TestAuditTakesAKeyThatAnAnswerNamedWronglyForSomebodyElses(t *testing.T) {
	w, foreign, err := foreignNamed(t, func(m *lifecycle.Manager) error { return makesKey(lifecycle.Generate)["issue"](t, m) })
	mustMatch(t, err, wrapper.ErrBadSignature)
	w.clock.advance(time.Minute)
	report, err := w.manager.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	about := slices.DeleteFunc(report.Findings, func(f lifecycle.Finding) bool { return f.KeyID != foreign.ID })
	if len(about) != 1 || about[0].Kind != lifecycle.FindingUnheld {
		t.Errorf("found %+v", about)
	}
}

func TestWhatARequestMadeUnderAnotherIDIsRevokedWhenItAppears(t *testing.T) {
	stale := sandbox.WithChoices(sandbox.Choices{ListDelay: 2 * lifecycle.DefaultSettle})
	w, foreign, err := foreignNamed(t, func(m *lifecycle.Manager) error { return makesKey(lifecycle.Generate)["issue"](t, m) }, stale)
	mustMatch(t, err, wrapper.ErrBadSignature)
	if text := err.Error(); !strings.Contains(text, "recover revokes it if it appears") {
		t.Errorf("the error says %q", text)
	}
	if len(w.liveKeys()) != 3 || len(w.journal()) != 1 {
		t.Fatalf("live are %v, the journal holds %v", w.liveKeys(), w.journal())
	}
	w.clock.advance(2 * lifecycle.DefaultSettle)
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverUndone || report.Done[0].KeyID == foreign.ID {
		t.Errorf("%+v, %v", report, err)
	}
	if live, want := w.liveIDs(), []string{w.first.ID, foreign.ID}; !slices.Equal(live, want) {
		t.Errorf("live are %v, want %v", live, want)
	}
}

func TestTheIDOfAnAnswerWithoutAUsableKeyIsNotDeleted(t *testing.T) {
	for name, naming := range map[string]func(keyID string) alter{
		"that the list shows": func(keyID string) alter { return naming(keyID, everyTime) },
		"that no list shows":  namingUnlisted,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			foreign := w.bootstrap(sandbox.Named("foreign"))
			named := naming(foreign.ID)
			manager := w.altered(func(req *http.Request, body map[string]any) {
				named(req, body)
				if req.Method == http.MethodPost {
					body["private_key"] = "none"
				}
			})
			_, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
			mustMatch(t, err, wrapper.ErrUnexpectedResponse)
			if live, want := w.liveIDs(), []string{w.first.ID, foreign.ID}; !slices.Equal(live, want) {
				t.Errorf("live are %v, want %v", live, want)
			}
		})
	}
}

func TestAfterACrashAtAnyStepAKeyOfSomebodyElseThatAnAnswerNamesIsLeftAlone(t *testing.T) {
	for name, work := range makesKey(lifecycle.Generate) {
		t.Run(name, func(t *testing.T) {
			var s scenario
			s.stage = newStage(t, s)
			foreign := s.stage.world.bootstrap(sandbox.Named("foreign"))
			for step, died := 0, true; died; step++ {
				w := s.begin(t)
				w.seam.strikeAt = step
				w.manager = w.altered(naming(foreign.ID, everyTime))
				died, _ = w.run(func(m *lifecycle.Manager) error { return work(t, m) })
				w.deliverLate()
				w.restart()
				if _, err := w.manager.Recover(t.Context()); err != nil {
					t.Fatalf("crash at step %d: %v", step, err)
				}
				if live, want := w.liveIDs(), []string{w.first.ID, foreign.ID}; !slices.Equal(live, want) {
					t.Errorf("crash at step %d: live are %v, want %v", step, live, want)
				}
				for _, entry := range w.entries() {
					if entry.KeyID == foreign.ID && entry.State != keystore.StateRevoked {
						t.Errorf("crash at step %d: the entry is %s", step, entry.State)
					}
				}
			}
		})
	}
}

func TestAKeyIDMayBeWrittenInEitherCase(t *testing.T) {
	w := newWorld(t)
	service := w.server.Config.Handler
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.Header.Set("Kalshi-Access-Key", strings.ToLower(r.Header.Get("Kalshi-Access-Key")))
		service.ServeHTTP(rw, r)
	})
	manager := w.altered(func(req *http.Request, body map[string]any) {
		if req.Method == http.MethodPost {
			body["api_key_id"] = strings.ToUpper(body["api_key_id"].(string))
		}
	})
	result, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{KeyID: strings.ToUpper(w.first.ID)})
	if err != nil || result.Already {
		t.Fatal(result, err)
	}
	if live := w.liveIDs(); len(live) != 1 || !strings.EqualFold(live[0], result.New.KeyID) || w.currentWorks() != nil {
		t.Errorf("live are %v, new is %s", live, result.New.KeyID)
	}
	w.clock.advance(time.Minute)
	report, err := w.manager.Audit(t.Context())
	if err != nil || report.Held != 1 || fmt.Sprint(kindsOf(report)) != "[wide_scopes]" {
		t.Errorf("%+v, %v", report, err)
	}
}
