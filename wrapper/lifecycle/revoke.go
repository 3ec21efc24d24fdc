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
// and the last one that works ([ErrLastKey]) unless the request allows them. With
// [ErrUnfinished], Recover goes on to revoke it; with any other error the key was not revoked.
func (m *Manager) Revoke(ctx context.Context, req RevokeRequest) error {
	return m.recovered(ctx, func(ctx context.Context, _ RecoverReport, err error) error {
		if err != nil {
			// A leaked key has to go even if something else cannot be recovered.
			m.progress("recovering failed: %v", err)
		}
		target, err := m.store.Get(ctx, req.KeyID)
		if err != nil {
			return fmt.Errorf("lifecycle: key %s is not revoked: %w", req.KeyID, err)
		}
		if target.BaseURL != m.baseURL {
			return fmt.Errorf("lifecycle: %w: key %s belongs to %s", ErrInvalid, target.KeyID, target.BaseURL)
		}
		if target.State == keystore.StateRevoked {
			return nil
		}
		successor, err := m.successor(ctx, target, req)
		if err != nil {
			return err
		}
		in, err := m.begin(ctx, intent{Action: actionRevoke, OldKeyID: target.KeyID, Successor: successor})
		if err != nil {
			return err
		}
		return m.finishRevoke(ctx, in)
	})
}

// successor returns the key that has to become current before the target is revoked, "" if
// none has to, or why the request does not allow to revoke it.
func (m *Manager) successor(ctx context.Context, target keystore.Entry, req RevokeRequest) (string, error) {
	current, err := m.store.Current(ctx, m.baseURL)
	if err != nil && !errors.Is(err, keystore.ErrNoCurrent) {
		return "", fmt.Errorf("lifecycle: the current key cannot be read: %w", err)
	}
	inUse := current.KeyID == target.KeyID
	if inUse && !req.InUse {
		return "", fmt.Errorf("lifecycle: key %s: %w; rotate it instead, or say that the key in use may go", target.KeyID, ErrKeyInUse)
	}
	if !inUse && current.KeyID != "" && current.State != keystore.StateRevoked {
		return "", nil
	}
	other, err := m.otherThatWorks(ctx, target.KeyID)
	if err != nil {
		return "", err
	}
	if other == "" && !req.Last {
		return "", fmt.Errorf("lifecycle: key %s: %w; issue or import another first, or say that the last key may go", target.KeyID, ErrLastKey)
	}
	return other, nil
}

// otherThatWorks returns the youngest active key that the service accepts now, "" if there is
// none.
func (m *Manager) otherThatWorks(ctx context.Context, except string) (string, error) {
	// What cannot be read is no key to rely on.
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
			problems = errors.Join(problems, fmt.Errorf("lifecycle: whether key %s works cannot be told: %w", entry.KeyID, err))
		}
	}
	return "", problems
}

// finishRevoke does what a revoke intent says, as far as it is not done.
func (m *Manager) finishRevoke(ctx context.Context, in intent) error {
	target, err := m.store.Get(ctx, in.OldKeyID)
	if err != nil && !errors.Is(err, keystore.ErrNotFound) {
		return unfinished("key "+in.OldKeyID+" is not revoked yet", err)
	}
	if target.State == keystore.StateRevoked {
		return m.drop(ctx, in)
	}
	by, self, err := m.clientToRevoke(ctx, in, target)
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

// clientToRevoke returns the client that deletes the target: the current key's, after the
// successor has become current if there is one, or else the target's own. The target is an empty
// entry if its own was set aside: then it cannot sign.
func (m *Manager) clientToRevoke(ctx context.Context, in intent, target keystore.Entry) (by *wrapper.Client, self bool, err error) {
	if in.Successor != "" {
		if err := m.succeed(ctx, in.Successor, in.OldKeyID); err != nil {
			return nil, false, err
		}
	}
	current, by, err := m.current(ctx)
	isUnusable := errors.Is(err, ErrRevoked) || errors.Is(err, keystore.ErrNoCurrent)
	if !isUnusable || target.KeyID == "" {
		return by, current.KeyID == in.OldKeyID, err
	}
	by, err = m.clientFor(ctx, target, nil)
	return by, true, err
}

// succeed makes the successor current unless that has happened. It may have been chosen long ago,
// by a program that died since.
func (m *Manager) succeed(ctx context.Context, successor, target string) error {
	current, err := m.store.Current(ctx, m.baseURL)
	if err == nil && current.KeyID != target && current.State != keystore.StateRevoked {
		return nil
	}
	entry, err := m.store.Get(ctx, successor)
	if err != nil {
		return err
	}
	client, err := m.clientFor(ctx, entry, nil)
	if err != nil {
		return err
	}
	if _, err := m.prove(ctx, client, entry, proofTimeout); err != nil {
		return err
	}
	m.progress("switching to key %s", successor)
	return m.store.SetCurrent(lasting(ctx), m.baseURL, successor)
}
