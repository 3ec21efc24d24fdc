// Command compare measures this library beside the official TypeScript SDK, and the sandbox
// beside Prism, a mock server that serves the same openapi.yaml. What is compared runs in turn,
// round after round, and each figure is set against that of the same round, so that a machine
// that is slow for a while is slow for all. It prints tables in Markdown, with the versions and
// the machine. A target that is missed is said to be, and is no failure.
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
	"os/signal"
	"syscall"
	"time"
)

func main() {
	os.Exit(mainCode())
}

func mainCode() int {
	rounds := flag.Int("rounds", 5, "how often to run each")
	node := flag.String("node", "node", "the Node.js that the SDK and Prism run on")
	atMost := flag.Duration("timeout", 10*time.Minute, "give up after this time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *atMost)
	defer cancel()

	if err := run(ctx, *node, *rounds); err != nil {
		if ended := context.Cause(ctx); ended != nil {
			err = fmt.Errorf("%w, while measuring: %w", ended, err)
		}
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, node string, rounds int) (err error) {
	if rounds < 1 {
		return errors.New("-rounds must be 1 or more")
	}
	about, err := describe(ctx, node, rounds)
	if err != nil {
		return err
	}
	p, err := build(ctx, node)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.remove()) }()
	clients, err := compareClients(ctx, p, rounds)
	if err != nil {
		return err
	}
	servers, err := compareServers(ctx, p, rounds)
	if err != nil {
		return err
	}
	fmt.Print(about, clients, servers)
	return nil
}
