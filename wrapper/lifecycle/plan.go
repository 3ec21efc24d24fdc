package lifecycle

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// Way is how a key comes to be.
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

// plan is what is asked for when a key is made.
type plan struct {
	action         action
	name           string
	way            Way
	keyType        gen.KeyType
	scopes         []gen.Scope
	subaccount     *int
	fcmSubtraderID *string
	signer         crypto.Signer
	oldKeyID       string
	grace          time.Duration
}

// checked returns the plan with its way and type filled in, or why it cannot be.
func (p plan) checked() (plan, error) {
	if p.action == actionIssue && strings.TrimSpace(p.name) == "" {
		return p, fmt.Errorf("lifecycle: %w: a key needs a name", ErrInvalid)
	}
	if p.signer != nil {
		return p.forSigner()
	}
	if p.way == "" {
		p.way = Generate
	}
	if p.keyType == "" {
		p.keyType = gen.KeyTypeRSA
	}
	if (p.way != Generate && p.way != Create) || !p.keyType.Valid() {
		return p, fmt.Errorf("lifecycle: %w: a key comes by generate or create, and is rsa or ed25519", ErrInvalid)
	}
	return p, nil
}

func (p plan) forSigner() (plan, error) {
	if p.way == Generate {
		return p, fmt.Errorf("lifecycle: %w: generate makes its own pair; use create with a signer", ErrInvalid)
	}
	keyType, err := typeOf(p.signer.Public())
	if err != nil {
		return p, err
	}
	if p.keyType != "" && p.keyType != keyType {
		return p, fmt.Errorf("lifecycle: %w: the signer's key is %s, not %s", ErrInvalid, keyType, p.keyType)
	}
	p.way, p.keyType = Create, keyType
	return p, nil
}

func typeOf(public crypto.PublicKey) (gen.KeyType, error) {
	switch public.(type) {
	case *rsa.PublicKey:
		return gen.KeyTypeRSA, nil
	case ed25519.PublicKey:
		return gen.KeyTypeEd25519, nil
	}
	return "", fmt.Errorf("lifecycle: %w: the key is neither RSA nor Ed25519", ErrInvalid)
}

// intent returns a new intent for the plan, with a tag and, for create, a pair of its own.
func (p plan) intent(baseURL string, now time.Time) (intent, error) {
	tag := newTag()
	in := intent{
		Version: intentVersion, Action: p.action, Tag: tag, BaseURL: baseURL, Started: now,
		Name: tagged(p.name, tag), Way: p.way, Type: p.keyType,
		Scopes: p.scopes, Subaccount: p.subaccount, FCMSubtraderID: p.fcmSubtraderID,
		OldKeyID: p.oldKeyID, Grace: max(p.grace, 0),
	}
	if p.way == Generate {
		return in, nil
	}
	signer := p.signer
	if signer == nil {
		var err error
		if signer, in.PrivateKey, err = newPair(p.keyType); err != nil {
			return in, err
		}
	}
	public, err := keystore.PublicKeyPEM(signer.Public())
	in.PublicKey = public
	return in, err
}

// newPair makes a key pair, with the private half as PKCS#8.
func newPair(keyType gen.KeyType) (crypto.Signer, secret.PEM, error) {
	signer, err := newSigner(keyType)
	if err != nil {
		return nil, secret.PEM{}, fmt.Errorf("lifecycle: no key pair could be made: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, secret.PEM{}, fmt.Errorf("lifecycle: the key pair has no PKCS#8 form: %w", err)
	}
	armoured := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return signer, secret.NewPEM(string(armoured)), nil
}

func newSigner(keyType gen.KeyType) (crypto.Signer, error) {
	if keyType == gen.KeyTypeRSA {
		return rsa.GenerateKey(rand.Reader, ownRSABits)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return private, err
}
