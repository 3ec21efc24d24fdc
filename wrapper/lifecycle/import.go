package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// ImportRequest is an existing key to bring into the store.
type ImportRequest struct {
	// KeyID is its ID, as the service shows it.
	KeyID string
	// PrivateKey is its private half: RSA of 2048 bits or more, or Ed25519.
	PrivateKey secret.PEM
	// Use makes it the current key. The first key of a base URL becomes current in any case, and
	// so does one that comes after the current key was revoked.
	Use bool
}

// Import proves an existing key by a signed request, puts it into the store and returns its
// entry. A key that is in the store already is brought up to date. Nothing is stored for a key
// that does not work.
func (m *Manager) Import(ctx context.Context, req ImportRequest) (keystore.Entry, error) {
	var entry keystore.Entry
	err := m.recovered(ctx, func(ctx context.Context, _ RecoverReport, err error) error {
		if err != nil {
			// Recovering may need just this key.
			m.progress("recovering failed: %v", err)
		}
		imported, err := m.proven(ctx, req)
		if err != nil {
			return err
		}
		if err := m.store.Put(lasting(ctx), imported); err != nil {
			return fmt.Errorf("lifecycle: key %s works, but was not stored: %w", imported.KeyID, err)
		}
		entry = imported
		return m.useImported(ctx, entry, req.Use)
	})
	return entry, err
}

// proven returns the entry of a key as the service knows it.
func (m *Manager) proven(ctx context.Context, req ImportRequest) (keystore.Entry, error) {
	credentials, err := wrapper.NewCredentials(req.KeyID, []byte(req.PrivateKey.RevealPrivateKey()))
	if err != nil {
		return keystore.Entry{}, fmt.Errorf("lifecycle: nothing was imported: %w", err)
	}
	client, err := m.newClient(credentials)
	if err != nil {
		return keystore.Entry{}, err
	}
	before, unknown := m.store.Get(ctx, credentials.KeyID())
	listed, err := m.describe(ctx, client, credentials.KeyID(), before.FCMSubtraderID)
	if err != nil {
		return keystore.Entry{}, fmt.Errorf("lifecycle: nothing was imported: %w", err)
	}
	keyType, public, err := publicHalf(credentials.Signer())
	if err != nil {
		return keystore.Entry{}, err
	}
	now := m.clock.Now()
	entry := keystore.Entry{
		KeyID: credentials.KeyID(), Name: listed.Name, Type: keyType, BaseURL: m.baseURL,
		PrivateKey: req.PrivateKey, PublicKey: public,
		CreatedAt: now, ChangedAt: now, State: keystore.StateActive,
	}
	if unknown == nil {
		entry.CreatedAt, entry.Warning = before.CreatedAt, before.Warning
	}
	return describedBy(entry, listed), nil
}

func (m *Manager) useImported(ctx context.Context, entry keystore.Entry, use bool) error {
	current, err := m.store.Current(ctx, m.baseURL)
	switch {
	case use, errors.Is(err, keystore.ErrNoCurrent), err == nil && current.State == keystore.StateRevoked:
		err = m.store.SetCurrent(lasting(ctx), m.baseURL, entry.KeyID)
	}
	if err != nil {
		return fmt.Errorf("lifecycle: key %s is stored, but not current: %w", entry.KeyID, err)
	}
	return nil
}
