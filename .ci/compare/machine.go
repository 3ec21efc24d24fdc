package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// describe names the versions and the machine.
func describe(ctx context.Context, node string, rounds int) (string, error) {
	versions, err := describeVersions(ctx, node)
	if err != nil {
		return "", err
	}
	machine, err := describeMachine()
	return fmt.Sprintf("%s\n%s\nInterleaved rounds: %d. Ratios are within a round, against the first line of each table.\n",
		versions, machine, rounds), err
}

func describeVersions(ctx context.Context, node string) (string, error) {
	var names []string
	for _, pkg := range []string{"kalshi-typescript", "axios", "@stoplight/prism-cli"} {
		version, err := packageVersion(pkg)
		if err != nil {
			return "", err
		}
		names = append(names, pkg+" "+version)
	}
	nodeVersion, err := output(command(ctx, os.Environ(), node, "--version"))
	if err != nil {
		return "", err
	}
	wrk, err := wrkVersion(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Versions: this repository at %s, Go %s, Node.js %s, %s, wrk %s.", revision(ctx),
		strings.TrimPrefix(runtime.Version(), "go"), strings.TrimPrefix(nodeVersion, "v"), strings.Join(names, ", "), wrk), nil
}

func packageVersion(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(modules, name, "package.json"))
	if err != nil {
		return "", fmt.Errorf("%w; run make compare, which installs it", err)
	}
	var description struct {
		Version string `json:"version"`
	}
	err = json.Unmarshal(text, &description)
	return description.Version, err
}

// wrkVersion knows that wrk prints its version, and its usage, as a failure.
func wrkVersion(ctx context.Context) (string, error) {
	out, err := command(ctx, os.Environ(), "wrk", "--version").Output()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return "", err
	}
	version := strings.Fields(string(out))
	if len(version) < 2 {
		return "", errors.New("wrk does not tell its version")
	}
	return version[1], nil
}

// revision is the commit that is measured, as far as there is one.
func revision(ctx context.Context) string {
	out, err := output(command(ctx, os.Environ(), "git", "describe", "--always", "--dirty"))
	if err != nil {
		return "no known commit"
	}
	return strings.Replace(out, "-dirty", " with changes", 1)
}

func describeMachine() (string, error) {
	model, modelErr := procValue("/proc/cpuinfo", "model name")
	if modelErr != nil {
		model = runtime.GOARCH // some architectures have no such line
	}
	memory, err := procValue("/proc/meminfo", "MemTotal")
	if err != nil {
		return "", err
	}
	kibibytes, err := strconv.ParseFloat(strings.TrimSuffix(memory, " kB"), 64)
	if err != nil {
		return "", err
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "", err
	}
	release, _, _ := strings.Cut(strings.TrimSpace(string(kernel)), "-")
	return fmt.Sprintf("Machine: %s, %d cores, %.0f GiB of memory, Linux %s.", model, runtime.NumCPU(), kibibytes/(1<<20), release), nil
}
