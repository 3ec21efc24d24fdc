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

// AttestationNotice is how long before the location attestation lapses Audit says so (our own
// choice).
const AttestationNotice = 14 * 24 * time.Hour

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
	// FindingStale: an entry that is pending or retiring, and no operation that would end that.
	FindingStale FindingKind = "stale"
	// FindingWideScopes: a live key of the store that may do everything.
	FindingWideScopes FindingKind = "wide_scopes"
	// FindingAttestation: the account's location attestation has lapsed or does so soon.
	FindingAttestation FindingKind = "attestation"
	// FindingUnrecovered: something that Recover could not finish.
	FindingUnrecovered FindingKind = "unrecovered"
	// FindingDamaged: a part of the store that cannot be read.
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
	// Held is how many of them the store holds, those that it takes for revoked not counted.
	Held int `json:"held"`
	// AttestationExpires is when the account's location attestation lapses, zero if it never
	// attested.
	AttestationExpires time.Time `json:"attestation_expires,omitzero"`
	// Findings are in the order of the kinds above, and of their key IDs.
	Findings []Finding `json:"findings"`
}

// Audit compares the service's list with the store, after having recovered. It revokes nothing
// beyond that. It returns an error if the list cannot be had, or that of a subtrader which it
// takes to compare.
func (m *Manager) Audit(ctx context.Context) (AuditReport, error) {
	var report AuditReport
	err := m.locked(ctx, func(ctx context.Context) error {
		report.Findings = []Finding{}
		a := &audit{Manager: m, report: &report, open: map[string]bool{}}
		return a.run(ctx)
	})
	return report, err
}

type audit struct {
	*Manager

	report *AuditReport
	// open holds the keys that the journal has plans for.
	open map[string]bool
}

func (a *audit) run(ctx context.Context) error {
	recovered, problems := a.recover(ctx)
	for _, step := range recovered.Open {
		a.open[step.KeyID] = true
	}
	current, by, err := a.current(ctx)
	if err != nil {
		return errors.Join(err, problems)
	}
	list, err := by.GetAPIKeys(ctx)
	if err != nil {
		return fmt.Errorf("lifecycle: no list to compare the store with: %w", err)
	}
	entries, damaged := a.store.List(ctx)
	entries = slices.DeleteFunc(entries, func(e keystore.Entry) bool { return e.BaseURL != a.baseURL })
	if err := addSubtraders(list, entries, lists(ctx, by)); err != nil {
		return err
	}
	a.report.Current, a.report.Listed = current.KeyID, len(list.APIKeys)
	for _, entry := range entries {
		a.checkEntry(entry, list)
	}
	for _, key := range list.APIKeys {
		a.checkListed(key, entries)
	}
	a.checkAttestation(list)
	a.addErrors(FindingUnrecovered, problems)
	a.addErrors(FindingDamaged, damaged)
	slices.SortStableFunc(a.report.Findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(rank(x.Kind), rank(y.Kind)), strings.Compare(x.KeyID, y.KeyID))
	})
	return nil
}

// addSubtraders adds the keys that only the list of a subtrader shows, for each subtrader with a
// key in the store that the list lacks.
func addSubtraders(list *gen.GetAPIKeysResponse, entries []keystore.Entry, listOf lister) error {
	asked := map[string]bool{}
	for _, entry := range entries {
		subtrader := entry.FCMSubtraderID
		if subtrader == nil || asked[*subtrader] || entry.State == keystore.StateRevoked || indexOf(list, entry.KeyID) >= 0 {
			continue
		}
		asked[*subtrader] = true
		own, err := listOf(subtrader)
		if err != nil {
			return fmt.Errorf("lifecycle: whether the service knows key %s cannot be told without the list of its subtrader: %w", entry.KeyID, err)
		}
		for _, key := range own.APIKeys {
			if indexOf(list, key.APIKeyID) < 0 {
				list.APIKeys = append(list.APIKeys, key)
			}
		}
	}
	return nil
}

