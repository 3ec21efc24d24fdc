package chaos_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/fleet/age"
	"kalshi.internal/apikeys/wrapper/fleet/etcd"
	"kalshi.internal/apikeys/wrapper/fleet/postgres"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// roleVariable has this program rotate, as a machine of its own would.
const roleVariable = "CHAOS_ROTATOR"

func TestMain(m *testing.M) {
	text := os.Getenv(roleVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var r rotator
	err := json.Unmarshal([]byte(text), &r)
	if err == nil {
		err = r.run(context.Background())
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// engine is an engine on a server.
type engine interface {
	keystore.Publisher
	Init(ctx context.Context) error
	Close()
}

func openEngine(address string) (engine, error) {
	if strings.HasPrefix(address, "etcd:") {
		return etcd.Open(address)
	}
	return postgres.Open(address)
}

// rotator is a program that rotates the current key of a store.
type rotator struct {
	Store, BaseURL       string
	Recipients, Identity string
	Lease                keystore.Lease
	// Rotations is how many to make, and KeyID, if set, the one key that is to be replaced.
	Rotations int
	KeyID     string
	// StopAtWrite and StopAtRequest are where to stop as by SIGSTOP: right before that write to the store, or
	// right before that request goes out, signed. They count from 1.
	StopAtWrite, StopAtRequest int64
}

// rotated is what a rotator says of each rotation.
type rotated struct {
	Old, New   string
	Already    bool
	Error      string
	Unfinished bool
	LockLost   bool
	Took       time.Duration
	// Writes and Requests are how many there were so far.
	Writes, Requests int64
}

// stopping is what a rotator says before it stops.
const stopping = "stopping"

func (r *rotator) run(ctx context.Context) error {
	opened, err := openEngine(r.Store)
	if err != nil {
		return err
	}
	defer opened.Close()
	sealer, err := age.Load(r.Recipients, r.Identity)
	if err != nil {
		return err
	}
	stops := &stopper{Publisher: opened, RoundTripper: http.DefaultTransport, rotator: r}
	manager, err := lifecycle.New(keystore.New(stops, keystore.WithSealer(sealer), keystore.WithLease(r.Lease)), r.BaseURL,
		lifecycle.WithSettle(time.Second), lifecycle.WithClientOptions(wrapper.WithHTTPTransport(stops)))
	if err != nil {
		return err
	}
	for done := 0; done < r.Rotations; {
		begun := time.Now()
		result, err := manager.Rotate(ctx, lifecycle.RotateRequest{KeyID: r.KeyID, Grace: lifecycle.NoGrace})
		said := rotated{
			Old: result.Old.KeyID, New: result.New.KeyID, Already: result.Already, Took: time.Since(begun),
			Unfinished: errors.Is(err, lifecycle.ErrUnfinished), LockLost: errors.Is(err, keystore.ErrLockLost),
			Writes: stops.writes.Load(), Requests: stops.requests.Load(),
		}
		if err != nil {
			said.Error = err.Error()
		}
		if !result.Already || r.KeyID != "" {
			done++
		}
		line, err := json.Marshal(said)
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	return nil
}

// stopper stops the program at one of its writes or requests.
type stopper struct {
	keystore.Publisher
	http.RoundTripper

	rotator          *rotator
	writes, requests atomic.Int64
}

func (s *stopper) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	stopAt(s.writes.Add(1), s.rotator.StopAtWrite)
	return s.Publisher.Swap(ctx, data, ifVersion)
}

func (s *stopper) SwapAndPublish(ctx context.Context, data []byte, published map[string][]byte, ifVersion string) (string, error) {
	stopAt(s.writes.Add(1), s.rotator.StopAtWrite)
	return s.Publisher.SwapAndPublish(ctx, data, published, ifVersion)
}

func (s *stopper) RoundTrip(req *http.Request) (*http.Response, error) {
	stopAt(s.requests.Add(1), s.rotator.StopAtRequest)
	return s.RoundTripper.RoundTrip(req)
}

func stopAt(now, at int64) {
	if now == at {
		fmt.Println(stopping)
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	}
}
