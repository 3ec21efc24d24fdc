package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// maxRequests is how often a key is asked for in one operation, each time of unknown outcome
// (our own choice).
const maxRequests = 3

// request asks for a key until there is one, and returns it with the intent that it came from.
// It is in the store, pending. When an error is returned, nothing was made, what was made is
// revoked, or the error is ErrUnfinished.
func (m *Manager) request(ctx context.Context, by *wrapper.Client, p plan) (intent, keystore.Entry, error) {
	for try := 1; ; try++ {
		in, err := p.intent(m.baseURL, m.clock.Now())
		if err != nil {
			return in, keystore.Entry{}, err
		}
		if err := m.write(ctx, in); err != nil {
			// The record may be there all the same, and would be looked for in vain.
			return in, keystore.Entry{}, errors.Join(err, m.drop(ctx, in))
		}
		answer, unknown := m.send(ctx, by, in)
		if unknown == nil {
			unknown = m.checkNewID(ctx, answer.keyID)
		}
		if unknown == nil {
			entry, err := m.keep(ctx, by, in, answer)
			return in, entry, err
		}
		if !outcomeUnknown(unknown) {
			return in, keystore.Entry{}, errors.Join(fmt.Errorf("lifecycle: no key was made: %w", unknown), m.drop(ctx, in))
		}
		entry, err := m.resolve(ctx, by, in, unknown)
		if err != nil || entry.KeyID != "" {
			return in, entry, err
		}
		if try == maxRequests {
			return in, entry, fmt.Errorf("lifecycle: %d requests made no key: %w", try, unknown)
		}
	}
}

// outcomeUnknown reports whether a request may have made a key. An answer with a status that
// the contract does not know, or in another form than the service's, may come from something
// between here and the service, which can turn down the answer as well as the request.
func outcomeUnknown(err error) bool {
	switch {
	case errors.Is(err, wrapper.ErrOutcomeUnknown), errors.Is(err, wrapper.ErrUnexpectedResponse), errors.Is(err, wrapper.ErrNotFound):
		return true
	case errors.Is(err, wrapper.ErrRateLimited):
		return false
	}
	failure, ok := errors.AsType[*wrapper.Error](err)
	return ok && failure.StatusCode != 0 && !failure.FromService()
}

// saysNotFound reports whether the service itself answered 404, and not something on the way.
func saysNotFound(err error) bool {
	failure, ok := errors.AsType[*wrapper.Error](err)
	return ok && errors.Is(err, wrapper.ErrNotFound) && failure.FromService()
}

// maxWarning is how many bytes of a warning are kept (our own choice). A key must not be lost
// because the service has much to say about it.
const maxWarning = 4 << 10

// answer is what the service says about a new key.
type answer struct {
	keyID      string
	privateKey secret.PEM
	warning    string
}

// warningOf returns what can be kept of a warning.
func warningOf(said *string) string {
	if said == nil {
		return ""
	}
	return strings.ToValidUTF8((*said)[:min(len(*said), maxWarning)], "")
}

func (m *Manager) send(ctx context.Context, by *wrapper.Client, in intent) (answer, error) {
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
			return answer{}, err
		}
		return answer{made.APIKeyID, in.PrivateKey, warningOf(made.Warning)}, nil
	}
	made, err := by.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{
		Name: in.Name, KeyType: &in.Type,
		Scopes: scopes, Subaccount: in.Subaccount, FCMSubtraderID: in.FCMSubtraderID,
	})
	if err != nil {
		return answer{}, err
	}
	return answer{made.APIKeyID, made.PrivateKey, warningOf(made.Warning)}, nil
}

// keep puts a new key into the store. A key that cannot be kept is revoked.
func (m *Manager) keep(ctx context.Context, by *wrapper.Client, in intent, made answer) (keystore.Entry, error) {
	if made.warning != "" {
		m.progress("the service warns about key %s: %q", made.keyID, made.warning)
	}
	entry, err := m.entryOf(in, made)
	if err == nil {
		err = m.store.Put(lasting(ctx), entry)
	}
	if err != nil {
		err = fmt.Errorf("lifecycle: the service answered with key %s, which could not be kept: %w", made.keyID, err)
		return keystore.Entry{}, m.undo(ctx, by, in, made.keyID, err)
	}
	return entry, nil
}

func (m *Manager) entryOf(in intent, made answer) (keystore.Entry, error) {
	now := m.clock.Now()
	entry := keystore.Entry{
		KeyID: made.keyID, Name: in.Name, Type: in.Type, BaseURL: in.BaseURL,
		PrivateKey: made.privateKey, PublicKey: in.PublicKey,
		Scopes: in.Scopes, Subaccount: in.Subaccount, FCMSubtraderID: in.FCMSubtraderID,
		Warning: made.warning, CreatedAt: now, ChangedAt: now, State: keystore.StatePending,
	}
	if in.Way == Create {
		return entry, nil
	}
	credentials, err := wrapper.NewCredentials(made.keyID, []byte(made.privateKey.RevealPrivateKey()))
	if err != nil {
		return entry, unusable(err)
	}
	public := credentials.Signer().Public()
	if entry.Type, err = typeOf(public); err != nil {
		return entry, err
	}
	entry.PublicKey, err = keystore.PublicKeyPEM(public)
	return entry, err
}

// errUnusable: the private key in an answer is none. Then its ID is not to be relied on either.
var errUnusable = errors.New("the key in it cannot be used")

// unusable returns the error for an answer whose key cannot be used. The credentials' own error
// is not in its chain: that one says that the caller gave something wrong and nothing was sent.
func unusable(cause error) error {
	problem := "for an unknown reason"
	if refused, ok := errors.AsType[*wrapper.CredentialsError](cause); ok {
		problem = string(refused.Problem)
	}
	return fmt.Errorf("%w: %w (%s)", wrapper.ErrUnexpectedResponse, errUnusable, problem)
}
