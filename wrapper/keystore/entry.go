package keystore

import (
	"fmt"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/secret"
)

// State is where an API key stands in its life.
type State string

// The states of an entry.
const (
	// StatePending: the key was made, but no request signed with it has succeeded yet.
	StatePending State = "pending"
	// StateActive: the key works.
	StateActive State = "active"
	// StateRetiring: the key was replaced and works until its grace period ends.
	StateRetiring State = "retiring"
	// StateRevoked: the key was deleted at the service. The entry stays as a record, without the
	// private key.
	StateRevoked State = "revoked"
)

// Entry is an API key in a store. No printer shows the private key: not fmt, not log/slog, not
// encoding/json, which makes an Entry unfit to be kept as JSON.
type Entry struct {
	// KeyID is the ID that the service gave the key, Name what its owner calls it.
	KeyID, Name string
	// Type is the type of the key pair.
	Type gen.KeyType
	// BaseURL is where the key is known, in the form that protocol.ParseBaseURL returns.
	BaseURL string
	// PrivateKey is empty if it lives behind a crypto.Signer (in an HSM or a KMS), and after
	// revocation.
	PrivateKey secret.PEM
	// PublicKey is the public half, PEM SPKI, as [PublicKeyPEM] writes it. It is required: it
	// shows whether PrivateKey belongs to this entry.
	PublicKey string
	// Scopes are what the key may do, nil if that is not known. Scopes that this program does
	// not know are kept.
	Scopes []gen.Scope
	// Subaccount is the subaccount that the key is bound to, 0 to 63, nil if to none.
	Subaccount *int
	// FCMSubtraderID is the subtrader that the key is bound to, nil if to none.
	FCMSubtraderID *string
	// Warning is what the service said of the key when it made it, empty for nothing.
	Warning string
	// CreatedAt is when the key was made or came into the store, ChangedAt when the entry was
	// changed last. Both are set by whoever puts the entry.
	CreatedAt, ChangedAt time.Time
	// State is where the key stands in its life.
	State State
}

// Credentials returns what the entry signs with. It returns [ErrNoPrivateKey] for an entry
// without a private key, and a [*wrapper.CredentialsError] for one that cannot be used, which
// no entry out of a [Store] has.
func (e Entry) Credentials() (*wrapper.Credentials, error) {
	if e.PrivateKey.IsEmpty() {
		return nil, fmt.Errorf("%w: %s, which is %s", ErrNoPrivateKey, e.KeyID, e.State)
	}
	return wrapper.NewCredentials(e.KeyID, []byte(e.PrivateKey.RevealPrivateKey()))
}
