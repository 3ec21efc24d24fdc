package cli

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/secret"
)

// exitCode is what the program ends with. The numbers are our own choice and are documented in
// the root command's help: scripts decide on them.
type exitCode int

const (
	exitOK exitCode = iota
	exitFailure
	exitUsage
	exitUnauthenticated
	exitNotFound
	exitUnavailable
	exitOutcomeUnknown
	exitForbidden
	exitDeviates
)

// failure is how a command ends that did not do what it should: with a code, and a line each that
// says what is wrong and what to do about it.
type failure struct {
	code exitCode
	text string
	hint string
}

func (f *failure) Error() string { return f.text }

func usage(text, hint string) *failure {
	return &failure{code: exitUsage, text: text, hint: hint}
}

// failing returns run with its errors as failures.
func failing(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		err := run(command, args)
		if err == nil {
			return nil
		}
		text, hint := describe(err)
		return &failure{code: exitCodeOf(err), text: text, hint: hint}
	}
}

// exitCodeOf returns the first code that applies to err. "Outcome unknown" comes before all
// others of the service, since repeating the command on it does harm.
func exitCodeOf(err error) exitCode {
	if own, ok := errors.AsType[*failure](err); ok {
		return own.code
	}
	if _, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		return exitUsage
	}
	for _, row := range []struct {
		sentinel error
		code     exitCode
	}{
		// The store's journal knows what is unknown here, and repeating the command goes on with it.
		{lifecycle.ErrUnfinished, exitUnavailable},
		{wrapper.ErrOutcomeUnknown, exitOutcomeUnknown},
		{wrapper.ErrUnauthenticated, exitUnauthenticated},
		{wrapper.ErrForbidden, exitForbidden},
		{wrapper.ErrNotFound, exitNotFound},
		{wrapper.ErrUnavailable, exitUnavailable},
		{keystore.ErrUnavailable, exitUnavailable},
		{keystore.ErrLockLost, exitUnavailable},
		{wrapper.ErrRateLimited, exitUnavailable},
		{wrapper.ErrConflict, exitUnavailable},
		{context.DeadlineExceeded, exitUnavailable},
		{wrapper.ErrInsecure, exitUsage},
		{keystore.ErrNoCurrent, exitUsage},
		{keystore.ErrNoPrivateKey, exitUsage},
		{lifecycle.ErrInvalid, exitUsage},
		{lifecycle.ErrNoSigner, exitUsage},
		{lifecycle.ErrRevoked, exitUsage},
	} {
		if errors.Is(err, row.sentinel) {
			return row.code
		}
	}
	if _, ok := errors.AsType[*keystore.DamagedError](err); ok || refusedHere(err) {
		return exitUsage
	}
	return exitFailure
}

// refusedHere reports whether the client turned the request down itself. A 400 of the service
// is another matter: it was sent.
func refusedHere(err error) bool {
	failure, ok := errors.AsType[*wrapper.Error](err)
	return ok && errors.Is(err, wrapper.ErrInvalidRequest) && failure.Attempts == 0
}

// describe returns what went wrong and what to do about it, each fit for one line on a terminal.
// The client's errors end in their hint, which gets a line of its own here.
func describe(err error) (text, hint string) {
	hint = hintOf(err)
	// Errors that were joined come one to a line.
	text = strings.ReplaceAll(err.Error(), "\n", "; ")
	return withoutKeys(strings.TrimSuffix(text, ". "+hint)), withoutKeys(hint)
}

func hintOf(err error) string {
	if own, ok := errors.AsType[*failure](err); ok {
		return own.hint
	}
	if stored, ok := errors.AsType[*hintedError](err); ok {
		return stored.hint
	}
	if credentials, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		return credentials.Hint
	}
	if call, ok := errors.AsType[*wrapper.Error](err); ok {
		return call.Hint
	}
	if insecure, ok := errors.AsType[*keystore.InsecureError](err); ok {
		return insecure.Hint
	}
	if damage, ok := errors.AsType[*keystore.DamagedError](err); ok {
		if strings.Contains(damage.Path, "://") {
			return damage.Hint
		}
		return hintSetAside
	}
	switch {
	case errors.Is(err, lifecycle.ErrUnfinished):
		return "Run the command again, or kalshi-keys recover"
	case errors.Is(err, keystore.ErrNoCurrent), errors.Is(err, lifecycle.ErrRevoked):
		return "Run kalshi-keys import with a key that works, for this base URL"
	}
	return ""
}

// withoutPath returns the system's reason alone, for a text that names the path as it was given.
func withoutPath(err error) error {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		return inner.Err
	}
	return err
}

const hintSetAside = "kalshi-keys recover --set-aside moves it out of the way"

// withoutKeys returns text fit for a terminal and for a log: people paste the key itself where
// its path belongs.
func withoutKeys(text string) string {
	text = passwordInURL().ReplaceAllString(text, "${1}:"+secret.Redacted+"@")
	text = passwordParameter().ReplaceAllString(text, "${1}"+secret.Redacted)
	return printable(secret.HidePEM(text))
}

// What a URL holds between user and host, and in a parameter of its query.
var (
	passwordInURL     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(://[^:/@\s"]*):[^@\s"]*@`) })
	passwordParameter = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)([?&][^=&\s"]*password=)[^&\s"]*`) })
)
