package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// RevokeRequest says which key to revoke.
type RevokeRequest struct {
	// KeyID is the key to revoke. It must be in the store.
	KeyID string
	// InUse allows it to be the current key. Another key of the store that works becomes current
	// first.
	InUse bool
	// Last allows it to be the last key of the store that works. Nothing can be signed then
	// until another key is imported.
	Last bool
}

// Revoke deletes a key at the service for good, and notes so in the store. A key that the
// service does not know any more counts as revoked. It refuses the key in use ([ErrKeyInUse])
// and the last one that works ([ErrLastKey]) unless the request allows them. If the store can be read
// and not written, because the disk is full or read-only, a key that is not current is revoked all the
// same, and the error is [ErrUnfinished] and says what the store does not. With any other ErrUnfinished, Recover goes on to
// revoke it; with any other error the key was not revoked.
func (m *Manager) Revoke(ctx context.Context, req RevokeRequest) error {
	begun := false
	err := m.recovered(ctx, func(ctx context.Context, _ RecoverReport, err error) error {
		begun = true
		if err != nil {
			// A leaked key has to go even if something else cannot be recovered.
			m.progress("recovering failed: %v", err)
		}
		target, err := m.mayRevoke(ctx, req)
		if err != nil || target.State == keystore.StateRevoked {
			return err
		}
		in, err := m.begin(ctx, intent{Action: actionRevoke, OldKeyID: target.KeyID, Last: req.Last})
		if err != nil {
			return m.revokeUnwritten(ctx, req, err)
		}
		return m.finishRevoke(ctx, in)
	})
	if begun || err == nil || ctx.Err() != nil {
		return err
	}
	// The lock needs to write, too.
	return m.revokeUnwritten(ctx, req, err)
}

// mayRevoke returns the entry of the key to revoke, or why it must not be.
func (m *Manager) mayRevoke(ctx context.Context, req RevokeRequest) (keystore.Entry, error) {
	target, err := m.store.Get(ctx, req.KeyID)
	if err != nil {
		return target, fmt.Errorf("lifecycle: key %s is not revoked: %w", req.KeyID, err)
	}
	if target.BaseURL != m.baseURL {
		return target, fmt.Errorf("lifecycle: %w: key %s belongs to %s", ErrInvalid, target.KeyID, target.BaseURL)
	}
	if target.State == keystore.StateRevoked {
		return target, nil
	}
	current, err := m.currentEntry(ctx)
	if err == nil && current.KeyID == target.KeyID && !req.InUse {
		err = fmt.Errorf("lifecycle: key %s: %w; rotate it instead, or say that the key in use may go", target.KeyID, ErrKeyInUse)
	}
	return target, err
}

// revokeUnwritten revokes a key although the store cannot be written. The current key stays: programs
// that follow the store would be left without a key that works.
func (m *Manager) revokeUnwritten(ctx context.Context, req RevokeRequest, unwritten error) error {
	target, err := m.mayRevoke(ctx, req)
	if err != nil || target.State == keystore.StateRevoked {
		return err
	}
	current, by, err := m.current(ctx)
	if err == nil && current.KeyID == target.KeyID {
		err = errors.New("it is the current key, and another cannot be made current")
	}
	if err == nil {
		_, err = m.remove(ctx, by, target.KeyID)
	}
	if err != nil {
		return fmt.Errorf("lifecycle: key %s is not revoked: %w; the store cannot be written: %w", target.KeyID, err, unwritten)
	}
	return unfinished("key "+target.KeyID+" is revoked, but the store does not say so", unwritten)
}

// currentEntry returns the entry that is current, an empty one if none is.
func (m *Manager) currentEntry(ctx context.Context) (keystore.Entry, error) {
	current, err := m.store.Current(ctx, m.baseURL)
	if err != nil && !errors.Is(err, keystore.ErrNoCurrent) {
		return keystore.Entry{}, fmt.Errorf("lifecycle: the current key cannot be read: %w", err)
	}
	return current, nil
}

