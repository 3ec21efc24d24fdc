package lifecycle_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestANameThatTheServiceCutsIsToldOnce(t *testing.T) {
	for _, row := range []struct {
		name string
		want int
	}{
		{"market maker on the east coast", 1},
		{"bot", 0},
	} {
		w := newWorld(t)
		var said []string
		cut := func(req *http.Request, body map[string]any) {
			eachListed(req, body, func(key map[string]any) {
				name := key["name"].(string)
				key["name"] = name[:min(len(name), 32)]
			})
		}
		manager := w.altered(cut, lifecycle.WithProgress(func(line string) {
			if strings.Contains(line, "changed the name of key") {
				said = append(said, line)
			}
		}))
		if _, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: row.name, Type: ed25519Type}); err != nil {
			t.Fatal(err)
		}
		if len(said) != row.want {
			t.Errorf("%s: it says %q", row.name, said)
		}
	}
}

func TestAKeyWithoutANameIsRotatedUnderItsTagAlone(t *testing.T) {
	w := newWorld(t)
	nameless := w.bootstrap(sandbox.Named("nameless"))
	unnamed := func(req *http.Request, body map[string]any) {
		eachListed(req, body, func(key map[string]any) {
			if key["name"] == "nameless" {
				key["name"] = ""
			}
		})
	}
	manager := w.altered(unnamed)
	entry, err := manager.Import(t.Context(), lifecycle.ImportRequest{KeyID: nameless.ID, PrivateKey: nameless.PrivateKey, Use: true})
	if err != nil || entry.Name != "" {
		t.Fatal(entry, err)
	}
	for range 3 {
		result, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{})
		if err != nil || !regexp.MustCompile(`^\[k[a-z2-7]{10}\]$`).MatchString(result.New.Name) {
			t.Fatalf("%+v, %v", result, err)
		}
	}
}

func TestAStepOfRecoverNamesTheKeyWhoseIDItShows(t *testing.T) {
	w := newWorld(t)
	w.rotateWithoutWaiting()
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Open) != 1 || report.Open[0].KeyID != w.first.ID || report.Open[0].Name != "bot" {
		t.Errorf("in the grace period: %+v, %v", report, err)
	}
	w.clock.advance(time.Hour)
	report, err = w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].KeyID != w.first.ID || report.Done[0].Name != "bot" {
		t.Errorf("of a rotation: %+v, %v", report, err)
	}
	w, second := withSecond(t)
	w.fault(sandbox.Fault{Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Status: http.StatusServiceUnavailable, Body: "{}"})
	mustMatch(t, w.manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: second}), lifecycle.ErrUnfinished)
	w.clearFaults()
	report, err = w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || !strings.HasPrefix(report.Done[0].Name, "second [k") {
		t.Errorf("of a revocation: %+v, %v", report, err)
	}
}

func TestARecordWithAnActionOfAnotherVersionStays(t *testing.T) {
	w := newWorld(t)
	w.writeJournal("kabcdefghij", `{"version":1,"action":"explode","tag":"kabcdefghij","base_url":"`+w.baseURL+`","old_key_id":"`+w.first.ID+`"}`)
	_, err := w.manager.Recover(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another version") || len(w.journal()) != 1 || len(w.seam.requests) != 0 {
		t.Errorf("%v, the journal holds %v, sent %v", err, w.journal(), w.seam.requests)
	}
}

func TestAnOptionThatIsNilIsRefusedAndNamed(t *testing.T) {
	w := emptyWorld(t)
	for want, option := range map[string]lifecycle.Option{
		"option 2 is nil":                    nil,
		"WithClientOptions: option 1 is nil": lifecycle.WithClientOptions(nil),
	} {
		manager, err := lifecycle.New(w.store, w.baseURL, lifecycle.WithClock(w.clock), option)
		if manager != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want %s", manager, err, want)
		}
	}
}
