//go:build linux

package wrapper_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// BenchmarkGetAPIKeys compares the client with net/http, as it comes: sign by hand, send,
// read, json.Unmarshal. The two take turns; cpu-ns/op is the time of the processors, of the
// calling process alone, and x-bare is its ratio.
func BenchmarkGetAPIKeys(b *testing.B) {
	base := "http://" + startListServer(b) + "/3"
	for name, signer := range benchmarkKeys(b) {
		bare := bareCall(b, base, signer)
		client := clientCall(b, base, signer)
		b.Run("keys="+name+"/by=bare", func(b *testing.B) { benchmarkCall(b, bare) })
		b.Run("keys="+name+"/by=client", func(b *testing.B) { benchmarkCall(b, client) })
		b.Run("keys="+name+"/by=both", func(b *testing.B) { benchmarkInTurn(b, callsInTurn(name), bare, client) })
	}
}

func benchmarkCall(b *testing.B, call func(context.Context) error) {
	b.Helper()
	b.ReportAllocs()
	started := cpuTime()
	for b.Loop() {
		if err := call(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuTime()-started)/float64(b.N), "cpu-ns/op")
}

// callsInTurn is how many calls one side makes before the other does: about what takes a
// millisecond or two, so that what a call leaves to be done after its return counts as its own,
// and a machine that changes its pace does so for both.
func callsInTurn(keys string) int {
	if keys == "rsa" {
		return 1
	}
	return 32
}

func benchmarkInTurn(b *testing.B, calls int, bare, client func(context.Context) error) {
	b.Helper()
	var bareTime, clientTime time.Duration
	for b.Loop() {
		bareTime += cpuTimeOf(b, calls, bare)
		clientTime += cpuTimeOf(b, calls, client)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(clientTime)/float64(bareTime), "x-bare")
}

func cpuTimeOf(b *testing.B, calls int, call func(context.Context) error) time.Duration {
	b.Helper()
	started := cpuTime()
	for range calls {
		if err := call(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return cpuTime() - started
}

func newBenchmarkClient(b *testing.B, base string, signer crypto.Signer, opts ...wrapper.Option) *wrapper.Client {
	b.Helper()
	credentials, err := wrapper.NewSignerCredentials(ownKeyID, signer)
	if err != nil {
		b.Fatal(err)
	}
	client, err := wrapper.NewClient(credentials, append([]wrapper.Option{wrapper.WithBaseURL(base)}, opts...)...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.CloseIdleConnections)
	return client
}

func clientCall(b *testing.B, base string, signer crypto.Signer) func(context.Context) error {
	b.Helper()
	client := newBenchmarkClient(b, base, signer)
	return func(ctx context.Context) error {
		_, err := client.GetAPIKeys(ctx)
		return err
	}
}

func bareCall(b *testing.B, base string, signer crypto.Signer) func(context.Context) error {
	b.Helper()
	client := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	b.Cleanup(client.CloseIdleConnections)
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api_keys", nil)
		if err != nil {
			return err
		}
		if err := signByHand(request, signer); err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %w", response.Status, err)
		}
		var list gen.GetAPIKeysResponse
		return json.Unmarshal(body, &list)
	}
}

func signByHand(request *http.Request, signer crypto.Signer) error {
	timestamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
	text := []byte(timestamp + request.Method + request.URL.Path)
	var raw []byte
	var err error
	if _, isRSA := signer.(*rsa.PrivateKey); isRSA {
		digest := sha256.Sum256(text)
		raw, err = signer.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256})
	} else {
		raw, err = signer.Sign(rand.Reader, text, crypto.Hash(0))
	}
	request.Header.Set("KALSHI-ACCESS-KEY", ownKeyID)
	request.Header.Set("KALSHI-ACCESS-SIGNATURE", base64.StdEncoding.EncodeToString(raw))
	request.Header.Set("KALSHI-ACCESS-TIMESTAMP", timestamp)
	return err
}
