package cli

import (
	"context"
	"errors"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
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
