package protocol_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// signaturesTo is set by testdata/make-vectors.sh, which lets OpenSSL verify what it finds there.
var signaturesTo = flag.String("signatures-to", "", "directory to write our signatures to")

// vector is a signature that another implementation made; testdata/make-vectors.sh makes them.
type vector struct {
	MadeBy    string `json:"made_by"`
	Command   string `json:"command"`
	Key       string `json:"key"`
	Timestamp string `json:"timestamp"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Signature string `json:"signature"`
	Why       string `json:"why"`
}

func (v vector) name() string {
	return v.MadeBy + " " + v.Key + " " + v.Method + " " + strings.ReplaceAll(v.Path, "/", "|") + v.Why
}

var vectorFiles = []string{"openssl.json", "typescript.json"}

func TestSignaturesOfOtherImplementationsVerify(t *testing.T) {
	for _, file := range vectorFiles {
		for _, v := range readVectors(t, file) {
			t.Run(v.name(), func(t *testing.T) {
				public := readKey(t, v.Key).Public()
				if err := protocol.Verify(public, v.Timestamp, v.Method, v.Path, v.Signature); err != nil {
					t.Errorf("%s: %v", v.Command, err)
				}
			})
		}
	}
}

func TestEveryPartOfTheTextIsSigned(t *testing.T) {
	for _, file := range vectorFiles {
		for _, v := range readVectors(t, file) {
			public := readKey(t, v.Key).Public()
			for part, changed := range map[string]vector{
				"the timestamp":  {Timestamp: v.Timestamp + "0", Method: v.Method, Path: v.Path},
				"the method":     {Timestamp: v.Timestamp, Method: "PUT", Path: v.Path},
				"the path":       {Timestamp: v.Timestamp, Method: v.Method, Path: v.Path + "/"},
				"a query on it":  {Timestamp: v.Timestamp, Method: v.Method, Path: v.Path + "?limit=1"},
				"an escape's %2": {Timestamp: v.Timestamp, Method: v.Method, Path: strings.Replace(v.Path+"%", "%", "%25", 1)},
			} {
				err := protocol.Verify(public, changed.Timestamp, changed.Method, changed.Path, v.Signature)
				if !says(err, "does not match key and text") {
					t.Errorf("%s with %s changed: got %v, want: does not match key and text", v.name(), part, err)
				}
			}
		}
	}
}

func TestEd25519SignaturesAreTheSameBytesAsOpenSSLs(t *testing.T) {
	count := 0
	for _, v := range readVectors(t, "openssl.json") {
		if v.Key != "ed25519.pem" {
			continue
		}
		count++
		got, err := protocol.Sign(readKey(t, v.Key), v.Timestamp, v.Method, v.Path)
		if err != nil {
			t.Fatal(err)
		}
		if got != v.Signature {
			t.Errorf("%s: got %s, want %s", v.name(), got, v.Signature)
		}
	}
	if count < 3 {
		t.Errorf("there are %d Ed25519 vectors, want at least 3", count)
	}
}

func TestSignaturesThatAreAlmostRightAreRefused(t *testing.T) {
	vectors := readVectors(t, "refused.json")
	for _, v := range vectors {
		t.Run(v.Why, func(t *testing.T) {
			public := readKey(t, v.Key).Public()
			err := protocol.Verify(public, v.Timestamp, v.Method, v.Path, v.Signature)
			if !says(err, "does not match key and text") {
				t.Errorf("%s: got %v, want: does not match key and text", v.Command, err)
			}
		})
	}
	if len(vectors) < 4 {
		t.Errorf("there are %d refused vectors, want at least 4", len(vectors))
	}
}

// TestOurSignaturesForOpenSSL verifies our own signatures and, when make-vectors.sh asks for it,
// leaves them where OpenSSL can verify them too.
func TestOurSignaturesForOpenSSL(t *testing.T) {
	for _, name := range []string{"rsa", "ed25519"} {
		key := readKey(t, name+".pem")
		const timestamp, method, path = "1703123456789", "DELETE", "/trade-api/v2/a%2Fb"
		signed, err := protocol.Sign(key, timestamp, method, path)
		if err != nil {
			t.Fatal(err)
		}
		if err := protocol.Verify(key.Public(), timestamp, method, path, signed); err != nil {
			t.Error(err)
		}
		if *signaturesTo == "" {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(signed)
		if err != nil {
			t.Fatal(err)
		}
		mustWrite(t, filepath.Join(*signaturesTo, name+".sig"), raw)
		mustWrite(t, filepath.Join(*signaturesTo, name+".text"), []byte(protocol.Text(timestamp, method, path)))
	}
}

func readVectors(tb testing.TB, file string) []vector {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		tb.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		tb.Fatal(err)
	}
	if len(vectors) == 0 {
		tb.Fatalf("%s holds no vectors", file)
	}
	return vectors
}

func readKey(tb testing.TB, file string) crypto.Signer {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		tb.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		tb.Fatalf("%s is no PEM", file)
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	signer, ok := key.(ed25519.PrivateKey)
	if !ok {
		tb.Fatalf("%s holds a %T", file, key)
	}
	return signer
}

func mustWrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
