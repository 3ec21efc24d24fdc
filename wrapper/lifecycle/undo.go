package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
// the keys it revoked, and whether it watches.
func (m *Manager) giveUp(
	ctx context.Context, by *wrapper.Client, in intent, found []gen.APIKey,
) (revoked []string, watches bool, err error) {
	for _, key := range found {
		existed, err := m.remove(ctx, by, key.APIKeyID)
		if err != nil {
			return revoked, false, unfinished("key "+key.APIKeyID+" is live and not wanted", err)
		}
		if existed {
			revoked = append(revoked, key.APIKeyID)
		}
		if err := m.mark(ctx, key.APIKeyID, keystore.StateRevoked); err != nil {
			return revoked, false, unfinished("key "+key.APIKeyID+" is revoked, but the store does not say so", err)
		}
	}
	if len(found) > 0 && len(revoked) == len(found) {
		return revoked, false, m.drop(ctx, in)
	}
	_, err = m.watch(ctx, in)
	return revoked, err == nil, err
}

// giveUpNamed is giveUp for the one key that an answer named. Where why shows that the ID is
// another's, nothing is deleted by it: only the tag tells what the request made.
func (m *Manager) giveUpNamed(
	ctx context.Context, by *wrapper.Client, in intent, keyID string, why error,
) (revoked []string, watches bool, err error) {
	if !disprovesID(why) {
		return m.giveUp(ctx, by, in, []gen.APIKey{{APIKeyID: keyID}})
	}
	// The watch comes first: Recover then goes by the tag as well.
	in, err = m.watch(ctx, in)
	if err != nil {
		return nil, false, err
	}
	if err := m.mark(ctx, keyID, keystore.StateRevoked); err != nil {
		return nil, false, unfinished("key "+keyID+" is not ours, but the store does not say so", err)
	}
	found, err := m.lookFor(ctx, by, in)
	if err != nil {
		return nil, false, unfinished("it is not known which key was made", err)
	}
	return m.giveUp(ctx, by, in, found)
}

// disprovesID reports whether a new key failed in a way that shows that the ID in the answer is
// not its own: the service knows the ID, with another key pair, or the rest of the answer is no
// key either.
func disprovesID(why error) bool {
	return errors.Is(why, wrapper.ErrBadSignature) || errors.Is(why, errUnusable)
}

// undo revokes the key that the intent made, and returns why. Once ctx has ended it leaves that
// to Recover.
func (m *Manager) undo(ctx context.Context, by *wrapper.Client, in intent, keyID string, cause error) error {
	if ctx.Err() != nil {
		return unfinished("key "+keyID+" was made and is not in use", cause)
	}
	revoked, _, err := m.giveUpNamed(ctx, by, in, keyID, cause)
	switch {
	case err != nil:
		return errors.Join(cause, err)
	case slices.ContainsFunc(revoked, func(id string) bool { return sameKeyID(id, keyID) }):
		return fmt.Errorf("%w; key %s was revoked again", cause, keyID)
	case len(revoked) > 0:
		return fmt.Errorf("%w; the service named key %s, which is not ours and was left alone; key %s, which the request made, was revoked again",
			cause, keyID, strings.Join(revoked, " and "))
	case disprovesID(cause):
		return fmt.Errorf("%w; the service named key %s, which is not ours and was left alone; recover revokes the one that the request made, "+
			"if it appears in the list", cause, keyID)
	}
	return fmt.Errorf("%w; the service has no key %s to revoke, and recover revokes it if it still appears", cause, keyID)
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
