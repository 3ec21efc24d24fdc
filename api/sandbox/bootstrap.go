package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kalshi.internal/apikeys/wrapper/secret"
)

// Key is a key that [Sandbox.Bootstrap] made.
type Key struct {
	// ID is the API key ID, a UUID.
	ID string
	// PrivateKey is the private half as generateApiKey would return it. It is empty for a key
	// made [FromPublicKey]. The sandbox does not keep it.
	PrivateKey secret.PEM
	// Type is the key's algorithm.
	Type KeyType
	// Account is the account that the key belongs to.
	Account string
}

type bootstrap struct {
	key       key
	publicPEM *string
}

// KeyOption sets what key [Sandbox.Bootstrap] makes.
type KeyOption func(*bootstrap)

// InAccount puts the key into the account of this name instead of [DefaultAccount].
func InAccount(name string) KeyOption {
	return func(b *bootstrap) { b.key.account = name }
}

// OfType sets the key's algorithm instead of [RSA].
func OfType(keyType KeyType) KeyOption {
	return func(b *bootstrap) { b.key.keyType = keyType }
}

// Named sets the key's name instead of "bootstrap".
func Named(name string) KeyOption {
	return func(b *bootstrap) { b.key.name = name }
}

// Scoped sets the key's scopes instead of full access. Any text is accepted: clients must
// carry a scope they do not know.
func Scoped(scopes ...string) KeyOption {
	return func(b *bootstrap) { b.key.scopes = append([]string{}, scopes...) }
}

// InSubaccount restricts the key to a subaccount, 0 to 63.
func InSubaccount(number int) KeyOption {
	return func(b *bootstrap) { b.key.subaccount = &number }
}

// ForSubtrader binds the key to an FCM subtrader.
func ForSubtrader(id string) KeyOption {
	return func(b *bootstrap) { b.key.subtrader = &id }
}

// FromPublicKey registers a public key (SPKI in PEM) instead of making a pair. The key's type
// is that of the public key.
func FromPublicKey(publicPEM string) KeyOption {
	return func(b *bootstrap) { b.publicPEM = &publicPEM }
}

// Bootstrap makes a key from outside the service's own operations, so that there is a first one
// to sign with. It works at once, whatever the delays, and outlives [Sandbox.Reset]. Without
// options it is an RSA key with full access in [DefaultAccount]. The error says which option
// does not fit.
func (s *Sandbox) Bootstrap(opts ...KeyOption) (Key, error) {
	b := bootstrap{key: key{
		id:           newKeyID(),
		account:      DefaultAccount,
		name:         "bootstrap",
		keyType:      RSA,
		scopes:       fullAccess(),
		bootstrapped: true,
	}}
	for _, opt := range opts {
		opt(&b)
	}
	if err := b.check(); err != nil {
		return Key{}, fmt.Errorf("sandbox: bootstrap: %w", err)
	}
	private, err := s.equip(&b)
	if err != nil {
		return Key{}, fmt.Errorf("sandbox: bootstrap: %w", err)
	}
	s.keys.addBootstrapped(b.key)
	return Key{ID: b.key.id, PrivateKey: private, Type: b.key.keyType, Account: b.key.account}, nil
}

func (b bootstrap) check() error {
	switch {
	case b.key.account == "":
		return errors.New("the account has no name")
	case b.key.keyType != RSA && b.key.keyType != Ed25519:
		return fmt.Errorf("the key type is %q, not %q or %q", b.key.keyType, RSA, Ed25519)
	case slices.Contains(b.key.scopes, ""):
		return errors.New("a scope is empty")
	case b.key.subaccount != nil && (*b.key.subaccount < 0 || *b.key.subaccount > maxSubaccount):
		return fmt.Errorf("subaccount %d is outside 0 to %d", *b.key.subaccount, maxSubaccount)
	case b.key.subtrader != nil && !isSubtraderID(*b.key.subtrader):
		return errors.New("the subtrader is not of the form {user_id}_{suffix}")
	case b.key.subaccount != nil && b.key.subtrader != nil:
		return errors.New("a key is for a subaccount or for a subtrader, not both")
	}
	return nil
}

// equip gives the key its public half, and returns the private one if it makes a pair.
func (s *Sandbox) equip(b *bootstrap) (private secret.PEM, err error) {
	if b.publicPEM == nil {
		b.key.public, private, err = s.newKeyPair(b.key.keyType)
		return private, err
	}
	b.key.public, b.key.keyType, err = parsePublicKey(*b.publicPEM, s.choices.MaxRSABits)
	if refusal, ok := errors.AsType[*refusedError](err); ok {
		err = errors.New(refusal.details)
	}
	return secret.PEM{}, err
}

// newKeyID returns a random UUID (version 4).
func newKeyID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails: it ends the program instead
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	text := hex.EncodeToString(raw[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
