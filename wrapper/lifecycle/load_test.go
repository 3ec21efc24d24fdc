package lifecycle_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

const (
	rotations = 50
	workers   = 4
)

// TestAClientUnderLoadSeesNoFailedRequestThroughFiftyRotations lets workers send requests
// without a pause, each with the credentials that are current by then. Time passes at the
// rotations' pace: a wait is over once every worker has got on by some requests.
func TestAClientUnderLoadSeesNoFailedRequestThroughFiftyRotations(t *testing.T) {
	// The clock ticks with every request, so between the signing of one and its arrival any time may
	// pass.
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{Behind: 48 * time.Hour, Ahead: 48 * time.Hour}))
	source := keystore.Source(keystore.New(w.engine), w.baseURL, keystore.WithClock(w.clock.Now))
	client, err := wrapper.NewClient(source, wrapper.WithBaseURL(w.baseURL), wrapper.WithClock(w.clock),
		patient(), wrapper.WithHTTPTransport(newCarrier(t)), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	load := newLoad(workers)
	for i := range workers {
		load.running.Go(func() {
			for ctx.Err() == nil {
				_, err := client.GetAPIKeys(t.Context())
				load.finished(i, err)
			}
		})
	}
	manager, err := lifecycle.New(w.store, w.baseURL, lifecycle.WithClock(pacedClock{w.clock, load}),
		lifecycle.WithClientOptions(patient(), wrapper.WithHTTPTransport(w.seam.transport(w.carrier))))
	if err != nil {
		t.Fatal(err)
	}
	for range rotations {
		if _, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	load.running.Wait()
	t.Logf("%d requests, %d failed, %d rotations", load.total(), len(load.failures), rotations)
	for _, failure := range load.failures {
		t.Error(failure)
	}
	if live := w.liveKeys(); len(live) != 1 || len(w.entries()) != rotations+1 {
		t.Errorf("live are %v, held %d", live, len(w.entries()))
	}
}

// load counts what the workers have finished.
type load struct {
	running  sync.WaitGroup
	mu       sync.Mutex
	progress *sync.Cond
	counts   []int
	failures []error
}

func newLoad(workers int) *load {
	l := &load{counts: make([]int, workers)}
	l.progress = sync.NewCond(&l.mu)
	return l
}

func (l *load) finished(worker int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[worker]++
	if err != nil {
		l.failures = append(l.failures, err)
	}
	l.progress.Broadcast()
}

// awaitRound waits until every worker has finished two more requests: the first may have begun
// before, the second has not.
func (l *load) awaitRound() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, before := range append([]int(nil), l.counts...) {
		for l.counts[i] < before+2 {
			l.progress.Wait()
		}
	}
}

func (l *load) total() int {
	sum := 0
	for _, count := range l.counts {
		sum += count
	}
	return sum
}

// pacedClock lets time pass at the pace of the load.
type pacedClock struct {
	*fakeClock

	load *load
}

func (c pacedClock) Wait(ctx context.Context, d time.Duration) error {
	if err := c.fakeClock.Wait(ctx, d); err != nil {
		return err
	}
	// Nothing here takes the time that the grace period is for, so the load sets its length. After
	// the first round, a look of the source that began before the switch has ended; after the
	// second, one that began since; after the third, the requests signed until then.
	for range 3 {
		c.load.awaitRound()
	}
	return nil
}
