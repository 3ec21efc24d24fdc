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
	client, err := m.clientFor(ctx, entry)
	return entry, client, err
}

// clientFor returns a client that signs with the private key of entry, wherever it lives.
func (m *Manager) clientFor(ctx context.Context, entry keystore.Entry) (*wrapper.Client, error) {
	if !entry.PrivateKey.IsEmpty() {
		credentials, err := wrapper.NewCredentials(entry.KeyID, []byte(entry.PrivateKey.RevealPrivateKey()))
		if err != nil {
			return nil, fmt.Errorf("lifecycle: key %s: %w", entry.KeyID, err)
		}
		return wrapper.NewClient(credentials, m.options()...)
	}
	if m.openSigner == nil {
		return nil, fmt.Errorf("lifecycle: key %s: %w; give WithSigner", entry.KeyID, ErrNoSigner)
	}
	signer, err := m.openSigner(ctx, entry)
	if err != nil {
		return nil, fmt.Errorf("lifecycle: key %s: %w: %w", entry.KeyID, ErrNoSigner, err)
	}
	return m.signerClient(entry, signer)
}

// signerClient returns a client for a private key that is not in the store. Another key than
// the entry's is refused here, before the service sees its signature.
func (m *Manager) signerClient(entry keystore.Entry, signer crypto.Signer) (*wrapper.Client, error) {
	credentials, err := wrapper.NewSignerCredentials(entry.KeyID, signer)
	if err != nil {
		return nil, fmt.Errorf("lifecycle: key %s: %w", entry.KeyID, err)
	}
	public, err := keystore.PublicKeyPEM(credentials.Signer().Public())
	if err != nil || public != entry.PublicKey {
		return nil, fmt.Errorf("lifecycle: key %s: %w: the signer has another public key", entry.KeyID, ErrNoSigner)
	}
	return wrapper.NewClient(credentials, m.options()...)
}

// noCredentials is a source for clients that are never called.
type noCredentials struct{}

func (noCredentials) Credentials(context.Context) (*wrapper.Credentials, error) {
	return nil, ErrNoSigner
}
