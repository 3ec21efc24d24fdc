package wrapper

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"strings"

	"kalshi.internal/apikeys/gen"
)

// PublicKeyReport says what [InspectPublicKey] found.
type PublicKeyReport struct {
	// Type is the type of the key.
	Type gen.KeyType
	// Bits is the size of the key: of the modulus for RSA, 256 for Ed25519.
	Bits int
	// PEM is the key in the form that the service takes: PEM, BEGIN PUBLIC KEY.
	PEM string
	// Repairs says in plain words what was repaired, in order; nil for a clean PEM.
	Repairs []string
}

const publicHint = "Give the public half in PEM: openssl pkey -in PRIVATE.pem -pubout"

// InspectPublicKey reads a public key, RSA of at least 2048 bits or Ed25519, and repairs it as
// [InspectPrivateKey] does a private one. It also reads PKCS#1, OpenSSH's one-line form and keys that are
// marked for RSA-PSS alone. It returns a [*CredentialsError] for what cannot be used, and quotes nothing
// of it.
func InspectPublicKey(text []byte) (PublicKeyReport, error) {
	report, problem := readPublicKey(string(text))
	if problem == nil {
		return report, nil
	}
	err := newCredentialsError(problem, "public key")
	err.what = strings.ReplaceAll(err.what, "private key", "public key")
	if problem == problemPrivateKey {
		err.what = problem.what
	} else if problem.hint != otherKeyHint {
		err.Hint = publicHint
	}
	return PublicKeyReport{}, err
}

func readPublicKey(text string) (report PublicKeyReport, problem *problem) {
	if len(text) > maxPrivateKeyBytes {
		return report, problemTooLarge
	}
	repair := pemRepair{public: true}
	der, problem := repair.der(text)
	if problem != nil {
		return report, problem
	}
	key, err := parsePublicKey(der)
	if err != nil {
		if problem = classifyDER(der); problem == problemPublicKey || parses(x509.ParsePKCS1PrivateKey, der) || parses(x509.ParsePKCS8PrivateKey, der) {
			problem = problemPrivateKey
		}
		return report, problem
	}
	if problem := checkPublicKey(key); problem != nil {
		return report, problem
	}
	clean, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return report, problemKeyType
	}
	repair.note("wrote it as SubjectPublicKeyInfo", string(clean) != string(der))
	report = PublicKeyReport{
		Type: gen.KeyTypeEd25519, Bits: 8 * ed25519.PublicKeySize, Repairs: repair.repairs,
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: clean})),
	}
	if key, ok := key.(*rsa.PublicKey); ok {
		report.Type, report.Bits = gen.KeyTypeRSA, key.N.BitLen()
	}
	return report, nil
}

// rsassaPSS marks a key for RSA-PSS alone (source: RFC 4055). Its numbers are those of any RSA key.
const rsassaPSS = "1.2.840.113549.1.1.10"

// parsePublicKey reads SPKI, also of a key for RSA-PSS alone, and PKCS#1.
func parsePublicKey(der []byte) (crypto.PublicKey, error) {
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &spki); err == nil && spki.Algorithm.Algorithm.String() == rsassaPSS {
		return x509.ParsePKCS1PublicKey(spki.Key.RightAlign())
	}
	return x509.ParsePKIXPublicKey(der)
}