// leave makes another key that works current unless one is. Without another key it returns
// ErrLastKey, or nil if the last key may go.
func (m *Manager) leave(ctx context.Context, target keystore.Entry, last bool) error {
	current, err := m.currentEntry(ctx)
	if err != nil {
		return err
	}
	if current.KeyID != "" && current.KeyID != target.KeyID && current.State != keystore.StateRevoked {
		return nil
	}
	other, err := m.otherThatWorks(ctx, target.KeyID)
	if err != nil {
		return err
	}
	if other == "" && last {
		return nil
	}
	if other == "" {
		return fmt.Errorf("lifecycle: key %s: %w; issue or import another first, or say that the last key may go", target.KeyID, ErrLastKey)
	}
	m.progress("switching to key %s", other)
	if err := m.store.SetCurrent(lasting(ctx), m.baseURL, other); err != nil {
		return fmt.Errorf("lifecycle: key %s could not be made current: %w", other, err)
	}
	return nil
}

// otherThatWorks returns the youngest active key that the service accepts now, "" if there is
// none.
func (m *Manager) otherThatWorks(ctx context.Context, except string) (string, error) {
	// An entry that cannot be read does not count as a key that works.
	entries, _ := m.store.List(ctx)
	var problems error
	for _, entry := range slices.Backward(entries) {
		if entry.KeyID == except || entry.BaseURL != m.baseURL || entry.State != keystore.StateActive {
			continue
		}
		client, err := m.clientFor(ctx, entry, nil)
		if err == nil {
			_, err = client.GetAPIKeys(ctx)
		}
		if isProof(entry, err) {
			return entry.KeyID, nil
		}
		if !errors.Is(err, wrapper.ErrUnauthenticated) && !errors.Is(err, ErrNoSigner) {
			problems = errors.Join(problems, fmt.Errorf("lifecycle: it is not known whether key %s works: %w", entry.KeyID, err))
		}
	}
	return "", problems
}

// finishRevoke does what a revoke intent says, as far as it is not done.
func (m *Manager) finishRevoke(ctx context.Context, in intent) error {
	target, err := m.store.Get(ctx, in.OldKeyID)
	if err != nil {
		return unfinished("key "+in.OldKeyID+" is not revoked yet", err)
	}
	if target.State == keystore.StateRevoked {
		return m.drop(ctx, in)
	}
	err = m.leave(ctx, target, in.Last)
	if errors.Is(err, ErrLastKey) {
		return errors.Join(err, m.drop(ctx, in))
	}
	if err != nil {
		return unfinished("key "+in.OldKeyID+" is not revoked yet", err)
	}
	current, by, err := m.current(ctx)
	self := current.KeyID == target.KeyID
	if errors.Is(err, ErrRevoked) || errors.Is(err, keystore.ErrNoCurrent) {
		by, err = m.clientFor(ctx, target, nil)
		self = true
	}
	if err == nil && self {
		err = m.removeSelf(ctx, by, in.OldKeyID)
	} else if err == nil {
		_, err = m.remove(ctx, by, in.OldKeyID)
	}
	switch {
	case isRefusal(err):
		return errors.Join(fmt.Errorf("lifecycle: key %s is not revoked: %w", in.OldKeyID, err), m.drop(ctx, in))
	case err != nil:
		return unfinished("key "+in.OldKeyID+" is not revoked yet", err)
	}
	if _, err := m.enter(ctx, target, keystore.StateRevoked); err != nil {
		return unfinished("key "+in.OldKeyID+" is revoked, but the store does not say so", err)
	}
	return m.drop(ctx, in)
}

// removeSelf has a key delete itself. If the service does not know the key, it has deleted it. The
// answer may be stale, so it counts only if it stays the same for the settle time.
func (m *Manager) removeSelf(ctx context.Context, by *wrapper.Client, keyID string) error {
	var refused error
	ended := m.poll(ctx, m.settle, "asking again whether the service knows key "+keyID, func() (bool, error) {
		_, refused = m.remove(ctx, by, keyID)
		return !errors.Is(refused, wrapper.ErrUnknownKey), nil
	})
	if ended != nil || errors.Is(refused, wrapper.ErrUnknownKey) {
		return ended
	}
	return refused
}
