package lifecycle_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox"
)

// carrier takes requests to the service and fails the test for whatever leaves the contract:
// requests always, responses unless a fault may have struck them.
type carrier struct {
	http.RoundTripper

	wire *http.Transport
	// faulty is set while a fault is.
	faulty atomic.Bool
}

func newCarrier(t *testing.T) *carrier {
	t.Helper()
	c := &carrier{wire: &http.Transport{MaxIdleConnsPerHost: workers}}
	t.Cleanup(c.wire.CloseIdleConnections)
	c.RoundTripper = contract.Transport(c.wire, contract.TB(t), contract.Allow(func(v contract.Violation) bool {
		return v.Direction == contract.Response && c.faulty.Load()
	}))
	return c
}

func (w *world) setFault(fault sandbox.Fault) error {
	w.carrier.faulty.Store(true)
	return w.box.SetFaults(fault)
}

func (w *world) clearFaults() {
	w.box.ClearFaults()
	w.carrier.faulty.Store(false)
}
