package wrapper

import (
	"regexp"
	"strings"
	"unicode"

	"kalshi.internal/apikeys/wrapper/secret"
)

// Lengths, in bytes, to which texts from outside are cut before an error keeps them.
const (
	maxCodeLength    = 128
	maxMessageLength = 300
	maxCauseLength   = 500
)

var (
	// An armour that was opened hides everything up to its end, or up to the end of the text.
	pemBlock = regexp.MustCompile(`(?s)-{2,}\s*BEGIN.*?(-{2,}\s*END[^-]*-{2,}|$)`)
	// Longer than a UUID and its prefixes, shorter than any private key or signature.
	longToken = regexp.MustCompile(`[A-Za-z0-9+/=_-]{44,}`)
)

// scrub makes text that came from outside fit to be shown: no PEM, no long base64 (a key, a
// signature), no control characters, at most limit bytes.
func scrub(text string, limit int) string {
	text = pemBlock.ReplaceAllLiteralString(text, secret.Redacted)
	text = longToken.ReplaceAllLiteralString(text, secret.Redacted)
	text = strings.Map(oneLine, text)
	text = strings.TrimSpace(text)
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

func oneLine(r rune) rune {
	if r == '\n' || r == '\t' {
		return ' '
	}
	if !unicode.IsPrint(r) {
		return -1
	}
	return r
}
