package control

import (
	"slices"
	"strconv"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/explain"
)

// inspection is an exchange as the page shows it.
type inspection struct {
	sandbox.Exchange
	// Checks are those that authenticate a request, in order. There are none for a request that
	// is for no operation.
	Checks []check `json:"checks,omitempty"`
	// Expected is the text that the signature must be over. It is empty where no check came as
	// far as the signature.
	Expected string `json:"expected,omitempty"`
	// Violations are never null.
	Violations []contract.Violation `json:"violations"`
}

// check is one step of authentication.
type check struct {
	Name   string `json:"name"`
	Result string `json:"result"`
	Detail string `json:"detail,omitempty"`
}

// step is one of the checks: which refusals come of it, and what it shows. It shows nothing of a
// header that has not the form it should have: people paste the wrong things.
type step struct {
	name     string
	refusals []sandbox.Refusal
	detail   string
}

func steps(e sandbox.Exchange, window explain.Window) []step {
	timestamp := ""
	if milliseconds, err := strconv.ParseInt(e.Timestamp, 10, 64); err == nil {
		timestamp = e.Timestamp + ": " + window.Describe(time.UnixMilli(milliseconds).Sub(e.Time))
	}
	return []step{
		{"All three headers are there", []sandbox.Refusal{sandbox.RefusedNoCredentials, sandbox.RefusedNoKeyID, sandbox.RefusedNoSignature, sandbox.RefusedNoTimestamp}, ""},
		{"The timestamp is inside the window", []sandbox.Refusal{sandbox.RefusedTimestamp, sandbox.RefusedMalformedTimestamp}, timestamp},
		{"The key ID is a UUID", []sandbox.Refusal{sandbox.RefusedMalformedKeyID}, e.KeyID},
		{"A live key has the ID", []sandbox.Refusal{sandbox.RefusedUnknownKey}, e.KeyID},
		{"The signature is over the text expected", []sandbox.Refusal{sandbox.RefusedSignature, sandbox.RefusedReplay}, string(e.SignedBy)},
	}
}

// inspect returns what the page shows of an exchange.
func inspect(e sandbox.Exchange, window explain.Window) inspection {
	shown := inspection{Exchange: e, Violations: append([]contract.Violation{}, e.Violations...)}
	if e.Operation == "" {
		return shown
	}
	all := steps(e, window)
	failed := slices.IndexFunc(all, func(s step) bool { return slices.Contains(s.refusals, e.Refusal) })
	reached := failed
	if e.SignedBy != "" {
		reached = len(all)
	}
	for i, s := range all {
		one := check{Name: s.name, Result: "not_reached"}
		switch {
		case i < reached:
			one.Result = "passed"
		case i == failed:
			one.Result = "failed"
		}
		if i <= reached {
			one.Detail = s.detail
		}
		shown.Checks = append(shown.Checks, one)
	}
	if reached >= len(all)-1 {
		shown.Expected = explain.Expected(explain.Request{Timestamp: e.Timestamp, Method: e.Method, Path: e.Path})
	}
	return shown
}
