package lifecycle

import (
	"context"
	"errors"
	"time"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// awaitGrace waits until the old key of a rotation may go, without the lock, and revokes it.
// Another process may have done so meanwhile.
func (m *Manager) awaitGrace(ctx context.Context, in intent, until time.Time) (time.Time, error) {
	left := until.Sub(m.clock.Now())
	err := m.wait(ctx, left, "key %s works for another %s, for programs that still sign with it", in.OldKeyID, left.Round(time.Second))
	if err != nil {
		return until, unfinished("the new key is current; key "+in.OldKeyID+" still works", err)
	}
	var next time.Time
	err = m.locked(ctx, func(ctx context.Context) error {
		next, err = m.retire(ctx, in)
		return err
	})
	if err != nil && !errors.Is(err, ErrUnfinished) {
		err = unfinished("the new key is current; key "+in.OldKeyID+" still works", err)
	}
	return next, err
}

// retire revokes the old key of a rotation that has switched, or returns until when it has to
// wait. The old entry's state says that the switch has been, and since when.
func (m *Manager) retire(ctx context.Context, in intent) (until time.Time, err error) {
	if err := m.tryRetire(ctx, in, &until); err != nil {
		return until, unfinished("the new key is current; key "+in.OldKeyID+" is not revoked yet", err)
	}
	if until.IsZero() {
		return until, m.drop(ctx, in)
	}
	return until, nil
}

func (m *Manager) tryRetire(ctx context.Context, in intent, until *time.Time) error {
	old, err := m.store.Get(ctx, in.OldKeyID)
	if errors.Is(err, keystore.ErrNotFound) {
		return m.retireWithoutEntry(ctx, in, until)
	}
	if err != nil || old.State == keystore.StateRevoked {
		return err
	}
	current, by, err := m.current(ctx)
	if err != nil {
		return err
	}
	if current.KeyID == old.KeyID {
		// Somebody went back to the old key, which must not go then.
		return m.mark(ctx, old.KeyID, keystore.StateActive)
	}
	if old, err = m.enter(ctx, old, keystore.StateRetiring); err != nil {
		return err
	}
	if end := old.ChangedAt.Add(in.Grace); m.clock.Now().Before(end) {
		*until = end
		return nil
	}
	if _, err := m.remove(ctx, by, old.KeyID); err != nil {
		return err
	}
	return m.mark(ctx, old.KeyID, keystore.StateRevoked)
}

// retireWithoutEntry revokes an old key whose entry was set aside since. The current key's entry
// says since when another has been in use.
func (m *Manager) retireWithoutEntry(ctx context.Context, in intent, until *time.Time) error {
	current, by, err := m.current(ctx)
	if err != nil {
		return err
	}
	if current, err = m.enter(ctx, current, current.State); err != nil {
		return err
	}
	if end := current.ChangedAt.Add(in.Grace); m.clock.Now().Before(end) {
		*until = end
		return nil
	}
	_, err = m.remove(ctx, by, in.OldKeyID)
	return err
}

// enter returns the entry in the state, changed now unless it was in that state before. A change
// later than now was noted by a clock that has been set back since: a grace period counted from
// then could last for ever.
func (m *Manager) enter(ctx context.Context, entry keystore.Entry, state keystore.State) (keystore.Entry, error) {
	now := m.clock.Now()
	if entry.State == state && !entry.ChangedAt.After(now) {
		return entry, nil
	}
	entry.State, entry.ChangedAt = state, now
	return entry, m.store.Put(lasting(ctx), entry)
}
