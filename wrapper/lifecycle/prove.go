package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// prove waits until the service accepts a request that the new key signed, and returns the list
// that it answered with: nil if the key may not see it.
func (m *Manager) prove(ctx context.Context, client *wrapper.Client, entry keystore.Entry) (*gen.GetAPIKeysResponse, error) {
	return m.proveUnless(ctx, client, entry, func() bool { return false })
}

// proveAgain is prove for a key that an earlier operation put into the store. It does not wait
// for one that is gone: one that is refused, and that the list seen by another key still lacks
// after the settle time.
func (m *Manager) proveAgain(ctx context.Context, by, client *wrapper.Client, entry keystore.Entry) (*gen.GetAPIKeysResponse, error) {
	settled := m.clock.Now().Add(m.settle)
	return m.proveUnless(ctx, client, entry, func() bool {
		if m.clock.Now().Before(settled) {
			return false
		}
		found, err := m.find(lists(ctx, by), entry.FCMSubtraderID, withID(entry.KeyID))
		return err == nil && len(found) == 0
	})
}

// proveUnless asks isGone, each time that the service does not know the key, whether to stop.
func (m *Manager) proveUnless(
	ctx context.Context, client *wrapper.Client, entry keystore.Entry, isGone func() bool,
) (*gen.GetAPIKeysResponse, error) {
	var list *gen.GetAPIKeysResponse
	err := m.poll(ctx, m.proofTimeout, "waiting for the service to know key "+entry.KeyID, func() (bool, error) {
		var err error
		list, err = client.GetAPIKeys(ctx)
		if isProof(entry, err) {
			return true, nil
		}
		if mayBeTooNew(err) {
			return isGone(), err
		}
		return !mayPass(err), err
	})
	if errors.Is(err, wrapper.ErrUnauthenticated) {
		return nil, fmt.Errorf("lifecycle: key %s: %w: %w", entry.KeyID, ErrNotProven, err)
	}
	if err != nil {
		return nil, fmt.Errorf("lifecycle: key %s could not be proven: %w", entry.KeyID, err)
	}
	return list, nil
}

// isProof reports whether the answer to a list shows that the service knows the key and its
// signature. From a key without the scope to list, a refusal for that reason does, too; from any
// other it may come from something between here and the service.
func isProof(entry keystore.Entry, err error) bool {
	if err == nil {
		return true
	}
	refusal, ok := errors.AsType[*wrapper.Error](err)
	mayList := entry.Scopes == nil || slices.Contains(entry.Scopes, gen.ScopeRead)
	return ok && !mayList && refusal.Code == "forbidden"
}

// mayBeTooNew reports whether a key that was made a moment ago may be refused like this.
func mayBeTooNew(err error) bool {
	return errors.Is(err, wrapper.ErrUnauthenticated) && !errors.Is(err, wrapper.ErrBadSignature) &&
		!errors.Is(err, wrapper.ErrMalformedKeyID) && !errors.Is(err, wrapper.ErrClockSkew)
}

// activate says in the store that a pending key is proven. The list that proved it also tells
// what the key may do, and whether the request made more than this one.
func (m *Manager) activate(
	ctx context.Context, by *wrapper.Client, in intent, entry keystore.Entry, list *gen.GetAPIKeysResponse,
) (keystore.Entry, error) {
	if list != nil {
		if at := indexOf(list, entry.KeyID); at >= 0 {
			m.checkName(in, list.APIKeys[at])
			entry = describedBy(entry, list.APIKeys[at])
		}
		if err := m.removeDoubles(ctx, by, matching(list, withTag(in.Tag)), entry.KeyID); err != nil {
			return entry, err
		}
	}
	entry.State, entry.ChangedAt = keystore.StateActive, m.clock.Now()
	if err := m.store.Put(lasting(ctx), entry); err != nil {
		return entry, fmt.Errorf("lifecycle: key %s works, but the store could not note it: %w", entry.KeyID, err)
	}
	return entry, nil
}

// checkName says so if the service has changed the name that it was given, of which nobody has
// recorded how long it may be.
func (m *Manager) checkName(in intent, listed gen.APIKey) {
	if !withTag(in.Tag)(listed) {
		m.progress("the service has changed the name of key %s, %q, into %q: after a lost answer, a key that has lost "+
			"its tag cannot be found and revoked; give shorter or plainer names", listed.APIKeyID, in.Name, listed.Name)
	}
}

// describedBy returns the entry with what the service says about the key. The name stays: it
// carries the tag.
func describedBy(entry keystore.Entry, listed gen.APIKey) keystore.Entry {
	if len(listed.Scopes) > 0 {
		entry.Scopes = listed.Scopes
	}
	entry.Subaccount = cmp.Or(listed.Subaccount, entry.Subaccount)
	entry.FCMSubtraderID = cmp.Or(listed.FCMSubtraderID, entry.FCMSubtraderID)
	return entry
}

// removeDoubles revokes what else a request made: something on the way may have sent it twice.
func (m *Manager) removeDoubles(ctx context.Context, by *wrapper.Client, found []gen.APIKey, keyID string) error {
	for _, key := range found {
		if sameKeyID(key.APIKeyID, keyID) {
			continue
		}
		if _, err := m.remove(ctx, by, key.APIKeyID); err != nil {
			return fmt.Errorf("lifecycle: the request made key %s too, and revoking it failed: %w", key.APIKeyID, err)
		}
	}
	return nil
}
