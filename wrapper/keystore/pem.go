package keystore

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/secret"
)

// PublicKeyPEM returns key as PEM SPKI, the form of Entry.PublicKey. It returns [ErrInvalid] for
// what crypto/x509 knows no such form of.
func PublicKeyPEM(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("%w: the public key has no SPKI form: %w", ErrInvalid, err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// PrivateKeyPEM returns key as PEM PKCS#8, the form of Entry.PrivateKey for a key that was not made by
// the service. It returns [ErrInvalid] for a key that does not leave its HSM or KMS, and for any other
// that crypto/x509 knows no such form of.
func PrivateKeyPEM(key crypto.Signer) (secret.PEM, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return secret.PEM{}, fmt.Errorf("%w: the private key has no PKCS#8 form: %w", ErrInvalid, err)
	}
	return secret.NewPEM(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), nil
}

func parsePublicKey(text string) (crypto.PublicKey, bool) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return nil, false
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	return key, err == nil
}

func typeOf(key crypto.PublicKey) gen.KeyType {
	switch key.(type) {
	case *rsa.PublicKey:
		return gen.KeyTypeRSA
	case ed25519.PublicKey:
		return gen.KeyTypeEd25519
	}
	return ""
}

func sameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// publicHalf is a signer that only knows its public key.
type publicHalf struct{ key crypto.PublicKey }

func (p publicHalf) Public() crypto.PublicKey { return p.key }

func (publicHalf) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("keystore: this is a public key")
}
