package lifecycle

import (
	"context"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// watch keeps the intent in the journal for a key that may still appear, and returns it so.
func (m *Manager) watch(ctx context.Context, in intent) (intent, error) {
	if !in.WatchUntil.IsZero() {
		return in, nil
	}
	in.WatchUntil = m.clock.Now().Add(WatchPeriod)
	if err := m.write(ctx, in); err != nil {
		return in, unfinished("a key may still appear", err)
	}
	return in, nil
}

// resumeWatch looks once more for a key that had not appeared. An entry that its request led to
// was given up with it, if the program lived long enough to say so.
func (r *recovery) resumeWatch(ctx context.Context, in intent, entry keystore.Entry) error {
	if err := r.mark(ctx, entry.KeyID, keystore.StateRevoked); err != nil {
		return err
	}
	_, by, err := r.current(ctx)
	if err != nil {
		return err
	}
	found, err := r.find(r.seenOrNow(lists(ctx, by)), in.FCMSubtraderID, withTag(in.Tag))
	if err != nil {
		return err
	}
	if len(found) == 0 && r.clock.Now().After(in.WatchUntil) {
		return r.forget(ctx, in, "")
	}
	done, err := r.giveUp(ctx, by, in, found)
	return r.undone(in, done, err)
}

// seenOrNow returns a lister that asks for each list once in a recovery.
func (r *recovery) seenOrNow(list lister) lister {
	return func(subtrader *string) (*gen.GetAPIKeysResponse, error) {
		of := ""
		if subtrader != nil {
			of = *subtrader
		}
		if seen, ok := r.seen[of]; ok {
			return seen, nil
		}
		now, err := list(subtrader)
		if err == nil {
			r.seen[of] = now
		}
		return now, err
	}
}
