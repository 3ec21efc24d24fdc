//go:build linux

package wrapper_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"testing"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// BenchmarkSigning compares signing a request with the bare primitive on a text of the same
// length. x-bare is the ratio of the two in turn, as in [BenchmarkGetAPIKeys].
func BenchmarkSigning(b *testing.B) {
	for name, signer := range benchmarkKeys(b) {
		bare := func(context.Context) error { return signPrimitive(signer) }
		client := requestSigner(b, signer)
		b.Run("keys="+name+"/by=bare", func(b *testing.B) { benchmarkCall(b, bare) })
		b.Run("keys="+name+"/by=client", func(b *testing.B) { benchmarkCall(b, client) })
		b.Run("keys="+name+"/by=both", func(b *testing.B) { benchmarkInTurn(b, callsInTurn(name), bare, client) })
	}
}

func benchmarkKeys(b *testing.B) map[string]crypto.Signer {
	b.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	return map[string]crypto.Signer{"rsa": rsaKey, "ed25519": edKey}
}

func signPrimitive(signer crypto.Signer) error {
	text := []byte("1798761600000GET/trade-api/v2/api_keys")
	if _, isRSA := signer.(*rsa.PrivateKey); isRSA {
		digest := sha256.Sum256(text)
		_, err := signer.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: protocol.SaltLength, Hash: crypto.SHA256})
		return err
	}
	_, err := signer.Sign(rand.Reader, text, crypto.Hash(0))
	return err
}

func requestSigner(b *testing.B, signer crypto.Signer) func(context.Context) error {
	b.Helper()
	credentials, err := wrapper.NewSignerCredentials(ownKeyID, signer)
	if err != nil {
		b.Fatal(err)
	}
	edit := wrapper.SignRequest(credentials)
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, string(wrapper.Production)+"/api_keys", nil)
	if err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context) error { return edit(ctx, request) }
}
