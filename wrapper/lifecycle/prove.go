package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// prove waits for at most the given time until the service accepts a request that the key signed.
// It returns the list in the answer, which is empty if the key may not list.
func (m *Manager) prove(ctx context.Context, client *wrapper.Client, entry keystore.Entry, atMost time.Duration) (listing, error) {
	var list listing
	err := m.poll(ctx, atMost, "waiting for the service to know key "+entry.KeyID, func() (bool, error) {
		var err error
		list, err = m.list(ctx, client)
		if isProof(entry, err) {
			return true, nil
		}
		return !mayPass(err) && !mayBeTooNew(err), err
	})
	if errors.Is(err, wrapper.ErrUnauthenticated) {
		err = fmt.Errorf("lifecycle: key %s: %w: %w", entry.KeyID, errNotProven, err)
	} else if err != nil {
		err = fmt.Errorf("lifecycle: key %s could not be proven: %w", entry.KeyID, err)
	}
	return list, err
}

// isProof reports whether the answer to a list shows that the service knows the key and its
// signature. If the key lacks the scope to list, a refusal for that reason shows it too. For any
// other key, a refusal may come from a proxy or gateway.
func isProof(entry keystore.Entry, err error) bool {
	if err == nil {
		return true
	}
	refusal, ok := errors.AsType[*wrapper.Error](err)
	mayList := entry.Scopes == nil || slices.Contains(entry.Scopes, gen.ScopeRead)
	return ok && !mayList && refusal.Code == "forbidden"
}

// mayBeTooNew reports whether the service may refuse a key like this that was made a moment ago.
func mayBeTooNew(err error) bool {
	return errors.Is(err, wrapper.ErrUnauthenticated) && !errors.Is(err, wrapper.ErrBadSignature) &&
		!errors.Is(err, wrapper.ErrMalformedKeyID) && !errors.Is(err, wrapper.ErrClockSkew)
}

// activate stores that a pending key is proven. The list that proved it also tells what the key
// may do, and whether the request made further keys, which are revoked.
func (m *Manager) activate(ctx context.Context, by *wrapper.Client, in intent, entry keystore.Entry, list listing) (keystore.Entry, error) {
	if listed := list.find(entry.KeyID); listed != nil {
		if !carries(listed.Name, in.Tag) {
			m.progress("the service has changed the name of key %s, %q, into %q: after a lost answer, a key that has lost "+
				"its tag cannot be found and revoked; give shorter or plainer names", listed.APIKeyID, in.Name, listed.Name)
		}
		entry = describedBy(entry, *listed)
	}
	if err := m.removeDoubles(ctx, by, in, entry.KeyID, list); err != nil {
		return entry, err
	}
	entry.State, entry.ChangedAt = keystore.StateActive, m.clock.Now()
	if err := m.store.Put(lasting(ctx), entry); err != nil {
		return entry, fmt.Errorf("lifecycle: key %s works, but could not be stored as active: %w", entry.KeyID, err)
	}
	return entry, nil
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
