// Package cli is the command line kalshi-keys: its commands, flags and output.
package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"kalshi.internal/apikeys/wrapper/internal/privatefile"
)

// app is all that a run of the program takes from outside. No command uses the streams, the
// environment or the working directory of the process, so several runs can share one.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(name string) string
	// dir is where relative paths begin. Empty, it is the working directory of the process.
	dir string
	// terminal is set when stderr is one, so that progress can be shown.
	terminal bool
	// status is the line of the terminal that shows progress, nil without one.
	status *statusLine
	// remote is what the program has beside directories.
	remote Remote
	// create makes the file that a private key will be written to.
	create func(path string) (newFile, error)
}

// newFile is an empty private file that waits for its content, as [privatefile.File] is.
type newFile interface {
	Keep(content []byte) error
	Discard() error
}

// Main runs the program with the arguments, streams and environment of this process, and returns
// its exit code. SIGINT, SIGTERM and SIGHUP end what it does in order.
func Main(remote Remote) int {
	// The end of a pipe's reader must not end the program between an answer and keeping what it
	// holds: a write to the pipe fails instead.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
	defer stop()
	program := app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, terminal: isTerminal(os.Stderr), create: createPrivate, remote: remote,
	}
	return program.run(ctx, os.Args[1:])
}

// run executes the command that args name and returns the program's exit code.
func (a app) run(ctx context.Context, args []string) int {
	if a.terminal {
		a.status = &statusLine{terminal: a.stderr}
		a.stdout, a.stderr = a.status.before(a.stdout), a.status.before(a.stderr)
	}
	root := a.newRootCommand()
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return int(exitOK)
	}
	// Any other error comes from cobra, before the command began: wrong usage.
	code, hint := exitUsage, "Run "+command.CommandPath()+" --help"
	if failed, ok := errors.AsType[*failure](err); ok {
		code, hint = failed.code, failed.hint
	}
	said := failureText{withoutKeys(err.Error()), hint, code}
	_, _ = io.WriteString(a.stderr, said.text(wantsJSON(command, args)))
	return int(code)
}

// path resolves a path that the user gave against [app].dir.
func (a app) path(given string) string {
	if a.dir == "" || given == "" || filepath.IsAbs(given) {
		return given
	}
	return filepath.Join(a.dir, given)
}

func (a app) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func createPrivate(path string) (newFile, error) { return privatefile.Create(path) }

// interrupts returns the signals that end a command in order. A closed terminal counts, unless
// nohup or the like has seen to it that it does not.
func interrupts() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// isTerminal reports whether file is a device that shows characters, as terminals are.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
