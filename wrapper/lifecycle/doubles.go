package lifecycle

import (
	"context"
	"fmt"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

// finish ends a change whose key is active. A proxy may have sent its request twice, so every other key
// that carries the tag is revoked first. While the list is too old to show the key itself, it may be too
// old to show another, and finish returns when to look again; the journal keeps the change until then.
func (m *Manager) finish(ctx context.Context, in intent) (next time.Time, err error) {
	if !in.settled {
		next, err = m.lookForDoubles(ctx, in)
	}
	switch {
	case err != nil:
		return next, unfinished("the new key works; whether the request made another is not known", err)
	case next.IsZero():
		err = m.drop(ctx, in)
	}
	return next, err
}

func (m *Manager) lookForDoubles(ctx context.Context, in intent) (next time.Time, err error) {
	made, err := m.entryFor(ctx, in)
	if err != nil || made.KeyID == "" {
		return next, err // without the key itself, nothing is a double of it
	}
	_, by, err := m.current(ctx)
	if err != nil {
		return next, err
	}
	list, err := m.list(ctx, by, in.FCMSubtraderID)
	if isRefusal(err) {
		m.progress("whether the request made another key is not known, because the current key may not list: %v", err)
		return next, nil
	}
	if err == nil {
		err = m.removeDoubles(ctx, by, in, made.KeyID, list)
	}
	if settled := made.CreatedAt.Add(m.settle); err == nil && list.find(made.KeyID) == nil && m.clock.Now().Before(settled) {
		return settled, nil
	}
	return next, err
}

// removeDoubles revokes the keys of the list that carry the intent's tag, but for the one to keep.
func (m *Manager) removeDoubles(ctx context.Context, by *wrapper.Client, in intent, keep string, list listing) error {
	for _, double := range list.withTag(in.Tag) {
		if sameKeyID(double.APIKeyID, keep) {
			continue
		}
		if _, err := m.remove(ctx, by, double.APIKeyID); err != nil {
			return fmt.Errorf("lifecycle: the request made key %s too, and revoking it failed: %w", double.APIKeyID, err)
		}
	}
	return nil
}

// awaitFinish waits, without the lock, until the list can be trusted, and finishes the change.
func (m *Manager) awaitFinish(ctx context.Context, in intent, next time.Time) error {
	in.settled = false
	for !next.IsZero() {
		left := next.Sub(m.clock.Now())
		err := m.wait(ctx, left, "the list is old; looking again in %s whether the request made a second key", left.Round(time.Second))
		if err == nil {
			err = m.locked(ctx, func(ctx context.Context) error {
				next, err = m.finish(ctx, in)
				return err
			})
		}
		if err != nil {
			return unfinished("the new key works; whether the request made another is not known", err)
		}
	}
	return nil
}
