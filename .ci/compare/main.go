// Command compare measures this library beside the official TypeScript SDK, and the sandbox
// beside Prism, a mock server that serves the same openapi.yaml. What is compared runs in turn,
// round after round, and each figure is set against that of the same round, so that a machine
// that is slow for a while is slow for all. It prints one table in Markdown. A target that is
// missed is named, and is not a failure.
//
// It runs on Linux, from the top of the repository, after `make compare` has installed what it
// needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == callerCommand {
		os.Exit(exitCode(runCaller(context.Background(), os.Args[2:])))
	}
	rounds := flag.Int("rounds", 5, "how often to run each, 1 or more")
	node := flag.String("node", "node", "the Node.js that the SDK and Prism run on")
	atMost := flag.Duration("timeout", 10*time.Minute, "give up after this time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *atMost)
	defer cancel()
	os.Exit(exitCode(run(ctx, *node, max(1, *rounds))))
}

func exitCode(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

// subject is one of the things that are compared: a server, and what calls it.
type subject struct {
	what   string // is measured: client or server
	name   string
	server server
	load   load
	target target
}

// target is what the ratios of a subject are to be: those of speed at least, those of start-up
// and memory at most. Zero is no target.
type target struct{ speed, rest float64 }

// figures are what one run of a subject found.
type figures struct {
	perSecond float64
	startUp   float64 // of the server, to its first answer, in milliseconds
	memory    float64 // of the server, resident after the load, in MiB
}

func run(ctx context.Context, node string, rounds int) error {
	dir, err := os.MkdirTemp("", "kalshi-compare-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "kalshi-keys")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./wrapper/cmd/kalshi-keys").CombinedOutput(); err != nil { //nolint:gosec // A directory of this run.
		return fmt.Errorf("building the program: %w: %s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	box := func(flags ...string) server { return sandboxServer(program, dir, flags...) }
	subjects := []subject{
		{what: "client", name: "TypeScript SDK, RSA", server: box("--type", "rsa"), load: client(node, ".ci/compare/sdk.mjs")},
		{what: "client", name: "this library, RSA", server: box("--type", "rsa"), load: client(self, callerCommand), target: target{speed: 2}},
		{what: "client", name: "this library, Ed25519", server: box("--type", "ed25519"), load: client(self, callerCommand), target: target{speed: 10}},
		{what: "server", name: "Prism, no signature checks", server: prismServer(node), load: wrk},
		{what: "server", name: "sandbox, RSA", server: box("--control", "--type", "rsa"), load: wrk, target: target{4, 0.1}},
		{what: "server", name: "sandbox, Ed25519", server: box("--control", "--type", "ed25519"), load: wrk, target: target{4, 0.1}},
	}
	all, err := interleave(ctx, rounds, subjects)
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	version, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return err
	}
	fmt.Printf("%s, Node.js %s; package-lock.json has the versions of the SDK and Prism. %d cores.\n", runtime.Version(), strings.TrimSpace(string(version)), runtime.NumCPU())
	fmt.Printf("Rounds: %d, interleaved. Figures are medians. Ratios are within a round, to the first client or server.\n\n", rounds)
	fmt.Print(table(subjects, all))
	return nil
}

// interleave runs all subjects in each round, each round beginning with another one. It returns
// their figures, round by round.
func interleave(ctx context.Context, rounds int, subjects []subject) ([][]figures, error) {
	all := make([][]figures, len(subjects))
	for round := range rounds {
		for i := range subjects {
			at := (round + i) % len(subjects)
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, rounds, subjects[at].name)
			found, err := subjects[at].measure(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", subjects[at].name, err)
			}
			all[at] = append(all[at], found)
		}
	}
	return all, nil
}

// table writes the figures in Markdown.
func table(subjects []subject, all [][]figures) string {
	var text strings.Builder
	text.WriteString("| | per second | ratio: least | median | most | target | start-up, ms | ratio | memory, MiB | ratio | target |\n")
	text.WriteString("|---|---:|---:|---:|---:|---|---:|---:|---:|---:|---|\n")
	for i, s := range subjects {
		speed := func(f figures) float64 { return f.perSecond }
		startUp := func(f figures) float64 { return f.startUp }
		memory := func(f figures) float64 { return f.memory }
		first := all[slices.IndexFunc(subjects, func(other subject) bool { return other.what == s.what })]
		faster, sooner, smaller := ratios(all[i], first, speed), ratios(all[i], first, startUp), ratios(all[i], first, memory)
		fmt.Fprintf(&text, "| %s: %s | %.0f | %.3g | %.3g | %.3g | %s |", s.what, s.name,
			median(each(all[i], speed)), slices.Min(faster), median(faster), slices.Max(faster),
			verdict(s.target.speed, "at least", median(faster) >= s.target.speed))
		if s.what == "client" {
			text.WriteString(" | | | | |\n")
			continue
		}
		fmt.Fprintf(&text, " %.0f | %.3g | %.0f | %.3g | %s |\n",
			median(each(all[i], startUp)), median(sooner), median(each(all[i], memory)), median(smaller),
			verdict(s.target.rest, "at most", max(median(sooner), median(smaller)) <= s.target.rest))
	}
	return text.String()
}

func verdict(aim float64, word string, met bool) string {
	switch {
	case aim == 0:
		return ""
	case met:
		return fmt.Sprintf("%s %g: met", word, aim)
	default:
		return fmt.Sprintf("%s %g: missed", word, aim)
	}
}

func each(found []figures, of func(figures) float64) []float64 {
	out := make([]float64, len(found))
	for round := range found {
		out[round] = of(found[round])
	}
	return out
}

// ratios returns each figure against that of the same round of another subject.
func ratios(found, against []figures, of func(figures) float64) []float64 {
	out := each(found, of)
	for round := range out {
		out[round] /= of(against[round])
	}
	return out
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