func rank(kind FindingKind) int {
	return slices.Index([]FindingKind{
		FindingGone, FindingUnheld, FindingStillLive, FindingStale,
		FindingWideScopes, FindingAttestation, FindingUnrecovered, FindingDamaged,
	}, kind)
}

func (a *audit) add(kind FindingKind, keyID, name, format string, args ...any) {
	a.report.Findings = append(a.report.Findings, Finding{kind, keyID, name, fmt.Sprintf(format, args...)})
}

func (a *audit) addErrors(kind FindingKind, err error) {
	if err != nil {
		a.add(kind, "", "", "%v", err)
	}
}

// checkEntry looks at an entry of the store. The key that signed the list is live whatever the
// list shows, and a list may be too old to show the youngest keys.
func (a *audit) checkEntry(entry keystore.Entry, list *gen.GetAPIKeysResponse) {
	listed := indexOf(list, entry.KeyID) >= 0
	young := a.clock.Now().Before(entry.CreatedAt.Add(a.settle))
	waits := entry.State == keystore.StatePending || entry.State == keystore.StateRetiring
	switch {
	case entry.State == keystore.StateRevoked:
		return
	case !listed && entry.KeyID != a.report.Current && !young:
		a.add(FindingGone, entry.KeyID, entry.Name,
			"The store holds this key as %s, and the service does not know it any more: revoke it here too", entry.State)
	case waits && !a.open[entry.KeyID]:
		a.add(FindingStale, entry.KeyID, entry.Name,
			"This key is %s since %s, and no operation is under way that would end that: revoke it, or import it again to use it",
			entry.State, entry.ChangedAt.UTC().Format(time.RFC3339))
	}
}

// checkListed looks at a key that the service lists.
func (a *audit) checkListed(key gen.APIKey, entries []keystore.Entry) {
	at := slices.IndexFunc(entries, func(e keystore.Entry) bool { return sameKeyID(e.KeyID, key.APIKeyID) })
	if at < 0 || wasNeverOurs(entries[at], key) {
		a.add(FindingUnheld, key.APIKeyID, key.Name,
			"This key is live, and the store does not have its private half: delete it if nobody else holds it, or import it")
		return
	}
	entry := entries[at]
	if entry.State == keystore.StateRevoked {
		// A deleted key may be shown for a while.
		if !a.clock.Now().Before(entry.ChangedAt.Add(a.settle)) {
			a.add(FindingStillLive, key.APIKeyID, key.Name, "This key was revoked, and the service still lists it: delete it")
		}
		return
	}
	a.report.Held++
	if slices.Contains(key.Scopes, gen.ScopeWrite) {
		a.add(FindingWideScopes, key.APIKeyID, key.Name,
			"This key has the scope write, so it may do everything, transfers and keys included; read and write::trade are enough to trade")
	}
}

// wasNeverOurs reports whether a listed key has the ID of an entry that was given up, and not its
// tag: an answer once named this ID for another key.
func wasNeverOurs(entry keystore.Entry, listed gen.APIKey) bool {
	tag := tagAtEnd.FindString(entry.Name)
	return entry.State == keystore.StateRevoked && !strings.Contains(listed.Name, strings.TrimSpace(tag))
}

func (a *audit) checkAttestation(list *gen.GetAPIKeysResponse) {
	if list.APIKeyRegionExpirationTS == nil {
		return
	}
	expires := time.Unix(*list.APIKeyRegionExpirationTS, 0).UTC()
	a.report.AttestationExpires = expires
	left := expires.Sub(a.clock.Now())
	switch {
	case left <= 0:
		a.add(FindingAttestation, "", "", "The account's location attestation lapsed on %s: attest again", expires.Format(time.RFC3339))
	case left <= AttestationNotice:
		a.add(FindingAttestation, "", "", "The account's location attestation lapses on %s, in %d days: attest again",
			expires.Format(time.RFC3339), left/(24*time.Hour))
	}
}
