package secret

import (
	"regexp"
	"strings"
)

// From a BEGIN line on, everything is hidden up to the END line or the end of the text.
var block = regexp.MustCompile(`(?s)-{2,}\s*BEGIN.*?(-{2,}\s*END[^-]*-{2,5}|$)`)

// publicArmour begins what may be shown, and what texts about public keys speak of.
const publicArmour = "-----BEGIN PUBLIC KEY-----"

// HidePEM returns text with [Redacted] in place of each PEM block in it but those of public keys, whole
// or cut short.
func HidePEM(text string) string {
	return block.ReplaceAllStringFunc(text, func(found string) string {
		if rest, isPublic := strings.CutPrefix(found, publicArmour); isPublic {
			return publicArmour + HidePEM(rest)
		}
		return Redacted
	})
}

// HoldsPEM reports whether text has a PEM block in it, whole or cut short.
func HoldsPEM(text string) bool {
	return block.MatchString(text)
}
