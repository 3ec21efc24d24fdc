package wrapper

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// selfCheck says what this machine can tell about a signature that the service refused. It
// looks at the signature that was sent, so the signer, which may be a slow device or one that
// is billed by use, is not asked for another. It sends nothing. It is a function, so that
// printers show an address and not the signature.
type selfCheck func() string

// newSelfCheck returns the check of a request that was just signed with credentials.
func newSelfCheck(credentials *Credentials, req *http.Request) selfCheck {
	method, path, host := protocol.Method(req), protocol.Path(req.URL), req.URL.Hostname()
	timestamp := req.Header.Get(protocol.HeaderTimestamp)
	signed := req.Header.Get(protocol.HeaderSignature)
	return func() string {
		public := credentials.Signer().Public()
		if protocol.Verify(public, timestamp, method, path, signed) != nil {
			return "The signer is at fault, and not the key ID: " +
				signerFault(public, protocol.Text(timestamp, method, path), signed)
		}
		return refusedThoughValid(path, host)
	}
}

// refusedThoughValid says why a signature is refused that the key's public half verifies.
func refusedThoughValid(path, host string) string {
	if !strings.HasPrefix(path, protocol.BasePath+"/") && path != protocol.WebSocketPath {
		return "The signed path does not begin with " + protocol.BasePath + ": the base URL must end in it, " +
			"and nothing on the way may add it"
	}
	const checked = "The signature is good for this private key and path. "
	if environment := protocol.EnvironmentOf(host); environment != "" {
		return checked + "So the private key is not the one that belongs to this key ID in " + environment +
			": use the PEM that was saved when the key was made"
	}
	return checked + "Check that the private key belongs to this key ID. " + host +
		" is not a host of the service, so check also that it passes path and headers on unchanged"
}

// signerFault says what is wrong with a signature that the signer's own public key does not
// verify. Keys that this package parsed have no such fault; other signers may.
func signerFault(public crypto.PublicKey, text, signed string) string {
	raw, _ := base64.StdEncoding.DecodeString(signed) // which this package encoded
	switch public := public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256([]byte(text))
		if rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], raw) == nil {
			return "it signs with PKCS#1 v1.5, where RSA-PSS is needed"
		}
		if rsa.VerifyPSS(public, crypto.SHA256, digest[:], raw, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil {
			return "its RSA-PSS signatures must have a salt of 32 bytes"
		}
	case ed25519.PublicKey:
		if signsDigest(public, text, raw) {
			return "it signs a digest, where Ed25519 must sign the text itself"
		}
	}
	return "its private key is not the other half of the public key that it names"
}

func signsDigest(public ed25519.PublicKey, text string, raw []byte) bool {
	if len(public) != ed25519.PublicKeySize {
		return false
	}
	short, long := sha256.Sum256([]byte(text)), sha512.Sum512([]byte(text))
	prehashed := &ed25519.Options{Hash: crypto.SHA512}
	return ed25519.Verify(public, short[:], raw) ||
		ed25519.Verify(public, long[:], raw) ||
		ed25519.VerifyWithOptions(public, long[:], raw, prehashed) == nil
}
