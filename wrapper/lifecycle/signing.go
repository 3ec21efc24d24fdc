package lifecycle

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// current returns the current entry of the store and a client that signs with it.
func (m *Manager) current(ctx context.Context) (keystore.Entry, *wrapper.Client, error) {
	entry, err := m.store.Current(ctx, m.baseURL)
	if errors.Is(err, keystore.ErrNoCurrent) {
		return entry, nil, fmt.Errorf("lifecycle: there is no key to sign with for %s; import one first: %w", m.baseURL, err)
	}
	if err != nil {
		return entry, nil, fmt.Errorf("lifecycle: the current key cannot be read: %w", err)
	}
	if entry.State == keystore.StateRevoked {
		return entry, nil, fmt.Errorf("lifecycle: key %s: %w; import a key that works", entry.KeyID, ErrRevoked)
	}
	client, err := m.clientFor(ctx, entry, nil)
	return entry, client, err
}

// clientFor returns a client that signs with the private key of entry: with the one in the store,
// or else the one that WithSigner opens, or else the given signer, which may be nil.
func (m *Manager) clientFor(ctx context.Context, entry keystore.Entry, signer crypto.Signer) (*wrapper.Client, error) {
	credentials, err := m.credentialsFor(ctx, entry, signer)
	if err != nil {
		return nil, fmt.Errorf("lifecycle: key %s: %w", entry.KeyID, err)
	}
	return m.newClient(credentials)
}

func (m *Manager) credentialsFor(ctx context.Context, entry keystore.Entry, signer crypto.Signer) (*wrapper.Credentials, error) {
	if !entry.PrivateKey.IsEmpty() {
		return wrapper.NewCredentials(entry.KeyID, []byte(entry.PrivateKey.RevealPrivateKey()))
	}
	if m.openSigner != nil {
		var err error
		if signer, err = m.openSigner(ctx, entry); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoSigner, err)
		}
	}
	if signer == nil {
		return nil, fmt.Errorf("%w; give WithSigner", ErrNoSigner)
	}
	// The service would refuse the signature of another key without saying so.
	if _, public, err := publicHalf(signer); err != nil || public != entry.PublicKey {
		return nil, fmt.Errorf("%w: the signer has another public key", ErrNoSigner)
	}
	return wrapper.NewSignerCredentials(entry.KeyID, signer)
}
