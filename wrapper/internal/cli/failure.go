package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/secret"
)

// failure is an error of the program itself, as opposed to one of the client.
type failure struct {
	code exitCode
	text string
	hint string
}

func (f *failure) Error() string { return f.text }

func usage(text, hint string) *failure {
	return &failure{code: exitUsage, text: text, hint: hint}
}

// ranError marks an error of a command that began its work.
type ranError struct{ err error }

func (e *ranError) Error() string { return e.err.Error() }
func (e *ranError) Unwrap() error { return e.err }

// marked returns run with its errors marked.
func marked(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if err := run(command, args); err != nil {
			return &ranError{err}
		}
		return nil
	}
}

// ownError returns an error that describe and exitCodeOf understand. What cobra returns before
// a command begins has no type of its own; all of it is wrong usage.
func ownError(err error, commandPath string) error {
	if _, ok := errors.AsType[*ranError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*failure](err); ok {
		return err
	}
	return usage(err.Error(), fmt.Sprintf("Run %s --help", commandPath))
}

// describe returns what went wrong and what to do about it, each fit for one line on a terminal.
// The client's errors end in their hint, which gets a line of its own here.
func describe(err error) (text, hint string) {
	if own, ok := errors.AsType[*failure](err); ok {
		hint = own.hint
	} else if stored, ok := errors.AsType[*hintedError](err); ok {
		hint = stored.hint
	} else if credentials, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		hint = credentials.Hint
	} else if call, ok := errors.AsType[*wrapper.Error](err); ok {
		hint = call.Hint
	} else {
		hint = storeHint(err)
	}
	// Errors that were joined come one to a line.
	text = strings.ReplaceAll(err.Error(), "\n", "; ")
	return withoutKeys(strings.TrimSuffix(text, ". "+hint)), withoutKeys(hint)
}

// armour is how a private key that was given in the wrong place begins. What follows it is not
// shown, up to where it ends.
var armour = regexp.MustCompile(`(?s)-{2,}\s*BEGIN.*?(-{2,}\s*END[^-]*-{2,}|$)`)

// withoutKeys returns text fit for a terminal and for a log: people paste the key itself where
// its path belongs.
func withoutKeys(text string) string {
	return printable(armour.ReplaceAllLiteralString(text, secret.Redacted))
}
