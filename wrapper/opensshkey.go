package wrapper

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"math/big"
	"strings"
)

// The format of OpenSSH's private keys (source: PROTOCOL.key of OpenSSH) and the fields of SSH (source:
// RFC 4251).
const (
	openSSHMagic = "openssh-key-v1\x00"
	sshRSA       = "ssh-rsa"
	sshEd25519   = "ssh-ed25519"
	// maxRSABits is our own choice: to check numbers that are larger takes seconds.
	maxRSABits = 16384
)

// sshFields reads the fields of SSH one after the other. After the first that is not whole, ok is
// false and all are empty.
type sshFields struct {
	rest []byte
	ok   bool
}

func (f *sshFields) take(n uint32) []byte {
	if f.ok = f.ok && uint64(n) <= uint64(len(f.rest)); !f.ok {
		return nil
	}
	field := f.rest[:n]
	f.rest = f.rest[n:]
	return field
}

func (f *sshFields) number() uint32 {
	if bytes := f.take(4); f.ok {
		return binary.BigEndian.Uint32(bytes)
	}
	return 0
}

func (f *sshFields) bytes() []byte     { return f.take(f.number()) }
func (f *sshFields) text() string      { return string(f.bytes()) }
func (f *sshFields) integer() *big.Int { return new(big.Int).SetBytes(f.bytes()) }
func (f *sshFields) skip(n int) {
	for range n {
		f.bytes()
	}
}

// openSSH returns the DER bytes of the key in OpenSSH format whose base64 is body.
func (r *pemRepair) openSSH(body string) ([]byte, *problem) {
	data, ok := decodeBase64(body)
	rest, isOpenSSH := strings.CutPrefix(string(data), openSSHMagic)
	if !ok || !isOpenSSH {
		return nil, problemOpenSSHKey
	}
	file := sshFields{[]byte(rest), true}
	cipher := file.text()
	file.skip(2) // how a passphrase becomes a key
	count := file.number()
	file.bytes() // the public key, which the private one tells too
	private := sshFields{file.bytes(), file.ok}
	switch {
	case file.ok && cipher != "none":
		return nil, problemOpenSSHEncrypted
	case count > 1:
		return nil, problemSeveralKeys
	}
	key := openSSHKey(&private)
	if key == nil {
		return nil, problemOpenSSHKey
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, problemOpenSSHKey
	}
	r.note("took the key out of OpenSSH's format", true)
	return der, nil
}

// openSSHKey returns the key in the fields, nil if it is damaged or of another type.
func openSSHKey(private *sshFields) crypto.PrivateKey {
	// One number is written twice, to show a wrong passphrase.
	if first, second := private.number(), private.number(); first != second {
		return nil
	}
	switch private.text() {
	case sshEd25519:
		public, both := private.bytes(), private.bytes()
		if !private.ok || len(both) != ed25519.PrivateKeySize {
			return nil
		}
		key := ed25519.NewKeyFromSeed(both[:ed25519.SeedSize])
		if !key.Equal(ed25519.PrivateKey(both)) || string(public) != string(both[ed25519.SeedSize:]) {
			return nil
		}
		return key
	case sshRSA:
		return openSSHRSA(private)
	}
	return nil
}

func openSSHRSA(private *sshFields) crypto.PrivateKey {
	n, e, d, _, p, q := private.integer(), private.integer(), private.integer(), private.integer(), private.integer(), private.integer()
	if !private.ok || !e.IsInt64() || n.BitLen() > maxRSABits {
		return nil
	}
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())}, D: d, Primes: []*big.Int{p, q}}
	if key.Validate() != nil {
		return nil
	}
	return key
}

// sshPublic returns the DER bytes of the public key of SSH whose base64 is body.
func (r *pemRepair) sshPublic(body string) ([]byte, *problem) {
	data, ok := decodeBase64(body)
	fields := sshFields{data, ok}
	var key crypto.PublicKey
	switch fields.text() {
	case sshEd25519:
		if bytes := fields.bytes(); len(bytes) == ed25519.PublicKeySize {
			key = ed25519.PublicKey(bytes)
		}
	case sshRSA:
		e, n := fields.integer(), fields.integer()
		if e.IsInt64() && n.Sign() > 0 {
			key = &rsa.PublicKey{N: n, E: int(e.Int64())}
		}
	default:
		return nil, problemKeyType
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil || !fields.ok {
		return nil, problemDamaged
	}
	r.note("took the key out of OpenSSH's format", true)
	return der, nil
}
