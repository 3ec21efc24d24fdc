package lifecycle

import (
	"context"
	"crypto"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// IssueRequest says what key to make. fmt, log/slog and encoding/json show [REDACTED] in the
// signer's place. A printer cannot do so for a request in an unexported field of another type:
// keep none there that is printed.
type IssueRequest struct {
	// Name is what the key is called; a tag is added to it.
	Name string
	// Way is Generate when empty, and Create when a Signer is given.
	Way Way
	// Type is RSA when empty, as at the service (source: published), and the Signer's own when
	// one is given.
	Type gen.KeyType
	// Scopes are what the key may do: nil for full access (source: published).
	Scopes []gen.Scope
	// Subaccount binds the key to a subaccount, 0 to 63; nil for none (source: published).
	Subaccount *int
	// FCMSubtraderID binds the key to a subtrader, which excludes a Subaccount; nil for none
	// (source: published).
	FCMSubtraderID *string
	// Signer is a private key in an HSM or a KMS. The store keeps its public half only, and
	// [WithSigner] has to lead to it later.
	Signer crypto.Signer
}

// Issue makes a key, proves it and returns its entry, which is active and not current. When it
// returns an error, no key was made, it was revoked again, the service does not have it, or the
// error is [ErrUnfinished]. What the service warned about is in the entry's Warning.
func (m *Manager) Issue(ctx context.Context, req IssueRequest) (keystore.Entry, error) {
	p, err := plan{
		action: actionIssue, name: req.Name, way: req.Way, keyType: req.Type, scopes: req.Scopes,
		subaccount: req.Subaccount, fcmSubtraderID: req.FCMSubtraderID, signer: req.Signer,
	}.checked()
	if err != nil {
		return keystore.Entry{}, err
	}
	var entry keystore.Entry
	err = m.locked(ctx, func(ctx context.Context) error {
		if _, err := m.recover(ctx); err != nil {
			return err
		}
		_, by, err := m.current(ctx)
		if err != nil {
			return err
		}
		made, in, err := m.makeKey(ctx, by, p)
		if err != nil {
			return err
		}
		entry = made
		return m.drop(ctx, in)
	})
	return entry, err
}

// makeKey makes a key and proves it. Its intent is still in the journal. When it returns an
// error, it is one of those of Issue.
func (m *Manager) makeKey(ctx context.Context, by *wrapper.Client, p plan) (keystore.Entry, intent, error) {
	in, entry, err := m.request(ctx, by, p)
	if err != nil {
		return entry, in, err
	}
	entry, err = m.proveNew(ctx, by, p, in, entry)
	if err != nil {
		return entry, in, m.undo(ctx, by, in, entry.KeyID, err)
	}
	return entry, in, nil
}

func (m *Manager) proveNew(ctx context.Context, by *wrapper.Client, p plan, in intent, entry keystore.Entry) (keystore.Entry, error) {
	client, err := m.clientOfNew(ctx, entry, p)
	if err != nil {
		return entry, err
	}
	list, err := m.prove(ctx, client, entry)
	if err != nil {
		return entry, err
	}
	return m.activate(ctx, by, in, entry, list)
}

// clientOfNew prefers the way to the private key that later operations will go.
func (m *Manager) clientOfNew(ctx context.Context, entry keystore.Entry, p plan) (*wrapper.Client, error) {
	if p.signer != nil && m.openSigner == nil {
		return m.signerClient(entry, p.signer)
	}
	return m.clientFor(ctx, entry)
}
