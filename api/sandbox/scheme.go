package sandbox

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"math/big"
)

// verification is one way in which a signature can be one by a key over a text.
type verification struct {
	// mistake is empty for the service's own way.
	mistake  Mistake
	verifies func(public crypto.PublicKey, text, raw []byte) bool
}

// likelyWays are tried with every text, rareWays with the right text alone.
func likelyWays() []verification {
	return []verification{
		{"", verifiesAtAll},
		{MistakePKCS1v15, func(public crypto.PublicKey, text, raw []byte) bool {
			key, ok := public.(*rsa.PublicKey)
			digest := sha256.Sum256(text)
			return ok && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) == nil
		}},
	}
}

func rareWays() []verification {
	return []verification{
		{MistakeEd25519ph, func(public crypto.PublicKey, text, raw []byte) bool {
			key, ok := public.(ed25519.PublicKey)
			digest := sha512.Sum512(text)
			return ok && ed25519.VerifyWithOptions(key, digest[:], raw, &ed25519.Options{Hash: crypto.SHA512}) == nil
		}},
		{MistakeHash, verifiesWithSHA512},
		{MistakeHash, verifiesWithSHA384},
	}
}

// verifiesAtAll is the service's way, except that RSA-PSS may have a salt of any length.
func verifiesAtAll(public crypto.PublicKey, text, raw []byte) bool {
	switch public := public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, text, raw)
	case *rsa.PublicKey:
		digest := sha256.Sum256(text)
		return rsa.VerifyPSS(public, crypto.SHA256, digest[:], raw, anySalt()) == nil
	}
	return false
}

func verifiesWithSHA512(public crypto.PublicKey, text, raw []byte) bool {
	digest := sha512.Sum512(text)
	return verifiesDigest(public, crypto.SHA512, digest[:], raw)
}

func verifiesWithSHA384(public crypto.PublicKey, text, raw []byte) bool {
	digest := sha512.Sum384(text)
	return verifiesDigest(public, crypto.SHA384, digest[:], raw)
}

func verifiesDigest(public crypto.PublicKey, hash crypto.Hash, digest, raw []byte) bool {
	key, ok := public.(*rsa.PublicKey)
	return ok && (rsa.VerifyPSS(key, hash, digest, raw, anySalt()) == nil || rsa.VerifyPKCS1v15(key, hash, digest, raw) == nil)
}

func anySalt() *rsa.PSSOptions { return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto} }

// saltLength returns the length of the salt in an RSA-PSS signature that is known to verify.
// crypto/rsa does not tell it. The steps are those of EMSA-PSS-VERIFY (RFC 8017, 9.1.2).
func saltLength(public *rsa.PublicKey, raw []byte) int {
	bits := public.N.BitLen() - 1
	encoded := make([]byte, (bits+7)/8)
	new(big.Int).Exp(new(big.Int).SetBytes(raw), big.NewInt(int64(public.E)), public.N).FillBytes(encoded)
	split := len(encoded) - sha256.Size - 1
	block := unmask(encoded[:split], encoded[split:len(encoded)-1])
	block[0] &= 0xff >> (8*len(encoded) - bits)
	for i, b := range block {
		if b == 1 {
			return len(block) - i - 1
		}
	}
	return 0
}

// unmask takes MGF1 with SHA-256 off a block (RFC 8017, B.2.1).
func unmask(masked, seed []byte) []byte {
	block := make([]byte, 0, len(masked))
	for i := range masked {
		mask := sha256.Sum256(binary.BigEndian.AppendUint32(append([]byte{}, seed...), uint32(i/sha256.Size)))
		block = append(block, masked[i]^mask[i%sha256.Size])
	}
	return block
}

func describeSalt(public *rsa.PublicKey, raw []byte) string {
	length, longest := saltLength(public, raw), public.Size()-sha256.Size-2
	if length == longest {
		return fmt.Sprintf("%d bytes, the longest possible", length)
	}
	return fmt.Sprintf("%d bytes", length)
}
