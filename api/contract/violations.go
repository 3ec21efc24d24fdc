package contract

import (
	"slices"
	"strings"
)

// maxViolations bounds what one message can report: after that many the rest is noise.
const maxViolations = 20

// violations collects what is wrong with one message: place, rule and values. [exchange.report]
// adds in which exchange that was.
type violations []Violation

func (found *violations) add(where string, rule Rule, expected, got string) {
	v := Violation{Where: where, Rule: rule, Expected: expected, Got: got}
	if len(*found) < maxViolations && !slices.Contains(*found, v) {
		*found = append(*found, v)
	}
}

// inBody is the place of a whole body.
const inBody = "body"

// below returns the place that a JSON pointer leads to from another place.
func below(where string, path ...string) string {
	for i, step := range path {
		if i == 0 {
			where += " "
		}
		where += "/" + strings.ReplaceAll(strings.ReplaceAll(safeName(step), "~", "~0"), "/", "~1")
	}
	return where
}
