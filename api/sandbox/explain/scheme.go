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

// rightScheme returns how the service wants a key to sign (source: published).
func rightScheme(public crypto.PublicKey) crypto.SignerOpts {
	if _, isRSA := public.(*rsa.PublicKey); isRSA {
		return &rsa.PSSOptions{SaltLength: protocol.SaltLength, Hash: crypto.SHA256}
	}
	return &ed25519.Options{}
}

func fitsKey(scheme crypto.SignerOpts, public crypto.PublicKey) bool {
	_, isRSA := public.(*rsa.PublicKey)
	_, isEd25519 := scheme.(*ed25519.Options)
	return isRSA != isEd25519
}

// with returns text and scheme as these ways change them.
func with(text signedText, scheme crypto.SignerOpts, ways ...way) (signedText, crypto.SignerOpts) {
	for _, w := range ways {
		if w.text != nil {
			w.text(&text)
		}
		if w.scheme != nil {
			scheme = w.scheme
		}
	}
	return text, scheme
}

func (w way) make(key crypto.Signer, scheme crypto.SignerOpts, text []byte) ([]byte, error) {
	if w.forge != nil {
		return w.forge(text), nil
	}
	return key.Sign(rand.Reader, hashed(scheme.HashFunc(), text), scheme)
}

func verifies(public crypto.PublicKey, scheme crypto.SignerOpts, text, raw []byte) bool {
	digest := hashed(scheme.HashFunc(), text)
	switch key := public.(type) {
	case *rsa.PublicKey:
		switch scheme := scheme.(type) {
		case *rsa.PSSOptions:
			return rsa.VerifyPSS(key, scheme.Hash, digest, raw, scheme) == nil
		case crypto.Hash:
			return rsa.VerifyPKCS1v15(key, scheme, digest, raw) == nil
		}
	case ed25519.PublicKey:
		options, ok := scheme.(*ed25519.Options)
		return ok && ed25519.VerifyWithOptions(key, digest, raw, options) == nil
	}
	return false
}

// hashed returns the digest of a text, and the text itself without a hash.
func hashed(hash crypto.Hash, text []byte) []byte {
	if hash == 0 {
		return text
	}
	h := hash.New()
	_, _ = h.Write(text) // a hash never fails
	return h.Sum(nil)
}

// describeSalt says how long the salt of an RSA-PSS signature is that verifies with any salt.
func describeSalt(public *rsa.PublicKey, text, raw []byte) string {
	longest := public.Size() - crypto.SHA256.Size() - 2
	for length := longest; length > 0; length-- {
		if !verifies(public, &rsa.PSSOptions{SaltLength: length, Hash: crypto.SHA256}, text, raw) {
			continue
		}
		if length == longest {
			return fmt.Sprintf("%d bytes, the longest possible", length)
		}
		return fmt.Sprintf("%d bytes", length)
	}
	return "0 bytes"
}

// signatureLength returns how many bytes a signature by the key has, and the key's type.
func signatureLength(public crypto.PublicKey) (int, string) {
	if key, isRSA := public.(*rsa.PublicKey); isRSA {
		return key.Size(), "rsa"
	}
	return ed25519.SignatureSize, "ed25519"
}
