package sandbox

import (
	"net/http"
	"slices"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox/explain"
)

// inspection is an exchange as the inspector shows it.
type inspection struct {
	Exchange
	// Checks are those that authenticate a request, in order. There are none for what is no
	// operation.
	Checks []check `json:"checks,omitempty"`
	// Expected is the text that the signature must be over. It is empty where no check came as
	// far as the signature.
	Expected string `json:"expected,omitempty"`
	// Violations are what leaves the contract, in the request and in the answer.
	Violations []contract.Violation `json:"violations"`
}

// check is one step of authentication.
type check struct {
	Name   string      `json:"name"`
	Result checkResult `json:"result"`
	Detail string      `json:"detail,omitempty"`
}

type checkResult string

const (
	checkPassed     checkResult = "passed"
	checkFailed     checkResult = "failed"
	checkNotReached checkResult = "not_reached"
)

// checkNames are the steps of authentication, in order.
func checkNames() []string {
	return []string{"All three headers are there", "The timestamp is inside the window",
		"The key ID is a UUID", "A live key has the ID", "The signature is over the text expected"}
}

const (
	timestampCheck = 1
	keyIDCheck     = 2
	keyCheck       = 3
	signatureCheck = 4
)

// failedCheck returns the step that turns a request down for this reason, and -1 if none does.
func failedCheck(reason Refusal) int {
	return slices.IndexFunc([][]Refusal{
		{RefusedNoCredentials, RefusedNoKeyID, RefusedNoSignature, RefusedNoTimestamp},
		{RefusedTimestamp, RefusedMalformedTimestamp},
		{RefusedMalformedKeyID},
		{RefusedUnknownKey},
		{RefusedSignature, RefusedReplay},
	}, func(reasons []Refusal) bool { return slices.Contains(reasons, reason) })
}

// holdAgainstContract notes what leaves the contract. It changes neither request nor answer.
func (s *Sandbox) holdAgainstContract(next http.Handler) http.Handler {
	if !s.settings.control {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		contract.Handler(next, &callOf(r).violations).ServeHTTP(w, r)
	})
}

// inspect returns what the inspector shows of an exchange that has ended.
func (s *Sandbox) inspect(c *call) inspection {
	shown := inspection{Exchange: c.log, Violations: append([]contract.Violation{}, c.violations.Violations()...)}
	if c.log.Status == 0 {
		// An answer that was never begun has nothing to hold against the contract.
		shown.Violations = slices.DeleteFunc(shown.Violations, func(v contract.Violation) bool { return v.Direction == contract.Response })
	}
	if c.log.Operation == "" {
		return shown
	}
	failed := failedCheck(c.log.Refusal)
	reached := failed
	if c.key.id != "" {
		reached = len(checkNames())
	}
	for i, name := range checkNames() {
		one := check{Name: name, Result: checkNotReached}
		switch {
		case i < reached:
			one.Result = checkPassed
		case i == failed:
			one.Result = checkFailed
		}
		if i <= reached {
			one.Detail = s.describeCheck(i, one.Result, c)
		}
		shown.Checks = append(shown.Checks, one)
	}
	if reached >= signatureCheck {
		shown.Expected = explain.Expected(explain.Request{Timestamp: c.timestamp, Method: c.log.Method, Path: c.path})
	}
	return shown
}

// describeCheck shows nothing of a header that has not the form it should have: people paste
// the wrong things.
func (s *Sandbox) describeCheck(i int, result checkResult, c *call) string {
	switch i {
	case timestampCheck:
		milliseconds, err := parseTimestamp(c.timestamp)
		if err != nil {
			return ""
		}
		return c.timestamp + ": " + s.window().Describe(time.UnixMilli(milliseconds).Sub(c.log.Time))
	case keyIDCheck, keyCheck:
		return c.log.KeyID
	case signatureCheck:
		if result == checkPassed {
			return string(c.key.keyType)
		}
	}
	return ""
}
