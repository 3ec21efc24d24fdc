package cli

import (
	"context"
	"fmt"
	"io"
)

// app is what a run of the program takes from outside.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(name string) string
	// terminal is set when stderr is one, so that progress can be shown.
	terminal bool
	// reserve creates the file that a private key will be written to.
	reserve func(path string) (keyFile, error)
}

// run executes the command that args name and returns the program's exit code.
func (a app) run(ctx context.Context, args []string) int {
	root := a.newRootCommand()
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return int(exitOK)
	}
	err = ownError(err, command.CommandPath())
	text, hint := describe(err)
	_, _ = fmt.Fprintf(a.stderr, "error: %s\n", text)
	if hint != "" {
		_, _ = fmt.Fprintf(a.stderr, "hint: %s\n", hint)
	}
	return int(exitCodeOf(err))
}
