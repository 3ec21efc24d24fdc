package verify

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

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
		return nil, fmt.Errorf("verify: JUnit report: %w", err)
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

func seconds(d time.Duration) string {
	return fmt.Sprintf("%.3f", d.Seconds())
}
