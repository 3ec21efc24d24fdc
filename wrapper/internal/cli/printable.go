package cli

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// printable returns text with everything escaped that a terminal would obey instead of showing:
// control characters, line breaks, and marks that reverse the direction of writing. Names and
// warnings come from the service, and whoever named a key may not be who lists it.
func printable(text string) string {
	return escape(text, func(r rune) string { return strings.Trim(strconv.QuoteRune(r), "'") })
}

// printableJSON does the same to a line of JSON, which means the same afterwards: what
// encoding/json leaves as it is stands inside of strings.
func printableJSON(line string) string {
	return escape(line, func(r rune) string {
		var escaped strings.Builder
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
		return escaped.String()
	})
}

func escape(text string, escaped func(rune) string) string {
	var safe strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			safe.WriteRune(r)
			continue
		}
		safe.WriteString(escaped(r))
	}
	return safe.String()
}
