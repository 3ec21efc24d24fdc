package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Where `make compare` installs what is not built here.
const (
	modules   = ".ci/compare/node_modules/"
	prismFile = modules + "@stoplight/prism-cli/dist/index.js"
	sdkFile   = ".ci/compare/sdk.mjs"
)

// programs are what was built for a run, in a directory of its own.
type programs struct {
	dir string
	// node is the Node.js that the SDK and Prism run on.
	node string
	// kalshiKeys is the command line, whose sandbox is measured and called.
	kalshiKeys string
	// caller is the load program of this library.
	caller string
	// boringCaller is the same built with BoringCrypto; empty without a C compiler.
	boringCaller string
}

// build builds the programs. Its caller removes them.
func build(ctx context.Context, node string) (*programs, error) {
	dir, err := os.MkdirTemp("", "kalshi-compare-")
	if err != nil {
		return nil, err
	}
	p := &programs{dir: dir, node: node, kalshiKeys: filepath.Join(dir, "kalshi-keys"), caller: filepath.Join(dir, "caller")}
	err = errors.Join(
		goBuild(ctx, p.kalshiKeys, "./wrapper/cmd/kalshi-keys"),
		goBuild(ctx, p.caller, "./.ci/compare/caller"),
		p.buildBoringCaller(ctx),
	)
	if err != nil {
		return nil, errors.Join(err, p.remove())
	}
	return p, nil
}

func (p *programs) buildBoringCaller(ctx context.Context) error {
	compiler, err := output(command(ctx, os.Environ(), "go", "env", "CC"))
	if err != nil {
		return err
	}
	if _, err := exec.LookPath(compiler); err != nil {
		fmt.Fprintf(os.Stderr, "BoringCrypto is left out: it needs a C compiler, and %v\n", err)
		return nil
	}
	p.boringCaller = filepath.Join(p.dir, "caller-boring")
	return goBuild(ctx, p.boringCaller, "./.ci/compare/caller", "GOEXPERIMENT=boringcrypto", "CGO_ENABLED=1")
}

func goBuild(ctx context.Context, program, source string, settings ...string) error {
	_, err := output(command(ctx, append(os.Environ(), settings...), "go", "build", "-o", program, source))
	return err
}

func (p *programs) remove() error { return os.RemoveAll(p.dir) }
