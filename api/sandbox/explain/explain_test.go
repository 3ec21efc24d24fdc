package explain_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"rsa": rsaKey, "ed25519": ed25519Key(t)}
}

// ed25519Key returns a key whose signature of the request looks different in URL-safe base64. One in
// fifteen does not.
func ed25519Key(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	for {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		r := request()
		signed, err := protocol.Sign(key, r.Timestamp, r.Method, r.Path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(signed, "+/") {
			return key
		}
	}
}

// request has something of everything that can be signed by mistake.
func request() explain.Request {
	return explain.Request{
		KeyID: "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11", Timestamp: "1790856000000",
		Method: "DELETE", Host: "sandbox:80", Path: protocol.BasePath + "/api_keys/a%20b", Query: "a=b", Body: `{"a":1}`,
	}
}

func TestAMistakeThatIsMadeOnPurposeIsRefusedAndRecognised(t *testing.T) {
	made := map[string]bool{}
	for keyType, key := range keys(t) {
		for _, mistake := range explain.Mistakes() {
			r := request()
			sent, ok, err := mistake.Sign(key, r)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			made[mistake.Name] = true
			if protocol.Verify(key.Public(), r.Timestamp, r.Method, r.Path, sent) == nil {
				t.Errorf("%s: %s verifies", keyType, mistake.Name)
			}
			e := explain.Signature(r, key.Public(), sent)
			if len(e.Mistakes) != 1 || e.Mistakes[0] != mistake.Name || !strings.HasPrefix(e.Text, mistake.What) {
				t.Errorf("%s: %s is taken for %q: %s", keyType, mistake.Name, e.Mistakes, e)
			}
		}
	}
	if len(made) < 28 {
		t.Errorf("only %d mistakes were made: %v", len(made), made)
	}
}

func TestAMistakeThatARequestOrAKeyHasNoPlaceForIsNotMade(t *testing.T) {
	all := keys(t)
	plain := request()
	plain.Path, plain.Query = protocol.BasePath+"/api_keys", ""
	for name, key := range map[string]crypto.Signer{
		"signed_query": all["rsa"], "signed_decoded_path": all["rsa"], "pkcs1v15": all["ed25519"], "ed25519ph": all["rsa"],
		"other_key": all["rsa"], "clock": all["rsa"],
	} {
		if _, ok, err := named(t, name).Sign(key, plain); ok || err != nil {
			t.Errorf("%s was made: %v, %v", name, ok, err)
		}
	}
}

var errSigner = errors.New("the device is unplugged")

type brokenSigner struct{ crypto.Signer }

func (brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errSigner }

func TestWhatTheSignerReturnsIsInTheChain(t *testing.T) {
	_, _, err := named(t, "signed_query").Sign(brokenSigner{keys(t)["ed25519"]}, request())
	if !errors.Is(err, errSigner) || !strings.Contains(err.Error(), "signed_query") {
		t.Errorf("got %v, want the signer's error and the mistake", err)
	}
}

func TestEachMistakeIsOneLineOfASCIIAndHasItsOwnName(t *testing.T) {
	seen := map[string]bool{}
	for _, mistake := range explain.Mistakes() {
		if seen[mistake.Name] {
			t.Errorf("%s is there twice", mistake.Name)
		}
		seen[mistake.Name] = true
		text := mistake.What + mistake.Cure
		isOther := func(r rune) bool { return r < ' ' || r > '~' }
		if mistake.What == "" || mistake.Cure == "" || strings.ContainsFunc(text, isOther) || strings.Contains(text, "; and ") {
			t.Errorf("%s: %q, %q", mistake.Name, mistake.What, mistake.Cure)
		}
	}
}

func named(t *testing.T, name string) explain.Mistake {
	t.Helper()
	for _, mistake := range explain.Mistakes() {
		if mistake.Name == name {
			return mistake
		}
	}
	t.Fatalf("there is no mistake %s", name)
	return explain.Mistake{}
}

// The signatures were made by OpenSSL: testdata/mgf1/make.sh.
func TestAMaskWithAnotherHashIsRecognised(t *testing.T) {
	block, _ := pem.Decode(read(t, "public.pem"))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	r := explain.Request{Timestamp: "1790856000000", Method: "GET", Path: protocol.BasePath + "/api_keys"}
	for mask, name := range map[string]string{"sha1": "SHA-1", "sha384": "SHA-384", "sha512": "SHA-512"} {
		signed := string(read(t, mask+".txt"))
		if e := explain.Signature(r, public, signed); !slices.Equal(e.Mistakes, []string{"mgf1"}) || !strings.Contains(e.Text, "("+name+")") {
			t.Errorf("%s is taken for %s", mask, e)
		}
		if e := explain.Signature(r, public, strings.Repeat("A", 342)+"=="); !slices.Equal(e.Mistakes, []string{"unknown"}) {
			t.Errorf("a signature of zeros is taken for %s", e)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "mgf1", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
