package lifecycle

import (
	"context"
	"fmt"
	"strings"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// remove deletes a key at the service and reports whether there was one to delete.
func (m *Manager) remove(ctx context.Context, by *wrapper.Client, keyID string) (existed bool, err error) {
	m.progress("revoking key %s", keyID)
	err = by.DeleteAPIKey(ctx, keyID)
	noteDeletion(ctx, err)
	if isNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// undo revokes what the intent's request made, and returns why. Once ctx has ended it leaves
// that to Recover.
func (m *Manager) undo(ctx context.Context, by *wrapper.Client, in intent, cause error) error {
	if ctx.Err() != nil {
		return unfinished(fmt.Sprintf("a key named %q was made and is not in use", in.Name), cause)
	}
	found, err := m.lookFor(ctx, by, in)
	if err != nil {
		return unfinished(fmt.Sprintf("a key named %q may be live and is not in use", in.Name), fmt.Errorf("%w; %w", cause, err))
	}
	steps, err := m.giveUp(ctx, by, in, found)
	if err != nil {
		return fmt.Errorf("%w; %w", cause, err)
	}
	var revoked []string
	for _, step := range steps {
		if step.Action == RecoverUndone {
			revoked = append(revoked, step.KeyID)
		}
	}
	if len(revoked) > 0 {
		return fmt.Errorf("%w; key %s, which the request made, was revoked again", cause, strings.Join(revoked, " and "))
	}
	return unfinished(fmt.Sprintf("the service lists no key named %q: recover revokes it if it appears; "+
		"if the list shows a key under that name cut short, delete that one", in.Name), cause)
}

// giveUp revokes the keys that the service lists with the intent's tag. It never deletes by an
// ID that only an answer has named: that may be somebody else's key. If the list shows no key
// with the tag, or one that is gone by then, the intent stays in the journal as a watch.
func (m *Manager) giveUp(ctx context.Context, by *wrapper.Client, in intent, found []gen.APIKey) ([]RecoverStep, error) {
	var steps []RecoverStep
	for _, key := range found {
		existed, err := m.remove(ctx, by, key.APIKeyID)
		if err != nil {
			return steps, unfinished("key "+key.APIKeyID+" is live and not wanted", err)
		}
		if existed {
			steps = append(steps, RecoverStep{Action: RecoverUndone, KeyID: key.APIKeyID, Name: in.Name})
		}
	}
	finished := len(found) > 0 && len(steps) == len(found)
	// The watch is written before the entry changes: after a crash between the two, Recover would
	// otherwise take the revoked entry as the end of the change.
	if !finished && in.WatchUntil.IsZero() {
		in.LastLook = m.timeAt(by)
		in.WatchUntil = in.LastLook.Add(watchPeriod)
		if err := m.write(ctx, in); err != nil {
			return steps, unfinished("a key may still appear", err)
		}
	}
	entry, err := m.entryFor(ctx, in)
	if err == nil {
		_, err = m.enter(ctx, entry, keystore.StateRevoked)
	}
	if err != nil {
		return steps, unfinished("the new key is given up, but the store does not say so", err)
	}
	if finished {
		return steps, m.drop(ctx, in)
	}
	return append(steps, RecoverStep{Action: RecoverWatch, Name: in.Name, Until: in.WatchUntil}), nil
}

// entryFor returns the entry that the intent led to, or an empty one if there is none. An entry
// that the store cannot read might be it.
func (m *Manager) entryFor(ctx context.Context, in intent) (keystore.Entry, error) {
	entries, damaged := m.store.List(lasting(ctx))
	for _, entry := range entries {
		if carries(entry.Name, in.Tag) {
			return entry, nil
		}
	}
	return keystore.Entry{}, damaged
}

// enter stores the entry in the state, changed now unless it was in that state before, and
// returns it. It ignores an empty entry. A change later than now was noted by a clock that has
// been set back since: a grace period counted from then could last for ever.
func (m *Manager) enter(ctx context.Context, entry keystore.Entry, state keystore.State) (keystore.Entry, error) {
	now := m.clock.Now()
	if entry.KeyID == "" || (entry.State == state && !entry.ChangedAt.After(now)) {
		return entry, nil
	}
	entry.State, entry.ChangedAt = state, now
	return entry, m.store.Put(lasting(ctx), entry)
}
