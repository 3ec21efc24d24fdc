package lifecycle

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// Way is how a key is made.
type Way string

const (
	// Generate has the service make the pair. It works on every usage level. It is the default,
	// unless a signer is given.
	Generate Way = "generate"
	// Create makes the pair here, or takes the public half of a signer, so that no private key
	// ever crosses the network. It needs the Premier or Market Maker usage level (source: seed).
	Create Way = "create"
)

// ownRSABits is the size of RSA pairs made here, as of those the service makes (source:
// published).
const ownRSABits = 2048

// plan is an intent that is not begun yet: it has neither tag nor pair.
type plan struct {
	intent

	signer crypto.Signer
}

// checked returns the plan with its way and type filled in, or an error if it contradicts itself.
func (p plan) checked() (plan, error) {
	if p.Action == actionIssue && strings.TrimSpace(p.Name) == "" {
		return p, fmt.Errorf("lifecycle: %w: a key needs a name", ErrInvalid)
	}
	if p.signer != nil {
		return p.forSigner()
	}
	if p.Way == "" {
		p.Way = Generate
	}
	if p.Type == "" {
		p.Type = gen.KeyTypeEd25519
	}
	if (p.Way != Generate && p.Way != Create) || !p.Type.Valid() {
		return p, fmt.Errorf("lifecycle: %w: the way is generate or create, and the type is rsa or ed25519", ErrInvalid)
	}
	return p, nil
}

func (p plan) forSigner() (plan, error) {
	if p.Way == Generate {
		return p, fmt.Errorf("lifecycle: %w: generate makes its own pair; use create with a signer", ErrInvalid)
	}
	keyType, public, err := publicHalf(p.signer)
	if err != nil {
		return p, err
	}
	if p.Type != "" && p.Type != keyType {
		return p, fmt.Errorf("lifecycle: %w: the signer's key is %s, not %s", ErrInvalid, keyType, p.Type)
	}
	p.Way, p.Type, p.PublicKey = Create, keyType, public
	return p, nil
}

// publicHalf returns type and PEM of the signer's public key.
func publicHalf(signer crypto.Signer) (gen.KeyType, string, error) {
	var keyType gen.KeyType
	switch signer.Public().(type) {
	case *rsa.PublicKey:
		keyType = gen.KeyTypeRSA
	case ed25519.PublicKey:
		keyType = gen.KeyTypeEd25519
	default:
		return "", "", fmt.Errorf("lifecycle: %w: the key is neither RSA nor Ed25519", ErrInvalid)
	}
	text, err := keystore.PublicKeyPEM(signer.Public())
	return keyType, text, err
}

// withPair returns the plan's intent, for create with a pair that is made here unless the plan
// has a signer.
func (p plan) withPair() (intent, error) {
	in := p.intent
	if in.Way == Generate || p.signer != nil {
		return in, nil
	}
	signer, err := newSigner(in.Type)
	if err != nil {
		return in, fmt.Errorf("lifecycle: no key pair could be made: %w", err)
	}
	if in.PrivateKey, err = keystore.PrivateKeyPEM(signer); err != nil {
		return in, fmt.Errorf("lifecycle: %w", err)
	}
	_, in.PublicKey, err = publicHalf(signer)
	return in, err
}

func newSigner(keyType gen.KeyType) (crypto.Signer, error) {
	if keyType == gen.KeyTypeRSA {
		return rsa.GenerateKey(rand.Reader, ownRSABits)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return private, err
}
