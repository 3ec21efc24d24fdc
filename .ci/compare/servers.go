package main

import (
	"context"
	"fmt"
	"strings"
)

// The measures of a server.
var (
	serverPerSecond = measure{fmt.Sprintf("requests, %d connections", callers), "/s"}
	serverStartUp   = measure{"start-up, to the first answer", "ms"}
	serverMemory    = measure{"resident memory after load", "MiB"}
	serverCPU       = measure{"CPU time of the server, each request", "µs"}
)

// compareServers compares servers of the same contract. Each is started for each run.
func compareServers(ctx context.Context, p *programs, rounds int) (string, error) {
	const checkedEd25519, checkedRSA = "sandbox, contract checks, Ed25519", "sandbox, contract checks, RSA"
	sandbox := func(name string, flags ...string) subject {
		launch, _ := p.launchSandbox(flags...)
		return subject{name, func(ctx context.Context) (map[measure]float64, error) { return measureServer(ctx, launch) }}
	}
	subjects := []subject{
		{"Prism, no signature checks", func(ctx context.Context) (map[measure]float64, error) {
			launch, err := p.launchPrism(ctx)
			if err != nil {
				return nil, err
			}
			return measureServer(ctx, launch)
		}},
		sandbox(checkedEd25519, "--control", "--type", "ed25519"),
		sandbox(checkedRSA, "--control", "--type", "rsa"),
		sandbox("sandbox, signature checks alone, Ed25519", "--type", "ed25519"),
	}
	all, err := interleave(ctx, rounds, subjects)
	if err != nil {
		return "", err
	}
	var targets []target
	for _, checked := range []string{checkedEd25519, checkedRSA} {
		targets = append(targets,
			target{subject: checked, of: serverPerSecond, least: 4},
			target{subject: checked, of: serverStartUp, most: 0.1},
			target{subject: checked, of: serverMemory, most: 0.1})
	}
	var text strings.Builder
	for _, of := range []measure{serverPerSecond, serverStartUp, serverMemory, serverCPU} {
		text.WriteString(table(of, subjects, all, targets))
	}
	return text.String(), nil
}

func measureServer(ctx context.Context, launch launch) (map[measure]float64, error) {
	s, err := launch.start(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	pid := s.cmd.Process.Pid
	if _, err := runWrk(ctx, s.endpoint, callers, warmUp); err != nil {
		return nil, err
	}
	before, err := cpuTime(pid)
	if err != nil {
		return nil, err
	}
	run, err := runWrk(ctx, s.endpoint, callers, duration)
	if err != nil {
		return nil, err
	}
	after, err := cpuTime(pid)
	if err != nil {
		return nil, err
	}
	memory, err := residentMiB(pid)
	return map[measure]float64{
		serverPerSecond: run.perSecond,
		serverStartUp:   s.startUp.Seconds() * 1e3,
		serverMemory:    memory,
		serverCPU:       (after - before).Seconds() * 1e6 / float64(run.requests),
	}, err
}
