package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// FindingKind is what Audit found.
type FindingKind string

// The kinds. WideScopes is a notice, all others ask for something to be done.
const (
	// FindingGone: a key that the store takes to be live, and that the service does not list.
	FindingGone FindingKind = "gone"
	// FindingUnheld: a live key whose private half the store does not have.
	FindingUnheld FindingKind = "unheld"
	// FindingStillLive: a key that is revoked in the store and live at the service.
	FindingStillLive FindingKind = "still_live"
	// FindingStale: an entry is pending or retiring, but the journal has no change under way that would end that.
	FindingStale FindingKind = "stale"
	// FindingWideScopes: a live key of the store that may do everything.
	FindingWideScopes FindingKind = "wide_scopes"
	// FindingAttestation: the account's location attestation has lapsed or does so soon.
	FindingAttestation FindingKind = "attestation"
	// FindingUnrecovered: something that Recover could not finish.
	FindingUnrecovered FindingKind = "unrecovered"
	// FindingDamaged: a damaged file of the store, whose copy is read in its place.
	FindingDamaged FindingKind = "damaged"
)

// Finding is one thing that Audit found.
type Finding struct {
	// Kind is what was found.
	Kind FindingKind `json:"kind"`
	// KeyID is the key that it is about, empty if it is about none or about several.
	KeyID string `json:"api_key_id,omitempty"`
	// Name is what that key is called: by the service if it lists the key, or else by the store.
	Name string `json:"name,omitempty"`
	// Text says in plain words what it is and what to do.
	Text string `json:"text"`
}

// AuditReport compares the service's list with the store.
type AuditReport struct {
	// Current is the ID of the key that is current.
	Current string `json:"current"`
	// Listed is how many keys the service lists.
	Listed int `json:"listed"`
	// Held is how many of them the store holds, without its revoked entries.
	Held int `json:"held"`
	// AttestationExpires is when the account's location attestation lapses, zero if it never
	// attested.
	AttestationExpires time.Time `json:"attestation_expires,omitzero"`
	// Findings are in the order of the kinds above, and of their key IDs.
	Findings []Finding `json:"findings"`
}

// Audit recovers, and then compares the service's list with the store. Beyond recovering, it
// revokes nothing. It returns an error if it cannot have the list, or the list of a subtrader that
// it needs to compare.
func (m *Manager) Audit(ctx context.Context) (AuditReport, error) {
	report := AuditReport{Findings: []Finding{}}
	err := m.recovered(ctx, func(ctx context.Context, recovered RecoverReport, problems error) error {
		current, by, err := m.current(ctx)
		if err != nil {
			return errors.Join(err, problems)
		}
		a := &audit{AuditReport: &report, now: m.clock.Now(), settle: m.settle, open: recovered.Open}
		entries, err := m.store.List(ctx)
		if err != nil {
			return errors.Join(err, problems)
		}
		a.entries = slices.DeleteFunc(entries, func(e keystore.Entry) bool { return e.BaseURL != m.baseURL })
		if a.list, err = m.list(ctx, by, a.subtraders()...); err != nil {
			return fmt.Errorf("lifecycle: there is no list to compare the store with: %w", err)
		}
		report.Current, report.Listed = current.KeyID, len(a.list.keys)
		a.addErrors(FindingUnrecovered, problems)
		a.addErrors(FindingDamaged, m.store.Check(ctx))
		return a.compare()
	})
	return report, err
}

type audit struct {
	*AuditReport

	now     time.Time
	settle  time.Duration
	entries []keystore.Entry
	list    listing
	// open holds what recovering waits for.
	open []RecoverStep
}

// subtraders returns the subtraders that live entries are bound to, each once.
func (a *audit) subtraders() []*string {
	var all []*string
	for _, entry := range a.entries {
		known := func(other *string) bool { return *other == *entry.FCMSubtraderID }
		if entry.FCMSubtraderID != nil && entry.State != keystore.StateRevoked && !slices.ContainsFunc(all, known) {
			all = append(all, entry.FCMSubtraderID)
		}
	}
	return all
}

