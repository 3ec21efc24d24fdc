package protocol

import "strings"

// IsKeyID reports whether text has the form of a key ID: a UUID in hexadecimal digits of either
// case (source: observed, every recorded key ID is one). Such a text cannot change the path
// of a request.
func IsKeyID(text string) bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(text) != len(form) {
		return false
	}
	for i := range len(form) {
		isDigit := strings.IndexByte("0123456789abcdefABCDEF", text[i]) >= 0
		if form[i] == 'x' && !isDigit || form[i] == '-' && text[i] != '-' {
			return false
		}
	}
	return true
}
