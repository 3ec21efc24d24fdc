package sandbox_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// The sandbox's clock stands still in these benchmarks, so that a request can be signed once and
// sent for ever: signing costs more than all that is measured here. The names are key=value
// pairs, for benchstat.

// BenchmarkSandbox lists an account's two keys. Every signature is verified. With
// checks=contract each request and each answer is held against the contract as well, by the
// sandbox ([sandbox.WithContractCheck]) and, over loopback, by the client too ([contract.Transport]).
// With over=handler there is no network and no client in it, with over=loopback there are 8
// kept-alive connections for each processor.
func BenchmarkSandbox(b *testing.B) {
	for _, checks := range []string{"signature", "contract"} {
		for _, keyType := range []sandbox.KeyType{sandbox.RSA, sandbox.Ed25519} {
			name := fmt.Sprintf("checks=%s/key=%s", checks, keyType)
			b.Run("over=handler/"+name, func(b *testing.B) {
				newMeasured(b, checks == "contract", keyType, 2).benchmarkHandler(b)
			})
			b.Run("over=loopback/"+name, func(b *testing.B) {
				newMeasured(b, checks == "contract", keyType, 2).benchmarkLoopback(b)
			})
		}
	}
}

// BenchmarkSandboxStart is New, Bootstrap with a new pair, and the first answer. How long a
// process takes to start, this does not show, nor that it reads the contract once.
func BenchmarkSandboxStart(b *testing.B) {
	for _, keyType := range []sandbox.KeyType{sandbox.RSA, sandbox.Ed25519} {
		b.Run(fmt.Sprintf("key=%s", keyType), func(b *testing.B) {
			clock := newClock()
			for b.Loop() {
				m := measured{box: sandbox.New(sandbox.WithClock(clock.Now), sandbox.WithContractCheck())}
				as := m.bootstrap(b, keyType)
				b.StopTimer()
				m.request = signedRequest(b, clock, as)
				b.StartTimer()
				m.serve(b)
			}
		})
	}
}

// BenchmarkSandboxMemory reports the heap that a sandbox keeps alive (heap-B): with one key and
// with 1,000, and with as many exchanges as it shows at most.
func BenchmarkSandboxMemory(b *testing.B) {
	for _, holds := range []struct{ keys, exchanges int }{{1, 0}, {1000, 0}, {1, 256}} {
		b.Run(fmt.Sprintf("keys=%d/exchanges=%d", holds.keys, holds.exchanges), func(b *testing.B) {
			newMeasured(b, true, sandbox.Ed25519, 1).serve(b) // reads the contract
			var kept uint64
			for b.Loop() {
				before := liveHeap()
				m := newMeasured(b, true, sandbox.Ed25519, holds.keys)
				for range holds.exchanges {
					m.serve(b)
				}
				kept += liveHeap() - before
				runtime.KeepAlive(m)
			}
			b.ReportMetric(float64(kept)/float64(b.N), "heap-B")
		})
	}
}

// measured is a sandbox with a request that the first of its keys has signed.
type measured struct {
	box     *sandbox.Sandbox
	checked bool
	request *http.Request
}

func newMeasured(b *testing.B, checked bool, keyType sandbox.KeyType, keys int) measured {
	b.Helper()
	clock := newClock()
	opts := []sandbox.Option{sandbox.WithClock(clock.Now), sandbox.WithRSAKeySource(sharedRSAKey)}
	if checked {
		opts = append(opts, sandbox.WithContractCheck())
	}
	m := measured{box: sandbox.New(opts...), checked: checked}
	m.request = signedRequest(b, clock, m.bootstrap(b, keyType))
	for range keys - 1 {
		m.bootstrap(b, keyType)
	}
	return m
}

func (m measured) bootstrap(b *testing.B, keyType sandbox.KeyType) signer {
	b.Helper()
	key, err := m.box.Bootstrap(sandbox.OfType(keyType))
	if err != nil {
		b.Fatal(err)
	}
	return signer{key.ID, parsePrivateKey(b, key.PrivateKey.RevealPrivateKey())}
}

func signedRequest(b *testing.B, clock *clock, as signer) *http.Request {
	b.Helper()
	request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, keysPath, nil)
	sign(b, request, as, protocol.Timestamp(clock.Now()))
	return request
}

// serve answers the request and throws the answer away.
func (m measured) serve(b *testing.B) {
	answer := &discarded{header: http.Header{}}
	m.box.ServeHTTP(answer, m.request)
	if answer.status != http.StatusOK {
		b.Fatalf("answered %d", answer.status)
	}
}

type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header { return d.header }

func (d *discarded) WriteHeader(status int) { d.status = status }

func (d *discarded) Write(part []byte) (int, error) { return len(part), nil }

func (m measured) benchmarkHandler(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		m.serve(b)
	}
	reportRequests(b)
}

func (m measured) benchmarkLoopback(b *testing.B) {
	const callers = 8 // for each processor
	server := httptest.NewServer(m.box)
	defer server.Close()
	connections := &http.Transport{MaxIdleConnsPerHost: callers * runtime.GOMAXPROCS(0)}
	defer connections.CloseIdleConnections()
	var client http.RoundTripper = connections
	var found contract.Collector
	if m.checked {
		client = contract.Transport(connections, &found)
	}
	b.SetParallelism(callers)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		request := m.request.Clone(b.Context())
		request.RequestURI, request.URL.Scheme, request.URL.Host = "", "http", server.Listener.Addr().String()
		for pb.Next() {
			if status, err := roundTrip(client, request); err != nil || status != http.StatusOK {
				b.Errorf("answered %d, %v", status, err)
				return
			}
		}
	})
	reportRequests(b)
	if violations := found.Violations(); len(violations) > 0 {
		b.Errorf("%d violations, the first: %s", len(violations), violations[0])
	}
}

func roundTrip(client http.RoundTripper, request *http.Request) (status int, err error) {
	answer, err := client.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}

func reportRequests(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// liveHeap returns the bytes that are reachable.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // what the first one finalized
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
