package cli

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Network is how a test lets doctor reach hosts.
type Network struct {
	Transport  *http.Transport
	LookupHost func(ctx context.Context, host string) ([]string, error)
	Now        func() time.Time
}

// RunOn is [Run] on a network of the test's own.
func RunOn(ctx context.Context, world World, reach Network, args ...string) int {
	program := app{
		stdin: strings.NewReader(""), stdout: world.Stdout, stderr: world.Stderr,
		getenv:  func(name string) string { return world.Env[name] },
		reserve: reservePrivateFile,
		network: network{transport: reach.Transport, lookupHost: reach.LookupHost, now: reach.Now},
	}
	if world.KeyFile != nil {
		program.reserve = func(string) (keyFile, error) { return keyFileOf{world.KeyFile}, nil }
	}
	return program.run(ctx, args)
}

func Abbreviate(home, text string) string { return abbreviator(home)(text) }
