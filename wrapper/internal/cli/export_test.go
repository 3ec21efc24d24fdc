package cli

import (
	"context"
	"io"
	"io/fs"
	"net"
	"os"
	"runtime/debug"
	"strings"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/secret"
)

// What tests need of this program beside Main.

func MainAndExit() { os.Exit(Main()) }

// KeyFile is where a test lets generate put a private key.
type KeyFile interface {
	Keep(private secret.PEM) error
	Discard() error
}

type keyFileOf struct{ KeyFile }

func (f keyFileOf) keep(private secret.PEM) error { return f.Keep(private) }
func (f keyFileOf) discard() error                { return f.Discard() }

// World is what a run of the program finds around it.
type World struct {
	Stdout, Stderr io.Writer
	Env            map[string]string
	KeyFile        KeyFile
	Terminal       bool
}

func Run(ctx context.Context, world World, args ...string) int {
	program := app{
		stdin: strings.NewReader(""), stdout: world.Stdout, stderr: world.Stderr,
		getenv:   func(name string) string { return world.Env[name] },
		terminal: world.Terminal,
		reserve:  reservePrivateFile,
	}
	if world.KeyFile != nil {
		program.reserve = func(string) (keyFile, error) { return keyFileOf{world.KeyFile}, nil }
	}
	return program.run(ctx, args)
}

func RunDemo(ctx context.Context, w io.Writer, box *sandbox.Sandbox) error {
	return runDemo(ctx, w, box)
}

func Printable(text string) string     { return printable(text) }
func PrintableJSON(line string) string { return printableJSON(line) }

func CheckMode(system string, mode fs.FileMode) error { return checkMode(system, mode) }

func Origin(address net.Addr) string { return origin(address) }

func ExportLine(name, value string) string { return exportLine(name, value) }

func ProgramVersion(info *debug.BuildInfo) (version, revision string) { return programVersion(info) }
