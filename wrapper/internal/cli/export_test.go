package cli

import (
	"context"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strings"

	"kalshi.internal/apikeys/api/sandbox"
)

// What tests need of this program beside Main.

func MainAndExit() { os.Exit(Main(Remote{})) }

// KeyFile is where a test lets generate put a private key.
type KeyFile = newFile

// World is what a run of the program finds around it.
type World struct {
	Stdout, Stderr io.Writer
	Env            map[string]string
	Getenv         func(name string) string // in place of Env
	Stdin          io.Reader
	Dir            string
	KeyFile        KeyFile
	Terminal       bool
	Remote         Remote
}

func Run(ctx context.Context, world World, args ...string) int {
	program := app{
		stdin: world.Stdin, stdout: world.Stdout, stderr: world.Stderr, dir: world.Dir,
		getenv:   func(name string) string { return world.Env[name] },
		terminal: world.Terminal,
		create:   createPrivate,
		remote:   world.Remote,
	}
	if world.Getenv != nil {
		program.getenv = world.Getenv
	}
	if world.Stdin == nil {
		program.stdin = strings.NewReader("")
	}
	if world.KeyFile != nil {
		program.create = func(string) (newFile, error) { return world.KeyFile, nil }
	}
	return program.run(ctx, args)
}

func RunDemo(ctx context.Context, w io.Writer, options ...sandbox.Option) error {
	return runDemo(ctx, w, options...)
}

func Printable(text string) string     { return printable(text) }
func PrintableJSON(line string) string { return printableJSON(line) }

func Origin(address net.Addr) string { return origin(address) }

func ShownStore(address string) string { return shownStore(address) }

func ExportLine(name, value string) string { return exportLine(name, value) }

func ProgramVersion(info *debug.BuildInfo) (version, revision string) { return programVersion(info) }
