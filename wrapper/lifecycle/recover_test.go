package lifecycle_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

func TestRecoverOfAnEmptyJournalSendsNothing(t *testing.T) {
	w := newWorld(t)
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done)+len(report.Open) != 0 || len(w.seam.requests) != 0 {
		t.Errorf("%+v, %v, sent %v", report, err, w.seam.requests)
	}
}

func TestRecoverNeverRevokesAKeyThatItsJournalDoesNotTag(t *testing.T) {
	w := newWorld(t)
	// A key of another store, of the same name and with a tag of its own.
	w.bootstrap(sandbox.Named("bot [kabcdefghij]"))
	w.bootstrap(sandbox.Named("bot"))
	w.issueUntil(answeredGenerate)
	if live := w.liveKeys(); len(live) != 4 {
		t.Fatalf("live are %v", live)
	}
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverUndone {
		t.Errorf("%+v, %v", report, err)
	}
	if live := w.liveKeys(); len(live) != 3 {
		t.Errorf("live are %+v", live)
	}
}

func TestRecordsThatCannotBeReadStayAndStopNewKeys(t *testing.T) {
	for _, row := range []struct{ name, id, data string }{
		{"no JSON", "broken", "half a rec"},
		{"another version", "strange", `{"version":99,"tag":"strange"}`},
		{"another tag", "tag", `{"version":1,"tag":"other"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.writeJournal(row.id, row.data)
			if _, err := w.manager.Recover(t.Context()); err == nil || strings.Contains(err.Error(), row.data) {
				t.Errorf("got %v", err)
			}
			if _, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot"}); err == nil {
				t.Error("a key was issued")
			}
			if len(w.journal()) != 1 || len(w.liveKeys()) != 1 {
				t.Errorf("the journal holds %v", w.journal())
			}
		})
	}
}

func TestIntentsForAnotherServiceAreLeftToIt(t *testing.T) {
	w := newWorld(t)
	w.writeJournal("kabcdefghij", `{"version":1,"action":"issue","tag":"kabcdefghij","base_url":"https://elsewhere.example/v2"}`)
	if _, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{}); err != nil {
		t.Fatal(err)
	}
	if len(w.journal()) != 1 {
		t.Errorf("the journal holds %v", w.journal())
	}
}

func TestWhileTheStoreCannotBeReadNoKeyIsTakenForLost(t *testing.T) {
	w := newWorld(t)
	w.issueUntil(beforeList)
	made := w.entries()[1].KeyID
	sound := w.document()
	w.replaceDocument(sound[:len(sound)/2])
	if _, err := w.manager.Recover(t.Context()); err == nil {
		t.Error("there was nothing to complain about")
	}
	_, err := w.manager.Audit(t.Context())
	if _, ok := errors.AsType[*keystore.DamagedError](err); !ok {
		t.Errorf("got %v, want that the store is damaged", err)
	}
	if live := w.liveKeys(); len(live) != 2 {
		t.Errorf("live are %+v", live)
	}
	w.replaceDocument(sound)
	if _, err := w.manager.Recover(t.Context()); err != nil || w.stateOf(made) != keystore.StateActive {
		t.Errorf("%v, the key is %s", err, w.stateOf(made))
	}
}

func TestRecoverDoesNotWaitLongForAKeyThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.issueUntil(beforeList)
	made := w.entries()[1].KeyID
	w.deleteAtService(made)
	began := w.clock.waited
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 0 || len(report.Open) != 1 || report.Open[0].Action != lifecycle.RecoverWatch {
		t.Errorf("%+v, %v", report, err)
	}
	if waited := w.clock.waited - began; waited < lifecycle.DefaultSettle-time.Second || waited > 2*lifecycle.DefaultSettle {
		t.Errorf("waited %s", waited)
	}
	if w.stateOf(made) != keystore.StateRevoked {
		t.Errorf("the key is %s", w.stateOf(made))
	}
}

func TestRecoverWaitsForAKeyThatTheListShows(t *testing.T) {
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{CreateDelay: proofTimeout / 2}))
	w.issueUntil(beforeList)
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverFinished {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestNoTextHoldsKeyMaterial(t *testing.T) {
	var lines []string
	for _, s := range scenarios() {
		w := s.begin(t)
		manager := w.newManager(append(w.options, lifecycle.WithProgress(func(line string) { lines = append(lines, line) }))...)
		w.strikeRequest(1, sandbox.Fault{Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 6})
		lines = append(lines, fmt.Sprint(s.work(w, manager)))
		report, err := manager.Recover(t.Context())
		lines = append(lines, fmt.Sprintf("%+v %#v %v", report, report, err))
		audit, err := manager.Audit(t.Context())
		lines = append(lines, fmt.Sprintf("%+v %#v %v", audit, audit, err))
		result, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{Way: lifecycle.Create})
		lines = append(lines, fmt.Sprintf("%+v %#v %v", result, result, err))
		for _, entry := range w.entries() {
			for part := range strings.SplitSeq(entry.PrivateKey.RevealPrivateKey(), "\n") {
				if len(part) > 20 && !strings.HasPrefix(part, "-----") && strings.Contains(strings.Join(lines, "\n"), part) {
					t.Fatalf("%s: a private key shows in\n%s", s.name, strings.Join(lines, "\n"))
				}
			}
		}
	}
	if text := strings.Join(lines, "\n"); !strings.Contains(text, "waiting") && !strings.Contains(text, "looking") {
		t.Errorf("nothing tells what is waited for:\n%s", text)
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	w := emptyWorld(t)
	for name, attempt := range map[string]func() (*lifecycle.Manager, error){
		"no store":             func() (*lifecycle.Manager, error) { return lifecycle.New(nil, w.baseURL) },
		"no base URL":          func() (*lifecycle.Manager, error) { return lifecycle.New(w.store, "") },
		"plain http to others": func() (*lifecycle.Manager, error) { return lifecycle.New(w.store, "http://example.com") },
		"no clock":             func() (*lifecycle.Manager, error) { return lifecycle.New(w.store, w.baseURL, lifecycle.WithClock(nil)) },
		"no progress": func() (*lifecycle.Manager, error) {
			return lifecycle.New(w.store, w.baseURL, lifecycle.WithProgress(nil))
		},
		"no settle time": func() (*lifecycle.Manager, error) {
			return lifecycle.New(w.store, w.baseURL, lifecycle.WithSettle(0))
		},
	} {
		if manager, err := attempt(); err == nil || manager != nil {
			t.Errorf("%s: got %v, %v", name, manager, err)
		}
	}
}

func TestWithoutOptionsTheSystemsClockIsUsed(t *testing.T) {
	box := sandbox.New()
	w := emptyWorld(t)
	w.server.Config.Handler = box
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	store, err := keystore.Open(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	manager, err := lifecycle.New(store, w.baseURL, lifecycle.WithSettle(1),
		lifecycle.WithClientOptions(patient(), wrapper.WithHTTPTransport(w.carrier)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.Import(t.Context(), lifecycle.ImportRequest{KeyID: key.ID, PrivateKey: key.PrivateKey}); err != nil {
		t.Fatal(err)
	}
	result, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: 1})
	if err != nil || result.Old.KeyID != key.ID {
		t.Errorf("%+v, %v", result, err)
	}
}
