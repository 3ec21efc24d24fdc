package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

const (
	// callers is how many calls, and how many connections, are under way at a time.
	callers = 16
	// warmUp is for what compilers, caches and connections need to be as they stay.
	warmUp = 2 * time.Second
	// duration is how long is measured.
	duration = 3 * time.Second
	// callerCommand makes this program the load program of this library.
	callerCommand = "caller"
)

// load calls a server, and returns how many calls a second were answered. Every answer must be
// good.
type load func(ctx context.Context, at endpoint) (perSecond float64, err error)

// result is what a load program prints.
type result struct {
	Calls   int64   `json:"calls"`
	Seconds float64 `json:"seconds"`
}

// client is the load of a client: a program that is told by flags how to call.
func client(program ...string) load {
	return func(ctx context.Context, at endpoint) (float64, error) {
		args := append(program[1:], "--callers", strconv.Itoa(callers),
			"--warm-up", strconv.FormatInt(warmUp.Milliseconds(), 10), "--duration", strconv.FormatInt(duration.Milliseconds(), 10))
		out, err := output(command(ctx, at.environment, program[0], args...))
		if err != nil {
			return 0, err
		}
		var run result
		if err := json.Unmarshal(out, &run); err != nil || run.Calls == 0 {
			return 0, fmt.Errorf("it printed %q: %w", out, err)
		}
		return float64(run.Calls) / run.Seconds, nil
	}
}

// wrk is the load of a server: the tool of that name.
func wrk(ctx context.Context, at endpoint) (perSecond float64, err error) {
	for _, long := range []time.Duration{warmUp, duration} {
		request, err := at.request(ctx)
		if err != nil {
			return 0, err
		}
		args := []string{"-t1", fmt.Sprintf("-c%d", callers), fmt.Sprintf("-d%.0fs", long.Seconds())}
		for name := range request.Header {
			args = append(args, "-H", name+": "+request.Header.Get(name))
		}
		out, err := output(command(ctx, nil, "wrk", append(args, at.url)...))
		if err != nil {
			return 0, err
		}
		if perSecond, err = parseWrk(string(out)); err != nil {
			return 0, err
		}
	}
	return perSecond, nil
}

func parseWrk(out string) (float64, error) {
	bad := regexp.MustCompile(`(?m)^ *(Non-2xx or 3xx responses|Socket errors): .*$`).FindString(out)
	if bad != "" {
		return 0, fmt.Errorf("wrk: not every answer was good: %s", bad)
	}
	_, after, _ := strings.Cut(out, "Requests/sec:")
	var perSecond float64
	if _, err := fmt.Sscan(after, &perSecond); err != nil || perSecond == 0 {
		return 0, fmt.Errorf("wrk: no request was answered:\n%s", out)
	}
	return perSecond, nil
}

// output runs a program. The error holds what it said to standard error.
func output(cmd *exec.Cmd) ([]byte, error) {
	out, err := cmd.Output()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		err = fmt.Errorf("%s: %w\n%s", cmd.Path, err, exit.Stderr)
	}
	return out, err
}

// runCaller calls GetAPIKeys from a number of callers on one client, and prints a result. It is
// what sdk.mjs is for the official TypeScript SDK, and is given the same flags and environment.
func runCaller(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(callerCommand, flag.ContinueOnError)
	callers := flags.Int("callers", 1, "how many calls to have under way at a time")
	warmUp := flags.Int("warm-up", 0, "for how many milliseconds to call before measuring")
	duration := flags.Int("duration", 1000, "for how many milliseconds to measure")
	if err := flags.Parse(args); err != nil {
		return err
	}
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
	ctx, stop := context.WithCancelCause(ctx)
	var calls atomic.Int64
	var running sync.WaitGroup
	for range *callers {
		running.Go(func() {
			for ctx.Err() == nil {
				keys, err := client.GetAPIKeys(ctx)
				if err == nil && (len(keys.APIKeys) == 0 || keys.APIKeys[0].APIKeyID != credentials.KeyID()) {
					err = errors.New("the answer does not list the key that signed")
				}
				if err != nil {
					stop(err) // no effect once everything was measured
				}
				calls.Add(1)
			}
		})
	}
	pause(ctx, time.Duration(*warmUp)*time.Millisecond)
	began, before := time.Now(), calls.Load()
	pause(ctx, time.Duration(*duration)*time.Millisecond)
	measured := result{calls.Load() - before, time.Since(began).Seconds()}
	stop(errMeasured)
	running.Wait()
	if err := context.Cause(ctx); !errors.Is(err, errMeasured) {
		return fmt.Errorf("a call failed: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(measured)
}

// errMeasured ends the callers when everything was measured.
var errMeasured = errors.New("measured")

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
