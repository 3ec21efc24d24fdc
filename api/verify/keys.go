package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
)

// rsaBits is the length of a generated RSA key (source: published).
const rsaBits = 2048

// PEM types (source: published).
const (
	pemPublicKey = "PUBLIC KEY"
	pemRSA       = "RSA PRIVATE KEY"
	pemEd25519   = "PRIVATE KEY"
)

// The generators of keys fail only when the system has no randomness, which ends the program.

// ownRSAKey makes one key for a process, because that takes long. A target knows it for as long
// as one check takes.
var ownRSAKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, _ := rsa.GenerateKey(rand.Reader, rsaBits)
	return key
})

func newEd25519Key() ed25519.PrivateKey {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	return key
}

// wrongPublicKeys are forbidden by the words of the contract only.
func wrongPublicKeys() map[string]string {
	onCurve, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return map[string]string{
		"a public key without armour":       "MCowBQYDK2VwAyEA",
		"a public key with broken contents": publicPEM([]byte("verify")),
		"a public key on an elliptic curve": publicPEM(spki(onCurve.Public())),
		"an empty public key":               "",
	}
}

func publicPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: pemPublicKey, Bytes: der}))
}

func spki(key crypto.PublicKey) []byte {
	der, _ := x509.MarshalPKIXPublicKey(key) // every key of this package has an SPKI form
	return der
}

// parsePrivateKey returns the private half from an answer, or nil and what is wrong with it.
func parsePrivateKey(text, keyType string) (crypto.Signer, string) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		return nil, "it is not one PEM block"
	}
	if keyType == keyTypeRSA {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if block.Type != pemRSA || err != nil {
			return nil, "it is not PKCS#1 in PEM of type " + pemRSA
		}
		if bits := key.N.BitLen(); bits != rsaBits {
			return key, fmt.Sprintf("it has %d bits, wanted %d", bits, rsaBits)
		}
		return key, ""
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ed, ok := key.(ed25519.PrivateKey)
	if block.Type != pemEd25519 || err != nil || !ok {
		return nil, "it is not an Ed25519 key as PKCS#8 in PEM of type " + pemEd25519
	}
	return ed, ""
}
