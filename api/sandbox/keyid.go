package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// newKeyID returns a random UUID (version 4).
func newKeyID() string {
	var raw [16]byte
	// crypto/rand never fails; it ends the program instead.
	_, _ = rand.Read(raw[:])
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	text := hex.EncodeToString(raw[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// parseKeyID returns a UUID in lower case, and false for what is none.
func parseKeyID(text string) (string, bool) {
	if len(text) != 36 {
		return "", false
	}
	for i, char := range []byte(text) {
		if isDash := i == 8 || i == 13 || i == 18 || i == 23; isDash != (char == '-') {
			return "", false
		} else if !isDash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(char)) {
			return "", false
		}
	}
	return strings.ToLower(text), true
}
