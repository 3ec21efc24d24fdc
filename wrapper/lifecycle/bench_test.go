package lifecycle_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// BenchmarkRotate is a whole rotation without a grace period: against the sandbox, over loopback,
// with a store on the disk. Counted are its requests, and how often it writes. Making an RSA pair takes a hundred times
// longer than all the rest, so the sandbox hands out one that was made before.
func BenchmarkRotate(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, sandbox.RSABits)
	if err != nil {
		b.Fatal(err)
	}
	prepared := sandbox.WithRSAKeySource(func() (*rsa.PrivateKey, error) { return key, nil })
	for _, each := range []struct {
		name    string
		keyType sandbox.KeyType
		way     lifecycle.Way
	}{
		{"type=ed25519/way=generate", sandbox.Ed25519, lifecycle.Generate},
		{"type=ed25519/way=create", sandbox.Ed25519, lifecycle.Create},
		{"type=rsa/way=generate", sandbox.RSA, lifecycle.Generate},
	} {
		b.Run(each.name, func(b *testing.B) {
			var counted counters
			manager := counted.manager(b, each.keyType, prepared)
			request := lifecycle.RotateRequest{Way: each.way, Grace: lifecycle.NoGrace}
			counted.reset()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := manager.Rotate(b.Context(), request); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(counted.requests.Load())/float64(b.N), "requests/op")
			b.ReportMetric(float64(counted.writes.Load())/float64(b.N), "writes/op")
		})
	}
}

// counters count what a manager does.
type counters struct {
	requests, writes atomic.Int64
}

func (c *counters) reset() {
	c.requests.Store(0)
	c.writes.Store(0)
}

// countingEngine counts writes.
type countingEngine struct {
	keystore.Locker

	counted *counters
}

func (e countingEngine) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	e.counted.writes.Add(1)
	return e.Locker.Swap(ctx, data, ifVersion)
}

func (c *counters) transport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		c.requests.Add(1)
		return next.RoundTrip(req)
	})
}

// manager returns the manager of a store with one key.
func (c *counters) manager(b *testing.B, keyType sandbox.KeyType, option sandbox.Option) *lifecycle.Manager {
	b.Helper()
	box := sandbox.New(option)
	key, err := box.Bootstrap(sandbox.OfType(keyType))
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(box)
	b.Cleanup(server.Close)
	dir := b.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	directory, err := keystore.NewDirectory(dir)
	if err != nil {
		b.Fatal(err)
	}
	manager, err := lifecycle.New(keystore.New(countingEngine{directory, c}), server.URL+sandbox.BasePath,
		lifecycle.WithClientOptions(wrapper.WithHTTPTransport(c.transport(server.Client().Transport))))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := manager.Import(b.Context(), lifecycle.ImportRequest{KeyID: key.ID, PrivateKey: key.PrivateKey}); err != nil {
		b.Fatal(err)
	}
	return manager
}
