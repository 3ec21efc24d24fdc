package cli

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
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
		text, advice := silence(base, lost.Err)
		return &failure{code: exitUnavailable, text: address + " does not answer: " + text, hint: advice}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{code: exitUnavailable, text: "verify was not done in time", hint: "Give a longer --timeout; the report holds what was checked"}
	}
	return &failure{code: exitUnavailable, text: err.Error(), hint: "Check --base-url and the key; kalshi-keys doctor tells more"}
}

// silence says why nothing answers at base, and what to do.
func silence(base *url.URL, err error) (text, advice string) {
	// An error is one of the settings, whose text would hold the proxy's password.
	proxy, _ := http.ProxyFromEnvironment(&http.Request{URL: base})
	if _, ok := errors.AsType[*net.DNSError](err); ok && proxy == nil {
		found := unresolved(base.Hostname(), err)
		return found.Text, found.Advice
	}
	return unreachable(err, &doctorService{base: base, proxy: proxy})
}
