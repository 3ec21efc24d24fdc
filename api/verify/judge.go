package verify

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"kalshi.internal/apikeys/api/contract"
)

// wanted says how an attempt should be answered.
type wanted struct {
	status int
	// other statuses that are tolerated, with the reason
	noted map[int]string
	// how bad success is when it is not wanted
	success Severity
}

func wants(status int) wanted {
	return wanted{status: status, success: Minor}
}

func (w wanted) noting(reason string, statuses ...int) wanted {
	noted := map[int]string{}
	maps.Copy(noted, w.noted)
	for _, status := range statuses {
		noted[status] = reason
	}
	w.noted = noted
	return w
}

// unauthenticated wants a refusal: letting such a request in breaks more than a client.
func unauthenticated() wanted {
	return wanted{status: http.StatusUnauthorized, success: Breaking}
}

func (c *Check) add(severity Severity, text string) {
	c.Deviations = append(c.Deviations, Deviation{Severity: severity, Text: text})
}

// judge adds what is wrong with an answer: its status, and what the contract says of the rest.
func (c *Check) judge(got *answer, want wanted) {
	c.judgeStatus(got.status, want)
	for _, v := range got.violations {
		c.Deviations = append(c.Deviations, Deviation{
			Severity:  severityOf(v),
			Text:      fmt.Sprintf("%s: rule %s: expected %s; got %s", v.Where, v.Rule, v.Expected, v.Got),
			Violation: &v,
		})
	}
}

// severityOf rates what is wrong with an answer. A service may grow, so new fields are notes.
// Clients read what a success holds, and decide on the status alone of everything else.
func severityOf(v contract.Violation) Severity {
	switch {
	case v.Rule == contract.RuleUnknownProperty:
		return Note
	case v.Status <= 299:
		return Breaking
	default:
		return Minor
	}
}

func (c *Check) judgeStatus(status int, want wanted) {
	if status == want.status {
		return
	}
	text := fmt.Sprintf("answered %d %s, wanted %d", status, http.StatusText(status), want.status)
	wantsSuccess := want.status <= 299
	switch reason, tolerated := want.noted[status]; {
	case tolerated:
		c.add(Note, text+": "+reason)
	case slices.Contains(contract.DefaultAllowedStatuses(), status):
		// What was not verified must not pass.
		c.add(Breaking, text+": the rate limit or a gateway answered, so this is not verified")
	case wantsSuccess:
		c.add(Breaking, text)
	case status <= 299:
		c.add(want.success, text+": what the contract forbids was accepted")
	default:
		c.add(Minor, text)
	}
}
