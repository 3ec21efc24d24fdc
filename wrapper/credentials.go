package wrapper

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"kalshi.internal/apikeys/wrapper/secret"
)

// CredentialSource gives the credentials to sign with. It is asked once per attempt, so a
// rotated key takes effect at once. It must give credentials or an error, and must be safe for
// concurrent use. A [*Credentials] is the source of itself.
type CredentialSource interface {
	Credentials(ctx context.Context) (*Credentials, error)
}

// Credentials are what a request is signed with: the ID of an API key and the private key that
// belongs to it. They are immutable and safe for concurrent use if their signer is, which it is
// for every key that this package parses. The zero Credentials sign nothing; make them with
// [NewCredentials], [LoadCredentials], [CredentialsFromEnv] or [NewSignerCredentials].
//
// fmt, log/slog, encoding/json and panics show the key ID and [REDACTED] in the private key's
// place.
type Credentials struct {
	keyID string
	// A function, so that printers which ignore methods show an address.
	signer func() crypto.Signer
}

// NewCredentials returns credentials for the API key keyID with the private key in pem: RSA of
// at least 2048 bits or Ed25519, as PKCS#1, PKCS#8 or in OpenSSH's format. What happens to a PEM on its way through
// shells, env files, mail and programs is undone where that is certain, also if it became DER, UTF-16 or
// base64 once more; [InspectPrivateKey] reports the repairs. Everything else is refused with a
// [*CredentialsError] that says what it is.
func NewCredentials(keyID string, pem []byte) (*Credentials, error) {
	return parseCredentials(keySource{"key ID", keyID}, keySource{"private key", string(pem)})
}

// keySource is a value and the place it came from, for errors.
type keySource struct{ name, value string }

func parseCredentials(keyID, pem keySource) (*Credentials, error) {
	id, err := parseKeyID(keyID)
	if err != nil {
		return nil, err
	}
	signer, _, problem := readPrivateKey(pem.value)
	if problem != nil {
		return nil, newCredentialsError(problem, pem.name)
	}
	return hold(id, signer), nil
}

// NewSignerCredentials returns credentials for the API key keyID whose private key lives behind
// signer, for instance in an HSM or a KMS. The signer must not change afterwards and must be
// safe for concurrent use; its public key, RSA of at least 2048 bits or Ed25519, decides the
// scheme. An RSA signer is asked for RSA-PSS over a SHA-256 digest, an Ed25519 signer for a
// signature over the text itself. Everything else is refused with a [*CredentialsError].
func NewSignerCredentials(keyID string, signer crypto.Signer) (*Credentials, error) {
	id, err := parseKeyID(keySource{"key ID", keyID})
	if err != nil {
		return nil, err
	}
	if problem := checkPublicKey(publicKeyOf(signer)); problem != nil {
		return nil, newCredentialsError(problem, "signer")
	}
	return hold(id, signer), nil
}

// publicKeyOf returns nil for a signer without a key: one that is nil or holds nil panics.
func publicKeyOf(signer crypto.Signer) (public crypto.PublicKey) {
	if key, ok := signer.(ed25519.PrivateKey); ok && len(key) != ed25519.PrivateKeySize {
		return nil
	}
	defer func() {
		if recover() != nil {
			public = nil
		}
	}()
	return signer.Public()
}

func hold(keyID string, signer crypto.Signer) *Credentials {
	return &Credentials{keyID: keyID, signer: func() crypto.Signer { return signer }}
}

// KeyID returns the ID of the API key. It is not secret.
func (c *Credentials) KeyID() string { return c.keyID }

// Signer returns the private key as a [crypto.Signer], nil for the zero Credentials. For a
// key that this package parsed it is an [*rsa.PrivateKey] or an [ed25519.PrivateKey]: do not
// change it, and do not print it.
func (c *Credentials) Signer() crypto.Signer {
	if c.signer == nil {
		return nil
	}
	return c.signer()
}

// Credentials returns c, which makes it a [CredentialSource]. It returns a [*CredentialsError]
// if c is nil or the zero Credentials.
func (c *Credentials) Credentials(context.Context) (*Credentials, error) {
	if c == nil || c.signer == nil {
		return nil, newCredentialsError(problemSigner, "zero Credentials")
	}
	return c, nil
}

// String returns the key ID and [REDACTED].
func (c Credentials) String() string {
	return fmt.Sprintf("Credentials{KeyID: %q, PrivateKey: %s}", c.keyID, secret.Redacted)
}

// Format writes the same as [Credentials.String] for every valid verb and flag.
func (c Credentials) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, c.String())
}

// LogValue returns the key ID and [REDACTED] for log/slog.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("key_id", c.keyID), slog.String("private_key", secret.Redacted))
}

// MarshalJSON returns the key ID and [REDACTED]. Credentials do not survive a round trip.
func (c Credentials) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"key_id": c.keyID, "private_key": secret.Redacted})
}

const (
	// maxKeyIDLength is our own choice: every recorded key ID is a UUID of 36 bytes.
	maxKeyIDLength = 128
	// maxQuotedKeyID bounds what an error repeats, so that a pasted secret is not repeated.
	maxQuotedKeyID = 40
)

// parseKeyID returns a key ID without the white space around it. It returns a [*CredentialsError]
// with [ProblemKeyID] for text that cannot be the ID of an API key. The error repeats a short ID with
// everything but printable ASCII escaped, and never one that looks like a private key.
func parseKeyID(from keySource) (string, error) {
	keyID := strings.TrimSpace(from.value)
	fault := keyIDFault(keyID)
	if fault == "" {
		return keyID, nil
	}
	err := newCredentialsError(problemKeyID, from.name)
	err.detail = fault
	return "", err
}

func keyIDFault(keyID string) string {
	switch {
	case keyID == "":
		return "it is empty"
	case looksLikePrivateKey(keyID):
		return "it looks like a private key, so it is not repeated here"
	case len(keyID) > maxKeyIDLength:
		return fmt.Sprintf("it is longer than %d bytes", maxKeyIDLength)
	}
	subject := "it"
	if len(keyID) <= maxQuotedKeyID {
		subject = fmt.Sprintf("%+q", keyID)
	}
	for _, forbidden := range forbiddenInKeyIDs {
		if forbidden.find.MatchString(keyID) {
			return subject + " contains " + forbidden.what
		}
	}
	for _, form := range keyForms() {
		if (form.problem == problemReference || form.problem == problemVariable) && form.find.MatchString(keyID) {
			return strings.Replace(form.problem.what, "this is", "it is", 1)
		}
	}
	return ""
}

var forbiddenInKeyIDs = []struct {
	what string
	find *regexp.Regexp
}{
	{"a space", regexp.MustCompile(` `)},
	{"a quote", regexp.MustCompile("[\"'`]")},
	{"a bracket", regexp.MustCompile(`[()\[\]{}<>]`)},
	{"a control character", regexp.MustCompile(`[\x00-\x1f\x7f]`)},
	{"a character outside ASCII", regexp.MustCompile(`[^\x00-\x7f]`)},
}
