package lifecycle

import (
	"context"
	"crypto"
	"time"

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
	// Type is Ed25519 when empty (our own choice; the service's default is RSA, source: published), and
	// the Signer's own when one is given.
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
// returns an error that is not [ErrUnfinished], no key was made or it was revoked again. With
// ErrUnfinished and an entry, the key works. If the service's list is too old to show the key, Issue
// waits for the settle time, to see whether a proxy has sent the request twice. The entry's Warning is
// what the service warned about.
func (m *Manager) Issue(ctx context.Context, req IssueRequest) (keystore.Entry, error) {
	p, err := plan{signer: req.Signer, intent: intent{
		Action: actionIssue, Name: req.Name, Way: req.Way, Type: req.Type,
		Scopes: req.Scopes, Subaccount: req.Subaccount, FCMSubtraderID: req.FCMSubtraderID,
	}}.checked()
	if err != nil {
		return keystore.Entry{}, err
	}
	var (
		entry keystore.Entry
		in    intent
		next  time.Time
	)
	err = m.recovered(ctx, func(ctx context.Context, _ RecoverReport, err error) error {
		if err != nil {
			return err
		}
		_, by, err := m.current(ctx)
		if err != nil {
			return err
		}
		if entry, in, err = m.makeKey(ctx, by, p); err != nil {
			return err
		}
		next, err = m.finish(ctx, in)
		return err
	})
	if err == nil {
		err = m.awaitFinish(ctx, in, next)
	}
	return entry, err
}

// makeKey makes a key and proves it. Its intent is still in the journal. When it returns an
// error, it is one of those of Issue.
func (m *Manager) makeKey(ctx context.Context, by *wrapper.Client, p plan) (keystore.Entry, intent, error) {
	in, entry, err := m.request(ctx, by, p)
	if err != nil {
		return entry, in, err
	}
	client, err := m.clientFor(ctx, entry, p.signer)
	var list listing
	if err == nil {
		list, err = m.prove(ctx, client, entry, proofTimeout)
	}
	if err == nil {
		entry, err = m.activate(ctx, by, in, entry, list)
	}
	if err != nil {
		return keystore.Entry{}, in, m.undo(ctx, by, in, err)
	}
	in.settled = list.find(entry.KeyID) != nil
	return entry, in, nil
}
