package contract

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
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
	Violation *Violation `json:"violation,omitempty"`
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

// Passed reports whether the check found nothing but notes.
func (c Check) Passed() bool {
	for _, d := range c.Deviations {
		if d.Severity != Note {
			return false
		}
	}
	return true
}

// Report is what [Verify] found. Its JSON form is that of encoding/json.
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
	verdict := "passed"
	switch {
	case r.Unfinished:
		verdict = "was interrupted"
	case !r.Passed():
		verdict = "failed"
	}
	fmt.Fprintf(&text, "%s %s: %d checks, %d breaking, %d minor, %d notes\n", r.BaseURL, verdict,
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

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Notes   string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit returns the report as JUnit XML: a test case for every check.
func (r *Report) JUnit() ([]byte, error) {
	suite := junitSuite{
		Name: "contract of " + r.BaseURL, Tests: len(r.Checks),
		Time: seconds(r.Duration), Timestamp: r.Started.Format("2006-01-02T15:04:05"),
	}
	for _, check := range r.Checks {
		each := junitCase{Class: check.owner(), Name: check.Name, Time: seconds(check.Duration)}
		var failed, noted []string
		var first *Deviation
		for i, d := range check.Deviations {
			if d.Severity == Note {
				noted = append(noted, d.Text)
				continue
			}
			failed = append(failed, string(d.Severity)+": "+d.Text)
			if first == nil {
				first = &check.Deviations[i]
			}
		}
		if first != nil {
			suite.Failures++
			each.Failure = &junitFailure{first.Text, string(first.Severity), check.heading() + "\n" + strings.Join(failed, "\n")}
		}
		each.Notes = strings.Join(noted, "\n")
		suite.Cases = append(suite.Cases, each)
	}
	body, err := xml.MarshalIndent(junitSuites{Suite: suite}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("contract: JUnit report: %w", err)
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

func seconds(d time.Duration) string {
	return fmt.Sprintf("%.3f", d.Seconds())
}
