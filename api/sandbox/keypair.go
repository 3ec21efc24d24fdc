package sandbox

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"kalshi.internal/apikeys/wrapper/secret"
)

// KeyType is the algorithm of a key (source: published).
type KeyType string

// The types.
const (
	// RSA signs with RSA-PSS. It is the type of a key that is generated without a type (source:
	// published).
	RSA KeyType = "rsa"
	// Ed25519 signs with Ed25519.
	Ed25519 KeyType = "ed25519"
)

// newKeyPair makes a pair and returns its public half, and its private half in PEM: PKCS#1 for
// RSA, PKCS#8 for Ed25519 (source: published).
func (s *Sandbox) newKeyPair(keyType KeyType) (crypto.PublicKey, secret.PEM, error) {
	if keyType == Ed25519 {
		return newEd25519Pair()
	}
	private, err := s.newRSAKey()
	if err != nil {
		return nil, secret.PEM{}, fmt.Errorf("sandbox: the source of RSA keys failed: %w", err)
	}
	return &private.PublicKey, encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private)), nil
}

func newEd25519Pair() (crypto.PublicKey, secret.PEM, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, secret.PEM{}, fmt.Errorf("sandbox: make an Ed25519 key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, secret.PEM{}, fmt.Errorf("sandbox: encode an Ed25519 key: %w", err)
	}
	return public, encodePEM("PRIVATE KEY", der), nil
}

func encodePEM(kind string, der []byte) secret.PEM {
	return secret.NewPEM(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}
