package contract

import (
	"slices"
	"strings"
)

// maxFindings bounds what one message can report: after that many the rest is noise.
const maxFindings = 20

// finding is a violation before it is told in which exchange it happened.
type finding struct {
	where    string
	rule     Rule
	expected string
	got      string
}

// findings collects what is wrong with one message.
type findings []finding

func (f *findings) add(where string, rule Rule, expected, got string) {
	found := finding{where, rule, expected, got}
	if len(*f) < maxFindings && !slices.Contains(*f, found) {
		*f = append(*f, found)
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
