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
	return func(b *bootstrap) { b.key.Account = name }
}

// OfType sets the key's algorithm instead of [RSA].
func OfType(keyType KeyType) KeyOption {
	return func(b *bootstrap) { b.key.Type = keyType }
}

// Named sets the key's name instead of "bootstrap".
func Named(name string) KeyOption {
	return func(b *bootstrap) { b.key.Name = name }
}

// Scoped sets the key's scopes instead of full access. Any text is accepted: clients must
// carry a scope they do not know.
func Scoped(scopes ...string) KeyOption {
	return func(b *bootstrap) { b.key.Scopes = append([]string{}, scopes...) }
}

// InSubaccount restricts the key to a subaccount, 0 to 63.
func InSubaccount(number int) KeyOption {
	return func(b *bootstrap) { b.key.Subaccount = &number }
}

// ForSubtrader binds the key to an FCM subtrader.
func ForSubtrader(id string) KeyOption {
	return func(b *bootstrap) { b.key.Subtrader = &id }
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
	b := bootstrap{key: key{KeyState: KeyState{
		ID: newKeyID(), Account: DefaultAccount, Name: "bootstrap", Type: RSA, Scopes: fullAccess(), Bootstrapped: true,
	}}}
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
	return Key{ID: b.key.ID, PrivateKey: private, Type: b.key.Type, Account: b.key.Account}, nil
}

func (b bootstrap) check() error {
	switch {
	case b.key.Account == "":
		return errors.New("the account has no name")
	case b.key.Type != RSA && b.key.Type != Ed25519:
		return fmt.Errorf("the key type is %q, not %q or %q", b.key.Type, RSA, Ed25519)
	case slices.Contains(b.key.Scopes, ""):
		return errors.New("a scope is empty")
	}
	return checkBinding(b.key.Subaccount, b.key.Subtrader)
}

// equip gives the key its public half, and returns the private one if it makes a pair.
func (s *Sandbox) equip(b *bootstrap) (private secret.PEM, err error) {
	if b.publicPEM == nil {
		b.key.public, private, err = s.newKeyPair(b.key.Type)
		return private, err
	}
	b.key.public, b.key.Type, err = parsePublicKey(*b.publicPEM, s.choices.MaxRSABits)
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
