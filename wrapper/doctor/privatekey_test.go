package doctor_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/doctor"
)

func TestTheKindOfAnRSAKeyIsNamed(t *testing.T) {
	p := newPatient(t)
	p.use(p.newKey(sandbox.OfType(sandbox.RSA)))
	got := p.examine()
	got.want("private_key", ok, "RSA key of 2048 bits, PKCS#1")
	got.want("signed_request", ok)
}

func TestAPrivateKeyOfNoUseIsNamed(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curveDER, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		t.Fatal(err)
	}
	for want, block := range map[string]*pem.Block{
		"elliptic-curve":        {Type: "PRIVATE KEY", Bytes: curveDER},
		"this is a public key":  {Type: "PUBLIC KEY", Bytes: publicDER},
		"this is a certificate": {Type: "CERTIFICATE", Bytes: publicDER},
		"encrypted":             {Type: "ENCRYPTED PRIVATE KEY", Bytes: publicDER},
		"OpenSSH format":        {Type: "OPENSSH PRIVATE KEY", Bytes: publicDER},
	} {
		t.Run(want, func(t *testing.T) {
			p := newPatient(t)
			p.env[wrapper.EnvPrivateKey] = string(pem.EncodeToMemory(block))
			got := p.examine()
			got.want("private_key", problem, want)
			got.want("signed_request", unchecked, "no usable private key")
		})
	}
}

func TestMendWritesThePrivateKeyAnew(t *testing.T) {
	p := newPatient(t)
	mangled, old := escaped(p.pem(p.key)), p.file()
	p.useFile(old, mangled, 0o600)
	p.examine().want("private_key", warning, "--mend")
	p.Mend = filepath.Join(t.TempDir(), "clean.pem")
	p.examine().want("mend", ok, p.Mend, "unset KALSHI_PRIVATE_KEY", "delete the old copy")
	if info, err := os.Stat(p.Mend); err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
		t.Errorf("%v, %v", info, err)
	}

	p.env[wrapper.EnvPrivateKeyPath], p.Mend = p.Mend, ""
	got := p.examine()
	got.want("private_key", ok)
	got.want("signed_request", ok)

	p.Mend = old
	got = p.examine()
	got.want("mend", problem, "does not exist yet")
	got.wantKind(doctor.ErrSettings)
	if kept, err := os.ReadFile(old); err != nil || string(kept) != mangled {
		t.Errorf("the old file was changed: %v", err)
	}
}

// fullDisk is a file that keeps nothing.
type fullDisk struct{ discarded bool }

var errFull = errors.New("no space left on device")

func (*fullDisk) Keep([]byte) error { return errFull }

func (f *fullDisk) Discard() error {
	f.discarded = true
	return nil
}

func TestMendSaysWhyThePrivateKeyIsNotWritten(t *testing.T) {
	p := newPatient(t)
	file := &fullDisk{}
	p.Mend, p.Create = "x", func(string) (doctor.File, error) { return file, nil }
	got := p.examine()
	got.want("mend", problem, "no space left on device", "another disk")
	got.wantKind(errFull)
	if !file.discarded {
		t.Error("the file was left behind")
	}
	p.env[wrapper.EnvPrivateKey] = "nonsense"
	p.examine().want("mend", unchecked, "could not be read")
}
