package protocol

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The three headers that identify a request. All of them are needed at once (source: seed).
const (
	// HeaderKey carries the API key ID.
	HeaderKey = "KALSHI-ACCESS-KEY"
	// HeaderSignature carries the signature in standard base64 with padding.
	HeaderSignature = "KALSHI-ACCESS-SIGNATURE"
	// HeaderTimestamp carries the signed Unix time in milliseconds, decimal.
	HeaderTimestamp = "KALSHI-ACCESS-TIMESTAMP"
)

// SaltLength is the length of the RSA-PSS salt, in bytes (source: published).
const SaltLength = sha256.Size

var (
	errKeyType  = errors.New("protocol: the key is neither RSA nor Ed25519")
	errMismatch = errors.New("protocol: does not match key and text")
)

// Timestamp returns t as the service wants it: Unix time in milliseconds, decimal (source:
// published).
func Timestamp(t time.Time) string {
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// Path returns the part of u that is signed: exactly the bytes that net/http writes as the
// path on the request line, without the query (source: published and observed).
func Path(u *url.URL) string {
	path, _, _ := strings.Cut(u.RequestURI(), "?")
	return path
}

// Text returns what is signed: timestamp in milliseconds, method in upper case and path, with
// nothing between them. Path must be as [Path] gives it: a query would be signed too, and the
// service would refuse the signature.
func Text(timestamp, method, path string) string {
	return string(textBytes(timestamp, method, path))
}

// Sign returns the signature over [Text] in standard base64. The key may live anywhere that
// offers a [crypto.Signer], such as an HSM; its public key decides the scheme. It returns an error
// for a key that is neither RSA nor Ed25519, and wraps the error of the signer. No error of this
// package holds key material or a signature.
func Sign(key crypto.Signer, timestamp, method, path string) (string, error) {
	raw, err := signText(key, textBytes(timestamp, method, path))
	if err != nil {
		return "", err
	}
	var encoded [maxEncodedLength]byte
	return string(base64.StdEncoding.AppendEncode(encoded[:0], raw)), nil
}

// maxEncodedLength is the length in base64 of a signature by RSA with 4096 bits. Longer ones
// cost an allocation.
const maxEncodedLength = 684

func textBytes(timestamp, method, path string) []byte {
	text := make([]byte, 0, len(timestamp)+len(method)+len(path))
	text = append(text, timestamp...)
	text = append(text, strings.ToUpper(method)...)
	return append(text, path...)
}

func signText(key crypto.Signer, text []byte) ([]byte, error) {
	var raw []byte
	var err error
	switch schemeOf(key) {
	case schemeRSA:
		digest := sha256.Sum256(text)
		raw, err = key.Sign(rand.Reader, digest[:], pssOptions())
	case schemeEd25519:
		raw, err = key.Sign(rand.Reader, text, crypto.Hash(0))
	default:
		return nil, errKeyType
	}
	if err != nil {
		return nil, fmt.Errorf("protocol: the signer failed: %w", err)
	}
	return raw, nil
}

type scheme int

const (
	schemeNone scheme = iota
	schemeRSA
	schemeEd25519
)

// schemeOf asks a signer for its public key only if it is of another type: an Ed25519 key would
// make a copy.
func schemeOf(key crypto.Signer) scheme {
	switch key := key.(type) {
	case nil:
		return schemeNone
	case *rsa.PrivateKey:
		return schemeRSA
	case ed25519.PrivateKey:
		if len(key) != ed25519.PrivateKeySize {
			return schemeNone
		}
		return schemeEd25519
	}
	switch key.Public().(type) {
	case *rsa.PublicKey:
		return schemeRSA
	case ed25519.PublicKey:
		return schemeEd25519
	}
	return schemeNone
}

// Verify reports whether encoded is the signature that the private half of key makes over
// [Text]. It returns nil if so. It returns an error that says why not for a signature that does not
// match or is not standard base64 with padding, and for a key that is neither RSA nor Ed25519. An
// RSA-PSS signature with a salt of any other length than [SaltLength] does not match.
func Verify(key crypto.PublicKey, timestamp, method, path, encoded string) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return errors.New("protocol: not standard base64 with padding")
	}
	text := textBytes(timestamp, method, path)
	switch key := key.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(text)
		if rsa.VerifyPSS(key, crypto.SHA256, digest[:], raw, pssOptions()) != nil {
			return errMismatch
		}
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, text, raw) {
			return errMismatch
		}
	default:
		return errKeyType
	}
	return nil
}

func pssOptions() *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: SaltLength, Hash: crypto.SHA256}
}
