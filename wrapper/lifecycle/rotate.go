package lifecycle

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// RotateRequest says how to replace the current key. The zero RotateRequest makes a key of the
// same type by generate, and revokes the old one after [DefaultGrace]. It is printed as an
// IssueRequest is, with the same exception.
type RotateRequest struct {
	// KeyID is the key to replace. When it is empty, that is the key which is current when
	// Rotate is called. If another key is current by then, Rotate replaces nothing.
	KeyID string
	// Type is the old key's when empty.
	Type gen.KeyType
	// Scopes are what the new key may do: nil for what the old key may do, as the service lists it.
	Scopes []gen.Scope
	// IfOlder, above 0, replaces the key only if it was made, or came into the store, that long ago.
	// A younger one is left, so that timers of several machines rotate once.
	IfOlder time.Duration
	// Way is as in IssueRequest. A key behind a signer is only replaced by one in the store if
	// Way says so.
	Way Way
	// Signer is as in IssueRequest, and needs [WithSigner].
	Signer crypto.Signer
	// Grace is how long the old key still works after the switch: [DefaultGrace] when 0, and
	// not at all with [NoGrace].
	Grace time.Duration
}

// RotateResult says what Rotate did.
type RotateResult struct {
	// New is the entry that is current now, with the service's warning, if there was one. Old is
	// the entry that it replaced.
	New, Old keystore.Entry
	// Already is true if the key had been replaced before, by another process or an earlier
	// call, or is younger than IfOlder. Nothing was made, and Old is empty.
	Already bool
}

// Rotate replaces the current key by a new one with the same bindings and, unless the request names
// others, the same scopes. At every
// instant the current key works at the service. The lock is not held during the grace period. Where the
// service's list is too old to show the new key, Rotate waits for the settle time as [Manager.Issue] does.
//
// When it returns an error that is not [ErrUnfinished], the old key is current as before and
// what was made is revoked. With ErrUnfinished the result tells which key is current: with an
// empty New it is still the old one.
func (m *Manager) Rotate(ctx context.Context, req RotateRequest) (RotateResult, error) {
	expected := req.KeyID
	if expected == "" {
		entry, err := m.currentEntry(ctx)
		if err != nil {
			return RotateResult{}, err
		}
		expected = entry.KeyID
	}
	var (
		result      RotateResult
		until, next time.Time
		in          intent
	)
	err := m.recovered(ctx, func(ctx context.Context, _ RecoverReport, err error) error {
		if err != nil {
			return err
		}
		if result, in, err = m.replace(ctx, req, expected); err != nil || result.Already {
			return err
		}
		until, next, err = m.retireAndFinish(ctx, in)
		return err
	})
	for err == nil && !until.IsZero() {
		until, next, err = m.awaitGrace(ctx, in, until)
	}
	if err == nil {
		err = m.awaitFinish(ctx, in, next)
	}
	return result, err
}

// replace makes the new key and switches to it.
func (m *Manager) replace(ctx context.Context, req RotateRequest, expected string) (RotateResult, intent, error) {
	old, by, err := m.current(ctx)
	if err != nil {
		return RotateResult{}, intent{}, err
	}
	if !sameKeyID(old.KeyID, expected) || m.clock.Now().Sub(old.CreatedAt) < req.IfOlder {
		return RotateResult{New: old, Already: true}, intent{}, nil
	}
	p, err := m.planLike(ctx, by, old, req)
	if err != nil {
		return RotateResult{}, intent{}, err
	}
	made, in, err := m.makeKey(ctx, by, p)
	if err == nil {
		err = m.switchTo(ctx, by, in, made)
	}
	if err != nil {
		return RotateResult{}, in, err
	}
	return RotateResult{New: made, Old: old}, in, nil
}

// planLike returns the plan for a key like old, as the service's list shows it.
func (m *Manager) planLike(ctx context.Context, by *wrapper.Client, old keystore.Entry, req RotateRequest) (plan, error) {
	if req.Signer != nil && m.openSigner == nil {
		return plan{}, fmt.Errorf("lifecycle: %w and would be current: give WithSigner, which leads to it later", ErrNoSigner)
	}
	if old.PrivateKey.IsEmpty() && req.Signer == nil && req.Way == "" {
		return plan{}, fmt.Errorf("lifecycle: key %s: %w; give the signer of the new key, or choose a way "+
			"to have the new private key in the store", old.KeyID, ErrNoSigner)
	}
	p := plan{signer: req.Signer, intent: intent{
		Action: actionRotate, Name: old.Name, Way: req.Way, Type: req.Type,
		OldKeyID: old.KeyID, Grace: max(cmp.Or(req.Grace, DefaultGrace), 0),
	}}
	if p.signer == nil {
		p.Type = cmp.Or(req.Type, old.Type)
	}
	p, err := p.checked()
	if err != nil {
		return p, err
	}
	listed, err := m.describe(ctx, by, old.KeyID, old.FCMSubtraderID)
	if err != nil {
		return p, err
	}
	p.Scopes, p.Subaccount, p.FCMSubtraderID = listed.Scopes, listed.Subaccount, listed.FCMSubtraderID
	if req.Scopes != nil {
		p.Scopes, listed.Scopes = req.Scopes, nil
	}
	return p, canBeAskedFor(old, listed)
}

// canBeAskedFor returns an error if no key like the listed one can be made. A binding that the
// store knows and the list lacks must not get lost: the new key could do more than the old one.
func canBeAskedFor(old keystore.Entry, listed gen.APIKey) error {
	unknown := slices.IndexFunc(listed.Scopes, func(scope gen.Scope) bool { return !scope.Valid() })
	switch {
	case unknown >= 0:
		return fmt.Errorf("lifecycle: key %s has the unknown scope %q; bring this program up to date, or replace the key by hand; nothing was made",
			old.KeyID, listed.Scopes[unknown])
	case (old.Subaccount != nil && listed.Subaccount == nil) || (old.FCMSubtraderID != nil && listed.FCMSubtraderID == nil):
		return fmt.Errorf("lifecycle: key %s: %w with the binding that the store knows; nothing was made", old.KeyID, errNotListed)
	}
	return nil
}

// switchTo makes the new key current. If the store returns an error, what it says afterwards
// counts.
func (m *Manager) switchTo(ctx context.Context, by *wrapper.Client, in intent, made keystore.Entry) error {
	m.progress("switching to key %s", made.KeyID)
	failed := m.store.SetCurrent(lasting(ctx), m.baseURL, made.KeyID)
	if failed == nil {
		return nil
	}
	if errors.Is(failed, keystore.ErrUnavailable) || errors.Is(failed, keystore.ErrLockLost) {
		// The write may still take effect, so neither key may go.
		return unfinished("it is not known whether the store has switched to key "+made.KeyID, failed)
	}
	now, err := m.store.Current(lasting(ctx), m.baseURL)
	switch {
	case err != nil:
		return unfinished("the store cannot say which key is current", errors.Join(failed, err))
	case now.KeyID == made.KeyID:
		return nil
	}
	return m.undo(ctx, by, in, fmt.Errorf("lifecycle: key %s could not be made current: %w", made.KeyID, failed))
}
