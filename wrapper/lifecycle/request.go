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
	"kalshi.internal/apikeys/wrapper/protocol"
	"kalshi.internal/apikeys/wrapper/secret"
)

const (
	// maxRequests is how often one change asks for a key, if each answer is lost or unusable
	// (our own choice).
	maxRequests = 3
	// maxWarning is how many bytes of a warning are kept (our own choice).
	maxWarning = 4 << 10
)

// request asks for a key until there is one. It returns the key's entry, which is in the store and
// pending, and the intent behind it. When it returns an error, no key was made, what was made is
// revoked or watched for, or the error is ErrUnfinished.
func (m *Manager) request(ctx context.Context, by *wrapper.Client, p plan) (in intent, entry keystore.Entry, err error) {
	for try, watched := 1, 0; ; try++ {
		var isWatched bool
		in, entry, isWatched, err = m.requestOnce(ctx, by, p)
		if isWatched {
			watched++
		}
		if errors.Is(err, errNoKey) {
			if try < maxRequests {
				continue
			}
			err = fmt.Errorf("lifecycle: %d requests led to no usable key: %w", try, err)
		}
		if err != nil && watched > 0 && !errors.Is(err, ErrUnfinished) {
			err = unfinished(fmt.Sprintf("%d of %d requests may have made a key that is not in the list yet", watched, try), err)
		}
		return in, entry, err
	}
}

// requestOnce is one request. An error that is errNoKey allows another: the request made no usable key,
// and what it may have made is revoked, or watched for.
func (m *Manager) requestOnce(ctx context.Context, by *wrapper.Client, p plan) (in intent, entry keystore.Entry, isWatched bool, err error) {
	if in, err = p.withPair(); err != nil {
		return in, entry, false, err
	}
	if in, err = m.begin(ctx, in); err != nil {
		return in, entry, false, err
	}
	entry, problem := m.send(ctx, by, in)
	switch {
	case problem == nil:
		entry, err = m.keep(ctx, by, in, entry)
		return in, entry, false, err
	case !mayHaveMadeKey(problem):
		return in, entry, false, errors.Join(fmt.Errorf("lifecycle: no key was made: %w", problem), m.drop(ctx, in))
	}
	entry, isWatched, err = m.resolve(ctx, by, in, problem)
	if err == nil && entry.KeyID == "" {
		err = fmt.Errorf("%w: %w", errNoKey, problem)
	}
	return in, entry, isWatched, err
}

// mayHaveMadeKey reports whether a request that failed may have made a key. An answer with a
// status that the contract does not know, or in another form than the service's, may come from a
// proxy or gateway, after the service has made the key.
func mayHaveMadeKey(err error) bool {
	switch {
	case errors.Is(err, wrapper.ErrOutcomeUnknown), errors.Is(err, wrapper.ErrUnexpectedResponse), errors.Is(err, wrapper.ErrNotFound):
		return true
	case errors.Is(err, wrapper.ErrRateLimited):
		return false
	}
	failure, ok := errors.AsType[*wrapper.Error](err)
	return ok && failure.StatusCode != 0 && !failure.FromService()
}

// send sends the request and returns a pending entry for the key in the answer.
func (m *Manager) send(ctx context.Context, by *wrapper.Client, in intent) (keystore.Entry, error) {
	var scopes *gen.Scopes
	if in.Scopes != nil {
		scopes = &in.Scopes
	}
	if in.Way == Create {
		made, err := by.CreateAPIKey(ctx, gen.CreateAPIKeyRequest{
			Name: in.Name, PublicKey: in.PublicKey,
			Scopes: scopes, Subaccount: in.Subaccount, FCMSubtraderID: in.FCMSubtraderID,
		})
		if err != nil {
			return keystore.Entry{}, err
		}
		return m.answered(ctx, in, made.APIKeyID, in.PrivateKey, made.Warning)
	}
	made, err := by.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{
		Name: in.Name, KeyType: &in.Type,
		Scopes: scopes, Subaccount: in.Subaccount, FCMSubtraderID: in.FCMSubtraderID,
	})
	if err != nil {
		return keystore.Entry{}, err
	}
	return m.answered(ctx, in, made.APIKeyID, made.PrivateKey, made.Warning)
}

