package wrapper

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"

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
	// Repairs says in plain words what had to be repaired, in order; nil for a clean PEM.
	Repairs []string
}

// InspectPrivateKey reads a private key as [NewCredentials] does and reports what it is and what
// had to be repaired. It returns the same [*CredentialsError] for a key that is refused.
func InspectPrivateKey(pem []byte) (PrivateKeyReport, error) {
	key, problem := readPrivateKey(string(pem))
	if problem != "" {
		return PrivateKeyReport{}, newCredentialsError(problem, "private key")
	}
	return key.report, nil
}

type privateKey struct {
	signer crypto.Signer
	report PrivateKeyReport
}

// readPrivateKey returns a problem instead of an error, here and in all it calls: a problem is a
// constant and cannot quote what was read.
func readPrivateKey(text string) (privateKey, CredentialsProblem) {
	if len(text) > maxPrivateKeyBytes {
		return privateKey{}, ProblemTooLarge
	}
	der, repairs, problem := repairPEM(text)
	if problem != "" {
		return privateKey{}, problem
	}
	signer, format, problem := parsePrivateKey(der)
	if problem != "" {
		return privateKey{}, problem
	}
	report := describe(signer)
	report.Format, report.Repairs = format, repairs
	return privateKey{signer, report}, ""
}

func describe(signer crypto.Signer) PrivateKeyReport {
	if key, ok := signer.Public().(*rsa.PublicKey); ok {
		return PrivateKeyReport{Type: gen.KeyTypeRSA, Bits: key.N.BitLen()}
	}
	return PrivateKeyReport{Type: gen.KeyTypeEd25519, Bits: 8 * ed25519.PublicKeySize}
}

func parsePrivateKey(der []byte) (crypto.Signer, string, CredentialsProblem) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, "PKCS#1", checkPublicKey(key.Public())
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, "", classifyDER(der)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, "", ProblemKeyType
	}
	return signer, "PKCS#8", checkPublicKey(signer.Public())
}

// checkPublicKey returns what speaks against key as the public half of an API key, "" if nothing.
func checkPublicKey(key crypto.PublicKey) CredentialsProblem {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key == nil || key.N == nil {
			return ProblemSigner
		}
		if key.N.BitLen() < minRSABits {
			return ProblemWeakRSA
		}
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return ProblemSigner
		}
	case *ecdsa.PublicKey:
		return ProblemECKey
	case nil:
		return ProblemSigner
	default:
		return ProblemKeyType
	}
	return ""
}

// classifyDER says what der is, given that it is no private key that parses.
func classifyDER(der []byte) CredentialsProblem {
	var pkcs8 struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	var encrypted struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	switch {
	case parses(x509.ParseECPrivateKey, der):
		return ProblemECKey
	case parses(x509.ParsePKIXPublicKey, der), parses(x509.ParsePKCS1PublicKey, der):
		return ProblemPublicKey
	case parses(x509.ParseCertificate, der):
		return ProblemCertificate
	case parses(x509.ParseCertificateRequest, der):
		return ProblemCertificateRequest
	case fits(der, &pkcs8):
		return classifyAlgorithm(pkcs8.Algorithm.Algorithm)
	case fits(der, &encrypted):
		return ProblemEncrypted
	}
	return ProblemDamaged
}

func classifyAlgorithm(algorithm asn1.ObjectIdentifier) CredentialsProblem {
	switch algorithm.String() {
	case "1.2.840.10045.2.1": // id-ecPublicKey, on a curve that crypto/x509 does not know
		return ProblemECKey
	case "1.2.840.113549.1.1.1", "1.3.101.112": // rsaEncryption, id-Ed25519
		return ProblemDamaged
	}
	return ProblemKeyType
}

func parses[T any](parse func([]byte) (T, error), der []byte) bool {
	_, err := parse(der)
	return err == nil
}

func fits(der []byte, structure any) bool {
	_, err := asn1.Unmarshal(der, structure)
	return err == nil
}
