package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// callers is how many calls, and how many connections, are under way at a time.
	callers = 16
	// warmUp is for what compilers, caches and connections need to be as they stay.
	warmUp = 2 * time.Second
	// duration is how long is measured.
	duration = 3 * time.Second
)

// client is one of the clients that are compared.
type client struct {
	name string
	// command is the load program, which prints a clientRun.
	command []string
	// processes is how many of it run at a time and share the callers.
	processes int
	boring    bool
	against   envFile
}

// clientRun is what one process of a load program found.
type clientRun struct {
	Calls        int64   `json:"calls"`
	Seconds      float64 `json:"seconds"`
	CPUSeconds   float64 `json:"cpu_seconds"`
	BoringCrypto bool    `json:"boringcrypto"`
}

// compareClients compares clients of the same two sandbox processes, one for each type of key.
func compareClients(ctx context.Context, p *programs, rounds int) (string, error) {
	launchRSA, rsa := p.launchSandbox("--type", "rsa")
	launchEd25519, ed25519 := p.launchSandbox("--type", "ed25519")
	for _, launch := range []launch{launchRSA, launchEd25519} {
		box, err := launch.start(ctx)
		if err != nil {
			return "", err
		}
		defer box.close()
	}
	sdk := []string{p.node, sdkFile}
	clients := []client{
		{name: "TypeScript SDK, RSA, one process", command: sdk, processes: 1, against: rsa},
		{name: "TypeScript SDK, RSA, two processes", command: sdk, processes: 2, against: rsa},
		{name: "TypeScript SDK, RSA, given a parsed key against its types", command: append(sdk, "--parsed-key"), processes: 1, against: rsa},
		{name: "this library, RSA", command: []string{p.caller}, processes: 1, against: rsa},
		{name: "this library, RSA, `GOEXPERIMENT=boringcrypto`", command: []string{p.boringCaller}, processes: 1, boring: true, against: rsa},
		{name: "this library, Ed25519", command: []string{p.caller}, processes: 1, against: ed25519},
	}
	perSecond := measure{fmt.Sprintf("calls of `GetAPIKeys`, %d callers", callers), "/s"}
	cpu := measure{"CPU time of the client, each call", "ms"}
	var subjects []subject
	for _, c := range clients {
		if c.command[0] == "" {
			continue // no C compiler
		}
		subjects = append(subjects, subject{c.name, func(ctx context.Context) (map[measure]float64, error) {
			rate, cpuSeconds, err := c.measure(ctx)
			return map[measure]float64{perSecond: rate, cpu: cpuSeconds * 1e3}, err
		}})
	}
	all, err := interleave(ctx, rounds, subjects)
	if err != nil {
		return "", err
	}
	targets := []target{
		{subject: "this library, RSA", of: perSecond, least: 2},
		{subject: "this library, Ed25519", of: perSecond, least: 10},
	}
	return table(perSecond, subjects, all, targets) + table(cpu, subjects, all, targets), nil
}

// measure returns the calls per second of all processes, and the CPU time in seconds of a call.
func (c client) measure(ctx context.Context) (perSecond, cpuSeconds float64, err error) {
	environment, err := c.against.read()
	if err != nil {
		return 0, 0, err
	}
	runs, errs := make([]clientRun, c.processes), make([]error, c.processes)
	var running sync.WaitGroup
	for i := range c.processes {
		running.Go(func() { runs[i], errs[i] = c.runProcess(ctx, environment) })
	}
	running.Wait()
	var calls int64
	for _, run := range runs {
		perSecond += float64(run.Calls) / run.Seconds
		cpuSeconds += run.CPUSeconds
		calls += run.Calls
	}
	return perSecond, cpuSeconds / float64(calls), errors.Join(errs...)
}

func (c client) runProcess(ctx context.Context, environment []string) (clientRun, error) {
	args := slices.Concat(c.command[1:], []string{
		"--callers", strconv.Itoa(callers / c.processes),
		"--warm-up", strconv.FormatInt(warmUp.Milliseconds(), 10),
		"--duration", strconv.FormatInt(duration.Milliseconds(), 10),
	})
	var run clientRun
	out, err := output(command(ctx, measuredEnvironment(environment...), c.command[0], args...))
	if err != nil {
		return run, err
	}
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&run); err != nil {
		return run, fmt.Errorf("it printed %q: %w", out, err)
	}
	if run.Calls == 0 {
		return run, errors.New("no call was answered")
	}
	if run.BoringCrypto != c.boring {
		return run, fmt.Errorf("signed with BoringCrypto: %t, meant to: %t", run.BoringCrypto, c.boring)
	}
	return run, nil
}
