package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// Prune recovers, and then removes the entries of keys that were revoked longer ago than that, so that the
// store has room for others. It returns them. An entry that is current, or that a change still under way is
// about, stays. A key that Prune has removed and that the service still lists is one that the store does not
// hold, for [Manager.Audit].
func (m *Manager) Prune(ctx context.Context, older time.Duration) ([]keystore.Entry, error) {
	if older <= 0 {
		return nil, fmt.Errorf("lifecycle: %w: say how long ago the keys were revoked, such as 90 days", ErrInvalid)
	}
	var pruned []keystore.Entry
	err := m.recovered(ctx, func(ctx context.Context, _ RecoverReport, err error) error {
		if err != nil {
			return err
		}
		pruned, err = m.prunable(ctx, m.clock.Now().Add(-older))
		if err != nil {
			return err
		}
		keyIDs := make([]string, len(pruned))
		for i, entry := range pruned {
			keyIDs[i] = entry.KeyID
		}
		if err = m.store.Delete(lasting(ctx), keyIDs...); err != nil {
			pruned = nil
			return fmt.Errorf("lifecycle: nothing was removed: %w", err)
		}
		return nil
	})
	return pruned, err
}

// prunable returns the entries of the keys that were revoked before that time.
func (m *Manager) prunable(ctx context.Context, before time.Time) ([]keystore.Entry, error) {
	current, err := m.currentEntry(ctx)
	if err != nil {
		return nil, err
	}
	open, err := m.intents(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := m.store.List(ctx)
	return slices.DeleteFunc(entries, func(entry keystore.Entry) bool {
		isOpen := slices.ContainsFunc(open, func(in intent) bool {
			return carries(entry.Name, in.Tag) || sameKeyID(entry.KeyID, in.OldKeyID)
		})
		return entry.State != keystore.StateRevoked || entry.BaseURL != m.baseURL || entry.KeyID == current.KeyID ||
			isOpen || !entry.ChangedAt.Before(before)
	}), err
}
