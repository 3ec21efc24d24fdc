package wrapper_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/signature"
)

// BenchmarkSigning compares signing a request with the bare primitive on a text of the same
// length. The two take turns within one run, so noise of the machine meets both; x-primitive is
// the ratio of their times.
func BenchmarkSigning(b *testing.B) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	for name, signer := range map[string]crypto.Signer{"rsa": rsaKey, "ed25519": edKey} {
		b.Run(name+"/primitive", func(b *testing.B) { benchmarkPrimitive(b, signer) })
		b.Run(name+"/request", func(b *testing.B) { benchmarkRequest(b, signer) })
		b.Run(name+"/ratio", func(b *testing.B) { benchmarkRatio(b, signer) })
	}
}

func benchmarkPrimitive(b *testing.B, signer crypto.Signer) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		signPrimitive(b, signer)
	}
}

func benchmarkRequest(b *testing.B, signer crypto.Signer) {
	b.Helper()
	sign := newRequestSigner(b, signer)
	b.ReportAllocs()
	for b.Loop() {
		sign()
	}
}

func benchmarkRatio(b *testing.B, signer crypto.Signer) {
	b.Helper()
	sign := newRequestSigner(b, signer)
	var bare, request time.Duration
	for b.Loop() {
		started := time.Now()
		signPrimitive(b, signer)
		middle := time.Now()
		sign()
		bare += middle.Sub(started)
		request += time.Since(middle)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(request)/float64(bare), "x-primitive")
}

func signPrimitive(b *testing.B, signer crypto.Signer) {
	b.Helper()
	text := []byte("1798761600000GET/trade-api/v2/api_keys")
	var err error
	if _, isRSA := signer.(*rsa.PrivateKey); isRSA {
		digest := sha256.Sum256(text)
		_, err = signer.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: signature.SaltLength, Hash: crypto.SHA256})
	} else {
		_, err = signer.Sign(rand.Reader, text, crypto.Hash(0))
	}
	if err != nil {
		b.Fatal(err)
	}
}

func newRequestSigner(b *testing.B, signer crypto.Signer) func() {
	b.Helper()
	credentials, err := wrapper.NewSignerCredentials(ownKeyID, signer)
	if err != nil {
		b.Fatal(err)
	}
	edit := wrapper.SignRequest(credentials)
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, string(wrapper.Production)+"/api_keys", nil)
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		if err := edit(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
