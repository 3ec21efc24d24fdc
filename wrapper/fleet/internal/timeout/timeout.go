// Package timeout bounds requests to a server by what it needs: soon where it answers soon, so that one that has
// died costs little time, and later where the network is slow.
package timeout

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Our own choices: several tries fit into the time for which a store asks again.
const (
	first   = 2500 * time.Millisecond
	longest = 5 * time.Second
)

// Adaptive doubles its time after a request that took too long, and goes back after one that did not. The zero
// Adaptive is ready. It is safe for concurrent use.
type Adaptive struct{ now atomic.Int64 }

// Do runs request with an end. Its error is that of request.
func (a *Adaptive) Do(ctx context.Context, request func(context.Context) error) error {
	atMost := max(time.Duration(a.now.Load()), first)
	bounded, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	err := request(bounded)
	switch {
	case err == nil:
		a.now.CompareAndSwap(int64(atMost), int64(max(atMost/2, first)))
	case errors.Is(bounded.Err(), context.DeadlineExceeded) && ctx.Err() == nil:
		a.now.Store(int64(min(2*atMost, longest)))
	}
	return err
}
