// Command caller calls GetAPIKeys from a number of concurrent callers on one client, and prints
// what the calls of the measured time cost as one JSON value. It is what sdk.mjs is for the
// official TypeScript SDK, and is given the same flags and environment.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "a call failed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	callers := flag.Int("callers", 1, "how many calls to have under way at a time")
	warmUp := flag.Int("warm-up", 0, "for how many milliseconds to call before measuring")
	duration := flag.Int("duration", 1000, "for how many milliseconds to measure")
	flag.Parse()
	credentials, err := wrapper.CredentialsFromEnv()
	if err != nil {
		return err
	}
	// A single attempt: no call that failed is to be counted as a slow one.
	client, err := wrapper.NewClient(credentials,
		wrapper.WithBaseURL(os.Getenv("KALSHI_BASE_URL")), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1}))
	if err != nil {
		return err
	}
	load := &load{client: client, keyID: credentials.KeyID()}
	measured, err := load.run(ctx, *callers, milliseconds(*warmUp), milliseconds(*duration))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(measured)
}

func milliseconds(count int) time.Duration { return time.Duration(count) * time.Millisecond }

// result is what is printed.
type result struct {
	// Calls is how many calls succeeded.
	Calls int64 `json:"calls"`
	// Seconds is how long was measured.
	Seconds float64 `json:"seconds"`
	// CPUSeconds is what this process used in that time, in user and system mode.
	CPUSeconds float64 `json:"cpu_seconds"`
	// BoringCrypto is whether BoringCrypto signed.
	BoringCrypto bool `json:"boringcrypto"`
}

// load is the calls that are made.
type load struct {
	client *wrapper.Client
	keyID  string
	calls  atomic.Int64
}

func (l *load) run(ctx context.Context, callers int, warmUp, duration time.Duration) (result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	for range callers {
		running.Go(func() { l.callUntilStopped(ctx, stop) })
	}
	pause(ctx, warmUp)
	from := l.mark()
	pause(ctx, duration)
	to := l.mark()
	stop(errDone)
	running.Wait()
	if err := context.Cause(ctx); !errors.Is(err, errDone) {
		return result{}, err
	}
	return result{
		Calls:        to.calls - from.calls,
		Seconds:      to.at.Sub(from.at).Seconds(),
		CPUSeconds:   (to.cpu - from.cpu).Seconds(),
		BoringCrypto: boringCrypto(),
	}, nil
}

// errDone ends the callers when everything was measured.
var errDone = errors.New("measured")

func (l *load) callUntilStopped(ctx context.Context, stop context.CancelCauseFunc) {
	for {
		keys, err := l.client.GetAPIKeys(ctx)
		if err == nil && (len(keys.APIKeys) == 0 || keys.APIKeys[0].APIKeyID != l.keyID) {
			err = errors.New("the answer does not list the key that signed")
		}
		if err != nil {
			stop(err) // no effect on a context that has ended, as it has when everything was measured
			return
		}
		l.calls.Add(1)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// moment is what had been done by a moment.
type moment struct {
	at    time.Time
	calls int64
	cpu   time.Duration
}

func (l *load) mark() moment {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage) // fails only for arguments that are wrong
	return moment{
		at:    time.Now(),
		calls: l.calls.Load(),
		cpu:   time.Duration(usage.Utime.Nano() + usage.Stime.Nano()),
	}
}
