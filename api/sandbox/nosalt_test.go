package sandbox_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"testing"
)

// signWithoutSalt signs with RSA-PSS and an empty salt, which crypto/rsa does not offer
// (EMSA-PSS-ENCODE, RFC 8017, 9.1.1).
func signWithoutSalt(_ *testing.T, as signer, text string) []byte {
	private := as.private.(*rsa.PrivateKey)
	size := private.Size()
	seed := sha256.Sum256(append(make([]byte, 8), digest(text)...))
	block := make([]byte, size-len(seed)-1)
	block[len(block)-1] = 1
	for i := range block {
		mask := sha256.Sum256(append(bytes.Clone(seed[:]), 0, 0, 0, byte(i/len(seed))))
		block[i] ^= mask[i%len(mask)]
	}
	block[0] &= 0x7f
	encoded := append(append(block, seed[:]...), 0xbc)
	return new(big.Int).Exp(new(big.Int).SetBytes(encoded), private.D, private.N).FillBytes(make([]byte, size))
}
