package explain

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"fmt"
	"math/big"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// otherMask is RSA-PSS with SHA-256 whose mask, MGF1, is made with another hash. crypto/rsa makes both with
// one hash, so it can neither make nor verify this.
type otherMask struct{ mask crypto.Hash }

// HashFunc implements [crypto.SignerOpts].
func (otherMask) HashFunc() crypto.Hash { return crypto.SHA256 }

// verifies reports whether raw is such a signature of the digest, with a salt of any length (RFC 8017,
// 9.1.2).
func (o otherMask) verifies(public *rsa.PublicKey, digest, raw []byte) bool {
	bits := public.N.BitLen() - 1
	length, size := (bits+7)/8, crypto.SHA256.Size()
	number := new(big.Int).SetBytes(raw)
	if len(raw) != public.Size() || number.Cmp(public.N) >= 0 {
		return false
	}
	number.Exp(number, big.NewInt(int64(public.E)), public.N)
	if number.BitLen() > 8*length || length < size+2 {
		return false
	}
	encoded := number.FillBytes(make([]byte, length))
	block, hash := encoded[:length-size-1], encoded[length-size-1:length-1]
	o.apply(block, hash)
	block[0] &= 0xff >> (8*length - bits)
	_, salt, found := bytes.Cut(block, []byte{1})
	padding := bytes.TrimLeft(block[:len(block)-len(salt)], "\x00")
	return found && len(padding) == 1 && encoded[length-1] == 0xbc && bytes.Equal(hash, saltedHash(digest, salt))
}

// sign makes such a signature (RFC 8017, 9.1.1).
func (o otherMask) sign(private *rsa.PrivateKey, digest []byte) ([]byte, error) {
	bits := private.N.BitLen() - 1
	length, size := (bits+7)/8, crypto.SHA256.Size()
	if length < size+protocol.SaltLength+2 {
		return nil, fmt.Errorf("a key of %d bits is too short", bits+1)
	}
	salt := make([]byte, protocol.SaltLength)
	_, _ = rand.Read(salt) // never fails
	block, hash := make([]byte, length-size-1), saltedHash(digest, salt)
	block[len(block)-len(salt)-1] = 1
	copy(block[len(block)-len(salt):], salt)
	o.apply(block, hash)
	block[0] &= 0xff >> (8*length - bits)
	encoded := append(append(block, hash...), 0xbc)
	number := new(big.Int).SetBytes(encoded)
	return number.Exp(number, private.D, private.N).FillBytes(make([]byte, private.Size())), nil
}

// apply puts the mask that comes from the hash over the block, or takes it off.
func (o otherMask) apply(block, hash []byte) {
	for counter := uint32(0); len(block) > 0; counter++ {
		mask := hashed(o.mask, string(binary.BigEndian.AppendUint32(bytes.Clone(hash), counter)))
		n := min(len(mask), len(block))
		for i := range n {
			block[i] ^= mask[i]
		}
		block = block[n:]
	}
}

func saltedHash(digest, salt []byte) []byte {
	return hashed(crypto.SHA256, string(make([]byte, 8))+string(digest)+string(salt))
}
