package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// remove deletes a key at the service and reports whether there was one to delete. A 404 that is
// not the service's own says nothing about the key.
func (m *Manager) remove(ctx context.Context, by *wrapper.Client, keyID string) (existed bool, err error) {
	m.progress("revoking key %s", keyID)
	err = by.DeleteAPIKey(ctx, keyID)
	if errors.Is(err, wrapper.ErrNotFound) && inServiceForm(err) {
		return false, nil
	}
	return err == nil, err
}

// giveUp revokes the keys that the intent's request made. Where it made none, or one that the
// service does not know yet, the intent stays in the journal as a watch. It returns the IDs of
// the keys it revoked.
func (m *Manager) giveUp(ctx context.Context, by *wrapper.Client, in intent, found []gen.APIKey) ([]string, error) {
	var revoked []string
	for _, key := range found {
		existed, err := m.remove(ctx, by, key.APIKeyID)
		if err != nil {
			return revoked, unfinished("key "+key.APIKeyID+" is live and not wanted", err)
		}
		if existed {
			revoked = append(revoked, key.APIKeyID)
		}
		if err := m.mark(ctx, key.APIKeyID, keystore.StateRevoked); err != nil {
			return revoked, unfinished("key "+key.APIKeyID+" is revoked, but the store does not say so", err)
		}
	}
	if len(found) > 0 && len(revoked) == len(found) {
		return revoked, m.drop(ctx, in)
	}
	return revoked, m.watch(ctx, in)
}

// watch keeps the intent in the journal for a key that may still appear.
func (m *Manager) watch(ctx context.Context, in intent) error {
	if !in.WatchUntil.IsZero() {
		return nil
	}
	in.WatchUntil = m.clock.Now().Add(WatchPeriod)
	if err := m.write(ctx, in); err != nil {
		return unfinished("a key may still appear", err)
	}
	return nil
}

// undo revokes the key that the intent made, and returns why. Once ctx has ended it leaves that
// to Recover.
func (m *Manager) undo(ctx context.Context, by *wrapper.Client, in intent, keyID string, cause error) error {
	if ctx.Err() != nil {
		return unfinished("key "+keyID+" was made and is not in use", cause)
	}
	revoked, err := m.giveUp(ctx, by, in, []gen.APIKey{{APIKeyID: keyID}})
	switch {
	case err != nil:
		return errors.Join(cause, err)
	case len(revoked) == 0:
		return fmt.Errorf("%w; the service has no key %s to revoke, and recover revokes it if it still appears", cause, keyID)
	}
	return fmt.Errorf("%w; key %s was revoked again", cause, keyID)
}

// mark changes the state of an entry, if the store has it.
func (m *Manager) mark(ctx context.Context, keyID string, state keystore.State) error {
	entry, err := m.store.Get(ctx, keyID)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil
	}
	if err != nil || entry.State == state {
		return err
	}
	entry.State, entry.ChangedAt = state, m.clock.Now()
	return m.store.Put(lasting(ctx), entry)
}
