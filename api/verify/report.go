package verify

import (
	"fmt"
	"strings"
	"time"

	"kalshi.internal/apikeys/api/contract"
)

// Severity says how bad a deviation is.
type Severity string

// The severities.
const (
	// Breaking: a client that relies on the contract fails, or a server lets in what it must
	// not.
	Breaking Severity = "breaking"
	// Minor: a wrong request is answered otherwise than the contract says, which a correct
	// client does not meet.
	Minor Severity = "minor"
	// Note: something worth knowing that the contract or the record leaves room for. Notes let
	// a check pass.
	Note Severity = "note"
)

// Deviation is one thing in which an answer differs from the contract.
type Deviation struct {
	Severity Severity `json:"severity"`
	// Text says what differs, in one line, without key material or a signature.
	Text string `json:"text"`
	// Violation is the rule of the contract the answer breaks, if it is one.
	Violation *contract.Violation `json:"violation,omitempty"`
}

// Check is one request to a target and what was found about its answer.
type Check struct {
	// Operation is the operation ID, or empty for what belongs to none.
	Operation string `json:"operation,omitempty"`
	// Name says what was tried.
	Name string `json:"name"`
	// Request is method and path.
	Request string `json:"request"`
	// Status of the answer, 0 when there was none.
	Status int `json:"status"`
	// Duration is how long the answer took, in nanoseconds as JSON.
	Duration time.Duration `json:"duration_ns"`
	// Deviations are what leaves the contract, none for a check that found nothing.
	Deviations []Deviation `json:"deviations,omitempty"`
}

// Passed reports whether all deviations of the check are notes.
func (c Check) Passed() bool {
	for _, d := range c.Deviations {
		if d.Severity != Note {
			return false
		}
	}
	return true
}

// Report is what [Run] found. Its JSON form is that of encoding/json.
type Report struct {
	// BaseURL is the target's.
	BaseURL string `json:"base_url"`
	// ReadOnly is set when only GET requests were sent.
	ReadOnly bool `json:"read_only"`
	// Started is when the first request was about to be sent, by this machine's clock, in UTC.
	Started time.Time `json:"started"`
	// Duration is how long all checks took, in nanoseconds as JSON.
	Duration time.Duration `json:"duration_ns"`
	// Unfinished is set when the context ended before all checks were done.
	Unfinished bool `json:"unfinished,omitempty"`
	// Checks are in the order in which they were made.
	Checks []Check `json:"checks"`
}

// Passed reports whether every check was made and passed.
func (r *Report) Passed() bool {
	for _, check := range r.Checks {
		if !check.Passed() {
			return false
		}
	}
	return len(r.Checks) > 0 && !r.Unfinished
}

// Count returns how many deviations of a severity there are.
func (r *Report) Count(severity Severity) int {
	count := 0
	for _, check := range r.Checks {
		for _, d := range check.Deviations {
			if d.Severity == severity {
				count++
			}
		}
	}
	return count
}

// Text returns the checks that found something, and a summary.
func (r *Report) Text() string {
	var text strings.Builder
	for _, check := range r.Checks {
		if len(check.Deviations) == 0 {
			continue
		}
		fmt.Fprintf(&text, "%s\n", check.heading())
		for _, d := range check.Deviations {
			fmt.Fprintf(&text, "  %s: %s\n", d.Severity, d.Text)
		}
	}
	outcome := "passed"
	switch {
	case r.Unfinished:
		outcome = "was interrupted"
	case !r.Passed():
		outcome = "failed"
	}
	fmt.Fprintf(&text, "%s %s: %d checks, %d breaking, %d minor, %d notes\n", r.BaseURL, outcome,
		len(r.Checks), r.Count(Breaking), r.Count(Minor), r.Count(Note))
	return text.String()
}

func (c Check) heading() string {
	return fmt.Sprintf("%s: %s (%s, answered %d)", c.owner(), c.Name, c.Request, c.Status)
}

func (c Check) owner() string {
	if c.Operation == "" {
		return "routing"
	}
	return c.Operation
}
