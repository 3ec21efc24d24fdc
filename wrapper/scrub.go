package wrapper

import (
	"fmt"
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

// minSecretLength is longer than a UUID with its prefixes, and shorter than any signature and the
// base64 of any private key.
const minSecretLength = 44

var (
	longToken = regexp.MustCompile(fmt.Sprintf(`[A-Za-z0-9+/=_-]{%d,}`, minSecretLength))
	// Base64 that is broken into lines or escaped: at least two groups, all but the last long.
	brokenToken = regexp.MustCompile(`(?:[A-Za-z0-9+/=]{16,}(?:\s|\\+[nr/]|%[0-9A-Fa-f]{2})+)+[A-Za-z0-9+/=]+`)
	// Bytes in hexadecimal, one by one.
	hexBytes = regexp.MustCompile(`(?:[0-9A-Fa-f]{2}[ :,]+){7,}[0-9A-Fa-f]{2}`)
)

// scrub makes text that came from outside fit to be shown: no PEM, no long base64 (a key, a
// signature), no control characters, at most limit bytes. Invisible characters are removed first, so
// that they cannot hide a key from the patterns.
func scrub(text string, limit int) string {
	text = secret.HidePEM(strings.Map(oneLine, text))
	for _, pattern := range []*regexp.Regexp{longToken, hexBytes} {
		text = pattern.ReplaceAllLiteralString(text, secret.Redacted)
	}
	text = brokenToken.ReplaceAllStringFunc(text, redactBroken)
	text = strings.TrimSpace(text)
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

// redactBroken keeps words, and text that is too short for a private key or a signature, such as a
// path: base64 of that length has digits or signs in it.
func redactBroken(groups string) string {
	if len(groups) >= minSecretLength && strings.ContainsAny(groups, "0123456789+/=") {
		return secret.Redacted
	}
	return groups
}

func oneLine(r rune) rune {
	if r == '\n' || r == '\t' || r == '\r' {
		return ' '
	}
	if !unicode.IsPrint(r) {
		return -1
	}
	return r
}
