package lifecycle

import (
	"context"
	"errors"
	"fmt"
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
	if saysNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// givenUp is what became of the keys of a request that are not to be.
type givenUp struct {
	revoked []string
	// watches: the intent stays in the journal, for a key that may still appear.
	watches bool
	// foreign: the ID that an answer named is that of somebody else's key, which was left alone.
	foreign bool
}

// giveUp revokes the keys that the intent's request made. Where it made none, or one that the
// service does not know yet, the intent stays in the journal as a watch.
func (m *Manager) giveUp(ctx context.Context, by *wrapper.Client, in intent, found []gen.APIKey) (givenUp, error) {
	var done givenUp
	for _, key := range found {
		existed, err := m.remove(ctx, by, key.APIKeyID)
		if err != nil {
			return done, unfinished("key "+key.APIKeyID+" is live and not wanted", err)
		}
		if existed {
			done.revoked = append(done.revoked, key.APIKeyID)
		}
		if err := m.mark(ctx, key.APIKeyID, keystore.StateRevoked); err != nil {
			return done, unfinished("key "+key.APIKeyID+" is revoked, but the store does not say so", err)
		}
	}
	if len(found) > 0 && len(done.revoked) == len(found) {
		return done, m.drop(ctx, in)
	}
	_, err := m.watch(ctx, in)
	done.watches = err == nil
	return done, err
}

// giveUpNamed is giveUp for the one key that an answer named. Where the ID is another's, nothing
// is deleted by it: only the tag tells what the request made.
func (m *Manager) giveUpNamed(ctx context.Context, by *wrapper.Client, in intent, keyID string, why error) (givenUp, error) {
	foreign, err := m.isForeign(ctx, by, in, keyID, why)
	if err != nil {
		return givenUp{}, unfinished("it is not known whether key "+keyID+" is the one that was made", err)
	}
	if !foreign {
		return m.giveUp(ctx, by, in, []gen.APIKey{{APIKeyID: keyID}})
	}
	done, err := m.giveUpTagged(ctx, by, in, keyID)
	done.foreign = true
	return done, err
}

// giveUpTagged is giveUp where an answer named the key of somebody else.
func (m *Manager) giveUpTagged(ctx context.Context, by *wrapper.Client, in intent, foreignID string) (givenUp, error) {
	// The watch comes first: Recover then goes by the tag as well.
	in, err := m.watch(ctx, in)
	if err != nil {
		return givenUp{}, err
	}
	if err := m.mark(ctx, foreignID, keystore.StateRevoked); err != nil {
		return givenUp{}, unfinished("key "+foreignID+" is not ours, but the store does not say so", err)
	}
	found, err := m.lookFor(ctx, by, in)
	if err != nil {
		return givenUp{}, unfinished("it is not known which key was made", err)
	}
	return m.giveUp(ctx, by, in, found)
}

// isForeign reports whether the ID that an answer named is another key's: its proof says so, or
// the list shows it without the tag. A key that has signed a request is ours.
func (m *Manager) isForeign(ctx context.Context, by *wrapper.Client, in intent, keyID string, why error) (bool, error) {
	if disprovesID(why) {
		return true, nil
	}
	if entry, err := m.store.Get(ctx, keyID); err == nil && entry.State == keystore.StateActive {
		return false, nil
	}
	listed, err := m.find(lists(ctx, by), in.FCMSubtraderID, withID(keyID))
	return len(listed) > 0 && !carries(listed[0].Name, in.Tag), err
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
	done, err := m.giveUpNamed(ctx, by, in, keyID, cause)
	switch {
	case err != nil:
		return errors.Join(cause, err)
	case done.foreign && len(done.revoked) > 0:
		return fmt.Errorf("%w; the service named key %s, which is not ours and was left alone; key %s, which the request made, was revoked again",
			cause, keyID, strings.Join(done.revoked, " and "))
	case len(done.revoked) > 0:
		return fmt.Errorf("%w; key %s was revoked again", cause, keyID)
	case done.foreign:
		return fmt.Errorf("%w; the service named key %s, which is not known to be ours and was left alone: delete it if the list shows it "+
			"under the name %q cut short; recover revokes the one that the request made, if it appears in the list", cause, keyID, in.Name)
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