func (a *audit) compare() error {
	for _, entry := range a.entries {
		if err := a.checkEntry(entry); err != nil {
			return err
		}
	}
	for _, key := range a.list.keys {
		a.checkListed(key)
	}
	a.checkAttestation()
	slices.SortStableFunc(a.Findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(rank(x.Kind), rank(y.Kind)), strings.Compare(x.KeyID, y.KeyID))
	})
	return nil
}

func rank(kind FindingKind) int {
	return slices.Index([]FindingKind{
		FindingGone, FindingUnheld, FindingStillLive, FindingStale,
		FindingWideScopes, FindingAttestation, FindingUnrecovered, FindingDamaged,
	}, kind)
}

func (a *audit) add(kind FindingKind, keyID, name, format string, args ...any) {
	a.Findings = append(a.Findings, Finding{kind, keyID, name, fmt.Sprintf(format, args...)})
}

func (a *audit) addErrors(kind FindingKind, err error) {
	if err != nil {
		a.add(kind, "", "", "%v", err)
	}
}

// checkEntry looks at an entry of the store. The key that signed the list is live whatever the
// list shows, and a list may be too old to show the youngest keys.
func (a *audit) checkEntry(entry keystore.Entry) error {
	isYoung := a.now.Before(entry.CreatedAt.Add(a.settle))
	waits := entry.State == keystore.StatePending || entry.State == keystore.StateRetiring
	isOpen := slices.ContainsFunc(a.open, func(step RecoverStep) bool { return step.KeyID == entry.KeyID })
	switch {
	case entry.State == keystore.StateRevoked:
	case a.list.find(entry.KeyID) == nil && entry.KeyID != a.Current && !isYoung:
		if a.list.refused != nil && entry.FCMSubtraderID != nil {
			return fmt.Errorf("lifecycle: it is not known whether key %s is live, because the list of its subtrader was refused: %w", entry.KeyID, a.list.refused)
		}
		a.add(FindingGone, entry.KeyID, entry.Name,
			"The store holds this key as %s, and the service does not know it any more: revoke it here too", entry.State)
	case waits && !isOpen:
		a.add(FindingStale, entry.KeyID, entry.Name,
			"This key is %s since %s, but no change is under way to finish it: revoke it, or import it again to use it",
			entry.State, entry.ChangedAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// checkListed looks at a key that the service lists.
func (a *audit) checkListed(key gen.APIKey) {
	at := slices.IndexFunc(a.entries, func(e keystore.Entry) bool { return sameKeyID(e.KeyID, key.APIKeyID) })
	switch {
	case at < 0 || wasNeverOurs(a.entries[at], key):
		a.add(FindingUnheld, key.APIKeyID, key.Name,
			"This key is live, and the store does not have its private half: delete it if nobody else holds it, or import it")
	case a.entries[at].State != keystore.StateRevoked:
		a.Held++
		if slices.Contains(key.Scopes, gen.ScopeWrite) {
			a.add(FindingWideScopes, key.APIKeyID, key.Name,
				"This key has the scope write, so it may do everything, transfers and keys included; read and write::trade are enough to trade")
		}
	case !a.now.Before(a.entries[at].ChangedAt.Add(a.settle)): // a list may show a deleted key for a while
		a.add(FindingStillLive, key.APIKeyID, key.Name, "This key was revoked, and the service still lists it: delete it")
	}
}

// wasNeverOurs reports whether a listed key has the ID of an entry that was given up, but not its
// tag: an answer once named this ID for another key.
func wasNeverOurs(entry keystore.Entry, listed gen.APIKey) bool {
	tag := tagAtEnd.FindString(entry.Name)
	return entry.State == keystore.StateRevoked && !strings.Contains(listed.Name, strings.TrimSpace(tag))
}

func (a *audit) checkAttestation() {
	if a.list.attestation == nil {
		return
	}
	a.AttestationExpires = time.Unix(*a.list.attestation, 0).UTC()
	left, expires := a.AttestationExpires.Sub(a.now), a.AttestationExpires.Format(time.RFC3339)
	switch {
	case left <= 0:
		a.add(FindingAttestation, "", "", "The account's location attestation lapsed on %s: attest again", expires)
	case left <= attestationNotice:
		a.add(FindingAttestation, "", "", "The account's location attestation lapses on %s, in %d days: attest again", expires, left/(24*time.Hour))
	}
}
