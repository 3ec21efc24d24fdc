package wrapper

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"

	"kalshi.internal/apikeys/gen"
)

// minRSABits is our own choice: the service makes RSA keys of 2048 bits (source: published).
const minRSABits = 2048

// PrivateKeyReport says what [InspectPrivateKey] found. It holds no key material.
type PrivateKeyReport struct {
	// Type is the type of the key.
	Type gen.KeyType
	// Bits is the size of the key: of the modulus for RSA, 256 for Ed25519.
	Bits int
	// Format is the structure the key is in, "PKCS#1" or "PKCS#8".
	Format string
	// Repairs says in plain words what was repaired, in order; nil for a clean PEM.
	Repairs []string
}

// InspectPrivateKey reads a private key as [NewCredentials] does and reports its type and
// what was repaired. It returns the same [*CredentialsError] for a key that is refused.
func InspectPrivateKey(pem []byte) (PrivateKeyReport, error) {
	_, report, problem := readPrivateKey(string(pem))
	if problem != nil {
		return PrivateKeyReport{}, newCredentialsError(problem, "private key")
	}
	return report, nil
}

// readPrivateKey returns a problem instead of an error, here and in all it calls: a problem is a
// constant and cannot quote what was read.
func readPrivateKey(text string) (signer crypto.Signer, report PrivateKeyReport, problem *problem) {
	if len(text) > maxPrivateKeyBytes {
		return nil, report, problemTooLarge
	}
	var repair pemRepair
	der, problem := repair.der(text)
	if problem == nil {
		signer, report.Format, problem = repair.parse(der)
	}
	if problem != nil {
		return nil, PrivateKeyReport{}, problem
	}
	report.Type, report.Bits, report.Repairs = gen.KeyTypeEd25519, 8*ed25519.PublicKeySize, repair.repairs
	if key, ok := signer.Public().(*rsa.PublicKey); ok {
		report.Type, report.Bits = gen.KeyTypeRSA, key.N.BitLen()
	}
	return signer, report, nil
}

func (r *pemRepair) parse(der []byte) (crypto.Signer, string, *problem) {
	var marked pkcs8
	if fits(der, &marked) && marked.Algorithm.Algorithm.String() == rsassaPSS {
		if key, err := x509.ParsePKCS1PrivateKey(marked.Key); err == nil {
			r.note("took the RSA key out of its mark for RSA-PSS alone", true)
			return key, "PKCS#8", checkPublicKey(key.Public())
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, "PKCS#1", checkPublicKey(key.Public())
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, "", classifyDER(der)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, "", problemKeyType
	}
	return signer, "PKCS#8", checkPublicKey(signer.Public())
}

// checkPublicKey returns why key cannot be the public half of an API key, nil if it can.
func checkPublicKey(key crypto.PublicKey) *problem {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key == nil || key.N == nil {
			return problemSigner
		}
		if key.N.BitLen() < minRSABits {
			return problemWeakRSA
		}
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return problemSigner
		}
	case *ecdsa.PublicKey:
		return problemECKey
	case nil:
		return problemSigner
	default:
		return problemKeyType
	}
	return nil
}

// pkcs8 and encryptedPKCS8 are the parts of RFC 5958 that tell the two structures apart.
type (
	pkcs8 struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	encryptedPKCS8 struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
)

// classifyDER says what der holds in place of a private key that parses.
func classifyDER(der []byte) *problem {
	var key pkcs8
	switch {
	case parses(x509.ParseECPrivateKey, der):
		return problemECKey
	case parses(x509.ParsePKIXPublicKey, der), parses(x509.ParsePKCS1PublicKey, der):
		return problemPublicKey
	case parses(x509.ParseCertificate, der):
		return problemCertificate
	case parses(x509.ParseCertificateRequest, der):
		return problemCertificateRequest
	case isPKCS12(der):
		return problemPKCS12
	case fits(der, new(encryptedPKCS8)):
		return problemEncrypted
	case !fits(der, &key):
		return problemDamaged
	}
	switch key.Algorithm.Algorithm.String() {
	case "1.2.840.10045.2.1": // id-ecPublicKey, on a curve that crypto/x509 does not know
		return problemECKey
	case "1.2.840.113549.1.1.1", "1.3.101.112": // rsaEncryption, id-Ed25519
		return problemDamaged
	}
	return problemKeyType
}

// isPKCS12 reports whether der begins as PKCS#12 does: version 3, then what PKCS#7 calls data.
func isPKCS12(der []byte) bool {
	var file struct {
		Version int
		Content struct {
			Type asn1.ObjectIdentifier
			Data asn1.RawValue
		}
		MAC asn1.RawValue `asn1:"optional"`
	}
	return fits(der, &file) && file.Version == 3 && strings.HasPrefix(file.Content.Type.String(), "1.2.840.113549.1.7.")
}

func parses[T any](parse func([]byte) (T, error), der []byte) bool {
	_, err := parse(der)
	return err == nil
}

func fits(der []byte, structure any) bool {
	_, err := asn1.Unmarshal(der, structure)
	return err == nil
}
