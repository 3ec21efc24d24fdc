package lifecycle

import (
	"context"
	"errors"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// awaitGrace waits, without the lock, until the grace period of a rotation's old key ends, and
// revokes it. Another process may have done so meanwhile.
func (m *Manager) awaitGrace(ctx context.Context, in intent, until time.Time) (end, next time.Time, err error) {
	in.settled = false // there is time for another look
	left := until.Sub(m.clock.Now())
	err = m.wait(ctx, left, "key %s works for another %s, for programs that still sign with it", in.OldKeyID, left.Round(time.Second))
	if err == nil {
		err = m.locked(ctx, func(ctx context.Context) error {
			end, next, err = m.retireAndFinish(ctx, in)
			return err
		})
	}
	if err != nil && !errors.Is(err, ErrUnfinished) {
		err = unfinished("the new key is current; key "+in.OldKeyID+" still works", err)
	}
	return end, next, err
}

// retireAndFinish revokes the old key of a rotation that has switched, and then finishes the change. It
// returns the end of the grace period, or when to finish, if either is still to come.
func (m *Manager) retireAndFinish(ctx context.Context, in intent) (until, next time.Time, err error) {
	until, err = m.retire(ctx, in)
	if err == nil && until.IsZero() {
		next, err = m.finish(ctx, in)
	}
	return until, next, err
}

// retire revokes the old key of a rotation that has switched, or returns the end of its grace
// period. It leaves the change in the journal.
func (m *Manager) retire(ctx context.Context, in intent) (until time.Time, err error) {
	until, err = m.tryRetire(ctx, in)
	if err != nil {
		return until, unfinished("the new key is current; key "+in.OldKeyID+" is not revoked yet", err)
	}
	return until, nil
}

func (m *Manager) tryRetire(ctx context.Context, in intent) (until time.Time, err error) {
	old, err := m.store.Get(ctx, in.OldKeyID)
	if err != nil || old.State == keystore.StateRevoked {
		return until, err
	}
	current, by, err := m.current(ctx)
	if err != nil {
		return until, err
	}
	if current.KeyID == in.OldKeyID {
		// Somebody went back to the old key, so it stays.
		_, err = m.enter(ctx, old, keystore.StateActive)
		return until, err
	}
	// The old entry says since when another key is current.
	if old, err = m.enter(ctx, old, keystore.StateRetiring); err != nil {
		return until, err
	}
	if end := old.ChangedAt.Add(in.Grace); m.clock.Now().Before(end) {
		return end, nil
	}
	if err = m.removeReplaced(ctx, by, current, old); err == nil {
		_, err = m.enter(ctx, old, keystore.StateRevoked)
	}
	return until, err
}

// removeReplaced deletes the key that current has replaced. A current key that works and may not delete
// keys, because it was given fewer scopes, leaves that to the old key itself.
func (m *Manager) removeReplaced(ctx context.Context, by *wrapper.Client, current, old keystore.Entry) error {
	_, refused := m.remove(ctx, by, old.KeyID)
	if !lacksScope(refused) {
		return refused
	}
	if _, err := by.GetAPIKeys(ctx); !isProof(current, err) {
		return refused
	}
	self, err := m.clientFor(ctx, old, nil)
	if err == nil {
		err = m.removeSelf(ctx, self, old.KeyID)
	}
	if err != nil {
		return errors.Join(refused, err)
	}
	return nil
}

// lacksScope reports whether the service knows the key and does not let it do what was asked.
func lacksScope(err error) bool {
	failure, ok := errors.AsType[*wrapper.Error](err)
	return ok && failure.FromService() && (errors.Is(err, wrapper.ErrForbidden) || failure.Code == "forbidden")
}
