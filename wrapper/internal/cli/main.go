// Package cli is the command line kalshi-keys: its commands, flags and output.
package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Main runs the program with the arguments, streams and environment of this process, and returns
// its exit code. SIGINT, SIGTERM and SIGHUP end what it does in order.
func Main() int {
	// A reader that is gone must not end the program between an answer and what is done with it: a
	// write to it fails instead.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
	defer stop()
	program := app{
		stdin:    os.Stdin,
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		getenv:   os.Getenv,
		terminal: isTerminal(os.Stderr),
		reserve:  reservePrivateFile,
	}
	return program.run(ctx, os.Args[1:])
}

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
