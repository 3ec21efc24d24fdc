//go:build linux

package wrapper_test

import (
	"cmp"
	"context"
	"crypto"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

// BenchmarkCallers lets 1, 16 and 256 callers share a client. They take turns, so x-best, their
// throughput in relation to the best of the three, is from one run. conns-opened is how many
// connections 256 callers opened beyond their first turn, goroutines-left how many there are more
// than before, after the client's connections are closed.
func BenchmarkCallers(b *testing.B) {
	base := "http://" + startListServer(b) + "/3"
	callsPerTurn := map[string]int{"rsa": 512, "ed25519": 1280}
	for name, signer := range benchmarkKeys(b) {
		b.Run("keys="+name, func(b *testing.B) { benchmarkCallers(b, base, signer, callsPerTurn[name]) })
	}
}

// crowd is a number of callers with a client of their own.
type crowd struct {
	callers     int
	client      *wrapper.Client
	connections atomic.Int64
	took        time.Duration
}

func benchmarkCallers(b *testing.B, base string, signer crypto.Signer, callsPerTurn int) {
	b.Helper()
	before := runtime.NumGoroutine()
	crowds := []*crowd{{callers: 1}, {callers: 16}, {callers: 256}}
	for _, crowd := range crowds {
		crowd.client = newBenchmarkClient(b, base, signer, wrapper.WithHTTPTransport(crowd.transport()))
		crowd.call(b, callsPerTurn)
		crowd.connections.Store(0)
	}
	for b.Loop() {
		for _, crowd := range crowds {
			crowd.took += crowd.call(b, callsPerTurn)
		}
	}
	for _, crowd := range crowds {
		crowd.client.CloseIdleConnections()
		b.ReportMetric(float64(callsPerTurn*b.N)/crowd.took.Seconds(), fmt.Sprintf("calls/s-of-%d", crowd.callers))
	}
	many := crowds[len(crowds)-1]
	best := slices.MinFunc(crowds, func(a, b *crowd) int { return cmp.Compare(a.took, b.took) })
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(best.took)/float64(many.took), "x-best")
	b.ReportMetric(float64(many.connections.Load()), "conns-opened")
	b.ReportMetric(float64(settledGoroutines(before)-before), "goroutines-left")
}

// transport is the client's default one, but that it counts what it dials.
func (c *crowd) transport() http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 256, 256
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c.connections.Add(1)
		return dial(ctx, network, address)
	}
	return transport
}

func (c *crowd) call(b *testing.B, calls int) time.Duration {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(calls))
	var all sync.WaitGroup
	started := time.Now()
	for range c.callers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := c.client.GetAPIKeys(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(started)
}

// settledGoroutines returns how many goroutines there are once those that were told to end have
// done so; connections that are closed take a moment.
func settledGoroutines(want int) int {
	deadline := time.After(time.Second)
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for runtime.NumGoroutine() > want {
		select {
		case <-look.C:
		case <-deadline:
			return runtime.NumGoroutine()
		}
	}
	return runtime.NumGoroutine()
}