// answered returns the entry for an answer, or ErrUnexpectedResponse if no key can have this ID
// or this private key. The error does not repeat an invalid ID, which may be the private key.
func (m *Manager) answered(ctx context.Context, in intent, keyID string, private secret.PEM, warning *string) (keystore.Entry, error) {
	if !protocol.IsKeyID(keyID) {
		return keystore.Entry{}, fmt.Errorf("%w: its API key ID is not a UUID", wrapper.ErrUnexpectedResponse)
	}
	// If the entry with this ID cannot be read, the store refuses to replace it.
	entries, _ := m.store.List(lasting(ctx))
	if slices.ContainsFunc(entries, func(e keystore.Entry) bool { return sameKeyID(e.KeyID, keyID) }) {
		return keystore.Entry{}, fmt.Errorf("%w: its API key ID is that of key %s, which the store held before", wrapper.ErrUnexpectedResponse, keyID)
	}
	entry := m.pending(in, keyID, private)
	if warning != nil {
		entry.Warning = strings.ToValidUTF8((*warning)[:min(len(*warning), maxWarning)], "")
		m.progress("the service warns about key %s: %q", keyID, entry.Warning)
	}
	if in.Way == Create {
		return entry, nil
	}
	credentials, err := wrapper.NewCredentials(keyID, []byte(private.RevealPrivateKey()))
	if err != nil {
		return keystore.Entry{}, unusable(err)
	}
	entry.Type, entry.PublicKey, err = publicHalf(credentials.Signer())
	return entry, err
}

// pending returns the entry for a key that the intent's request made.
func (m *Manager) pending(in intent, keyID string, private secret.PEM) keystore.Entry {
	now := m.clock.Now()
	return keystore.Entry{
		KeyID: keyID, Name: in.Name, Type: in.Type, BaseURL: in.BaseURL, PrivateKey: private, PublicKey: in.PublicKey,
		Scopes: in.Scopes, Subaccount: in.Subaccount, FCMSubtraderID: in.FCMSubtraderID,
		CreatedAt: now, ChangedAt: now, State: keystore.StatePending,
	}
}

// unusable returns the error for an answer whose private key cannot be used. It does not wrap
// the credentials' own error, which says that the caller gave a wrong key and nothing was sent.
func unusable(cause error) error {
	problem := "for an unknown reason"
	if refused, ok := errors.AsType[*wrapper.CredentialsError](cause); ok {
		problem = string(refused.Problem)
	}
	return fmt.Errorf("%w: its private key cannot be used (%s)", wrapper.ErrUnexpectedResponse, problem)
}

// keep puts a new key into the store. A key that cannot be stored is revoked.
func (m *Manager) keep(ctx context.Context, by *wrapper.Client, in intent, entry keystore.Entry) (keystore.Entry, error) {
	if err := m.store.Put(lasting(ctx), entry); err != nil {
		err = fmt.Errorf("lifecycle: the service answered with key %s, which could not be stored: %w", entry.KeyID, err)
		return keystore.Entry{}, m.undo(ctx, by, in, err)
	}
	return entry, nil
}

// resolve finds out whether a request without a usable answer made a key. It returns the key's
// entry if the key can be used. When it returns neither entry nor error, the request may be
// repeated: it made no key, or the key is revoked or watched for.
func (m *Manager) resolve(ctx context.Context, by *wrapper.Client, in intent, cause error) (entry keystore.Entry, isWatched bool, err error) {
	found, err := m.lookFor(ctx, by, in)
	if err != nil {
		return keystore.Entry{}, false, unfinished("it is not known whether a key was made", errors.Join(cause, err))
	}
	if len(found) > 0 && in.Way == Create {
		m.progress("the request made key %s, whose private half is here", found[0].APIKeyID)
		entry, err = m.keep(ctx, by, in, m.pending(in, found[0].APIKeyID, in.PrivateKey))
		return entry, false, err
	}
	steps, err := m.giveUp(ctx, by, in, found)
	if err != nil {
		return keystore.Entry{}, false, errors.Join(cause, err)
	}
	isWatched = slices.ContainsFunc(steps, func(step RecoverStep) bool { return step.Action == RecoverWatch })
	return keystore.Entry{}, isWatched, nil
}
