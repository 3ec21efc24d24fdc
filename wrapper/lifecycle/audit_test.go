package lifecycle_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

func kindsOf(report lifecycle.AuditReport) []string {
	kinds := []string{}
	for _, finding := range report.Findings {
		kinds = append(kinds, string(finding.Kind))
	}
	return kinds
}

func attested(until time.Duration) sandbox.Option {
	return sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {RegionExpiration: newFakeClock().now.Add(until)}}})
}

func TestAuditFinds(t *testing.T) {
	const day = 24 * time.Hour
	issue := func(w *world, scopes ...gen.Scope) string {
		entry, err := w.manager.Issue(w.t.Context(), lifecycle.IssueRequest{Name: "second", Type: ed25519Type, Scopes: scopes})
		if err != nil {
			w.t.Fatal(err)
		}
		return entry.KeyID
	}
	narrow := []gen.Scope{gen.ScopeRead, gen.ScopeWriteTrade}
	for _, row := range []struct {
		name    string
		options []sandbox.Option
		// prepare returns the key that the finding is about.
		prepare func(*world) string
		// The current key manages keys, so its own wide scopes are always found.
		want string
	}{
		{"nothing but the scopes of the current key", nil, nil, ""},
		{"nothing wrong with a key of narrow scopes", nil, func(w *world) string { issue(w, narrow...); return "" }, ""},
		{"wide scopes", nil, func(w *world) string { return issue(w) }, "wide_scopes"},
		{"a key that is gone at the service", nil, func(w *world) string {
			id := issue(w, narrow...)
			w.deleteAtService(id)
			return id
		}, "gone"},
		{"a key whose private half is nowhere here", nil, func(w *world) string { return w.bootstrap().ID }, "unheld"},
		{"a revoked key that is live", nil, func(w *world) string {
			id := issue(w, narrow...)
			w.markRevoked(id)
			return id
		}, "still_live"},
		{"a pending key that nobody finishes", nil, func(w *world) string {
			id := issue(w, narrow...)
			w.setState(id, keystore.StatePending)
			return id
		}, "stale"},
		{"a retiring key that nobody revokes", nil, func(w *world) string {
			id := issue(w, narrow...)
			w.setState(id, keystore.StateRetiring)
			return id
		}, "stale"},
		{"no attestation that lapses in 15 days", []sandbox.Option{attested(15 * day)}, nil, ""},
		{"an attestation that lapses in 14 days", []sandbox.Option{attested(14 * day)}, nil, "attestation"},
		{"an attestation that has lapsed", []sandbox.Option{attested(-day)}, nil, "attestation"},
		{"no young key gone in a stale list", []sandbox.Option{sandbox.WithChoices(sandbox.Choices{ListDelay: 2 * time.Minute})}, nil, ""},
		{"what cannot be recovered", nil, func(w *world) string { w.writeJournal("broken", "half"); return "" }, "unrecovered"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, row.options...)
			about := ""
			if row.prepare != nil {
				about = row.prepare(w)
			}
			w.clock.advance(time.Minute)
			report, err := w.manager.Audit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			findings := slices.DeleteFunc(report.Findings, func(f lifecycle.Finding) bool { return f.KeyID == w.first.ID && f.Kind == lifecycle.FindingWideScopes })
			got := ""
			if len(findings) > 0 {
				got = string(findings[0].Kind)
			}
			if len(findings) > 1 || got != row.want || (len(findings) == 1 && (findings[0].KeyID != about || findings[0].Text == "")) {
				t.Errorf("found %+v, want %s of %s", findings, row.want, about)
			}
			if report.Current != w.first.ID || report.Held == 0 {
				t.Errorf("the report is %+v", report)
			}
		})
	}
}

func TestAuditTakesAKeyInItsGracePeriodForWhatItIs(t *testing.T) {
	w := newWorld(t)
	w.clock.beforeNextWait(func() {
		w.clock.advance(time.Minute)
		report, err := w.manager.Audit(t.Context())
		if err != nil || fmt.Sprint(kindsOf(report)) != "[wide_scopes wide_scopes]" {
			t.Errorf("%+v, %v", report, err)
		}
	})
	if _, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: time.Hour}); err != nil {
		t.Fatal(err)
	}
}

func TestAuditWithoutAListIsAnError(t *testing.T) {
	w := newWorld(t)
	w.fault(sandbox.Fault{Kind: sandbox.FaultStatus, Status: http.StatusServiceUnavailable, Body: "{}"})
	_, err := w.manager.Audit(t.Context())
	mustMatch(t, err, wrapper.ErrUnavailable)
}

func TestAuditTellsWhenTheAttestationLapses(t *testing.T) {
	w := newWorld(t, attested(time.Hour))
	report, err := w.manager.Audit(t.Context())
	if err != nil || !report.AttestationExpires.Equal(newFakeClock().now.Add(time.Hour)) || report.Listed != 1 || report.Held != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}
