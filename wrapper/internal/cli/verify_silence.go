package cli

import (
	"context"
	"errors"
	"net/url"

	"kalshi.internal/apikeys/wrapper/doctor"
)

// unverifiable returns the error of a verification that was not finished. What net/http says of
// a service that does not answer names addresses and system calls: the words here are doctor's.
func unverifiable(address string, err error) error {
	lost, isSilent := errors.AsType[*url.Error](err)
	base, parseErr := url.Parse(address)
	switch {
	case errors.Is(err, context.Canceled):
		return &failure{code: exitFailure, text: "verify was interrupted", hint: "The report says whether a key may be left"}
	case isSilent && parseErr == nil:
		text, advice := doctor.Unreachable(base, lost.Err)
		return &failure{code: exitUnavailable, text: address + " does not answer: " + text, hint: advice}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{code: exitUnavailable, text: "verify was not done in time", hint: "Give a longer --timeout; the report holds what was checked"}
	}
	return &failure{code: exitUnavailable, text: err.Error(), hint: "Check --base-url and the key; kalshi-keys doctor tells more"}
}
