package contract

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Limits on the parts of a violation, in characters, so that its text fits one screen.
const (
	maxWhere    = 160
	maxExpected = 300
	maxGot      = 120
	maxToken    = 40
	maxDigits   = 12
)

// A word as contracts and error codes use them. Key material, signatures and pasted secrets do
// not look like this: they mix cases, and runs of hexadecimal digits are caught by hexRun.
var (
	tokenForm = regexp.MustCompile(`^[a-z0-9]{1,20}([_:.\- /][a-z0-9_:.\- /]*)*$`)
	camelForm = regexp.MustCompile(`^[a-z]{2,}([A-Z][a-z]+)*$`)
	hexRun    = regexp.MustCompile(`[0-9a-f]{12}|[a-z0-9]{21}|([0-9a-f]{2}[_:.\- /]){3}`)
	hexDigits = regexp.MustCompile(`[0-9a-f]{14}`)
)

// separators takes out what may stand between the bytes of a key.
var separators = strings.NewReplacer("_", "", ":", "", ".", "", "-", "", " ", "", "/", "")

// showable reports whether text may stand in a violation: a short word, a UUID, or nothing.
// Everything else is described by its kind and length only. What may be shown is listed,
// because what must be hidden cannot be.
func showable(text string) bool {
	if text == "" || protocol.IsKeyID(text) {
		return true
	}
	return len(text) <= maxToken && tokenForm.MatchString(text) &&
		!hexRun.MatchString(text) && !hexDigits.MatchString(separators.Replace(text))
}

// describeText returns text in quotes if it may be shown, or else its length.
func describeText(text string) string {
	if showable(text) {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("a string of %d characters", utf8.RuneCountInString(text))
}

// describe tells what v is without showing what may be a secret.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return describeText(v)
	case float64:
		return describeNumber(v)
	case []any:
		return fmt.Sprintf("an array of %d items", len(v))
	case map[string]any:
		return fmt.Sprintf("an object of %d members", len(v))
	}
	return fmt.Sprint(v)
}

// describeNumber tells of a number in the form of [schemaNumber]. Long ones may be a secret.
func describeNumber(number float64) string {
	text := strconv.FormatFloat(number, 'f', -1, 64)
	switch {
	case number == unwritten:
		return "a number that is not written as an integer"
	case len(text) > maxDigits:
		return fmt.Sprintf("a number of more than %d digits", maxDigits)
	}
	return "the number " + text
}

// safeName returns a member or parameter name for use in a place: the name itself if it may
// be shown.
func safeName(name string) string {
	if name != "" && showable(name) || len(name) <= maxToken/2 && camelForm.MatchString(name) {
		return name
	}
	return fmt.Sprintf("(name of %d characters)", utf8.RuneCountInString(name))
}

// safePath returns path with every segment replaced that may not be shown.
func safePath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if !showable(segment) {
			segments[i] = fmt.Sprintf("(%d characters)", utf8.RuneCountInString(segment))
		}
	}
	return shorten(strings.Join(segments, "/"), maxWhere)
}

// shorten cuts text to at most limit characters.
func shorten(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
