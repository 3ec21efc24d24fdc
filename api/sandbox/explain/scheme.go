package explain

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // only to recognise it as a mistake
	_ "crypto/sha512"
	"fmt"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// schemeOf returns how the service wants a key to sign (source: published).
func schemeOf(public crypto.PublicKey) crypto.SignerOpts {
	if _, isRSA := public.(*rsa.PublicKey); isRSA {
		return &rsa.PSSOptions{SaltLength: protocol.SaltLength, Hash: crypto.SHA256}
	}
	return &ed25519.Options{}
}

// fits reports whether a key of this type can sign so.
func fits(scheme crypto.SignerOpts, public crypto.PublicKey) bool {
	_, isRSA := public.(*rsa.PublicKey)
	_, isEd25519 := scheme.(*ed25519.Options)
	return isRSA != isEd25519
}

func verifies(public crypto.PublicKey, scheme crypto.SignerOpts, text string, raw []byte) bool {
	digest := hashed(scheme.HashFunc(), text)
	switch scheme := scheme.(type) {
	case *rsa.PSSOptions:
		return rsa.VerifyPSS(public.(*rsa.PublicKey), scheme.Hash, digest, raw, scheme) == nil
	case otherMask:
		return scheme.verifies(public.(*rsa.PublicKey), digest, raw)
	case crypto.Hash:
		return rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), scheme, digest, raw) == nil
	case *ed25519.Options:
		return ed25519.VerifyWithOptions(public.(ed25519.PublicKey), digest, raw, scheme) == nil
	}
	return false
}

// hashed returns the digest of a text, and the text itself without a hash.
// sign signs a text. It reports false if the key cannot sign by the scheme.
func sign(key crypto.Signer, scheme crypto.SignerOpts, text string) ([]byte, bool, error) {
	digest := hashed(scheme.HashFunc(), text)
	other, isOther := scheme.(otherMask)
	if !isOther {
		raw, err := key.Sign(rand.Reader, digest, scheme)
		return raw, true, err
	}
	private, isRSA := key.(*rsa.PrivateKey)
	if !isRSA {
		return nil, false, nil
	}
	raw, err := other.sign(private, digest)
	return raw, true, err
}

func hashed(hash crypto.Hash, text string) []byte {
	if hash == 0 {
		return []byte(text)
	}
	h := hash.New()
	_, _ = h.Write([]byte(text)) // a hash never fails
	return h.Sum(nil)
}

// describeSalt says how long the salt of an RSA-PSS signature is that verifies with any salt.
func describeSalt(public *rsa.PublicKey, text string, raw []byte) string {
	longest := public.Size() - crypto.SHA256.Size() - 2
	length := longest
	for length > 0 && !verifies(public, &rsa.PSSOptions{SaltLength: length, Hash: crypto.SHA256}, text, raw) {
		length--
	}
	if length == longest {
		return fmt.Sprintf("%d bytes, the longest possible", length)
	}
	return fmt.Sprintf("%d bytes", length)
}

// sizeOf returns how many bytes a signature by the key has, and the key's type.
func sizeOf(public crypto.PublicKey) (int, string) {
	if key, isRSA := public.(*rsa.PublicKey); isRSA {
		return key.Size(), "rsa"
	}
	return ed25519.SignatureSize, "ed25519"
}
