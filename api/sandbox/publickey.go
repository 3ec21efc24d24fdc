package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// parsePublicKey reads the public_key of a request: PEM SPKI, RSA or Ed25519 (source:
// published). The refusal says what it is instead, and quotes nothing of it: people paste private
// keys.
func parsePublicKey(text string, maxRSABits int) (crypto.PublicKey, KeyType, error) {
	if strings.TrimSpace(text) == "" {
		return nil, "", invalid("public_key is empty")
	}
	if strings.Contains(text, "PRIVATE KEY") {
		return nil, "", invalid("public_key holds a private key: send the public half, " +
			"and make a new pair, because this private key is no longer secret")
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, "", invalid("public_key is not PEM: it must be SPKI in PEM (BEGIN PUBLIC KEY)")
	}
	if strings.TrimSpace(string(rest)) != "" {
		return nil, "", invalid("public_key holds more than one PEM block")
	}
	switch block.Type {
	case "PUBLIC KEY":
		return parseSPKI(block.Bytes, maxRSABits)
	case "RSA PUBLIC KEY":
		return nil, "", invalid("public_key is PKCS#1 (BEGIN RSA PUBLIC KEY): it must be SPKI (BEGIN PUBLIC KEY)")
	case "CERTIFICATE":
		return nil, "", invalid("public_key is a certificate: send the public key in it, as SPKI (BEGIN PUBLIC KEY)")
	default:
		return nil, "", invalid("public_key is another kind of PEM: it must be SPKI (BEGIN PUBLIC KEY)")
	}
}

func parseSPKI(der []byte, maxRSABits int) (crypto.PublicKey, KeyType, error) {
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, "", invalid("public_key does not parse as SPKI: it is damaged, cut off, or of an unknown algorithm")
	}
	switch public := public.(type) {
	case ed25519.PublicKey:
		return public, Ed25519, nil
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < RSABits || bits > maxRSABits {
			return nil, "", invalid(fmt.Sprintf("public_key is RSA with %d bits: %d to %d are accepted", bits, RSABits, maxRSABits))
		}
		return public, RSA, nil
	case *ecdsa.PublicKey:
		return nil, "", invalid("public_key is an EC key: it must be RSA or Ed25519")
	default:
		return nil, "", invalid("public_key is neither RSA nor Ed25519")
	}
}
