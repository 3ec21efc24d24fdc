package wrapper

import (
	"fmt"
	"strings"
)

const (
	// maxKeyIDLength is our own choice: every recorded key ID is a UUID of 36 bytes.
	maxKeyIDLength = 128
	// maxQuotedKeyID bounds what an error repeats, so that a pasted secret is not repeated.
	maxQuotedKeyID = 40
)

// normalizeKeyID returns keyID without the white space around it. It returns a
// [*CredentialsError] with [ProblemKeyID] if what is left cannot be the ID of an API key. The
// error repeats a short ID with everything but printable ASCII escaped, and never one that
// looks like a private key.
func normalizeKeyID(keyID string) (string, error) {
	return normalizeKeyIDFrom("key ID", keyID)
}

func normalizeKeyIDFrom(source, keyID string) (string, error) {
	keyID = strings.TrimSpace(keyID)
	fault := keyIDFault(keyID)
	if fault == "" {
		return keyID, nil
	}
	err := newCredentialsError(ProblemKeyID, source)
	err.detail = fault
	return "", err
}

func keyIDFault(keyID string) string {
	switch {
	case keyID == "":
		return "it is empty"
	case looksLikePrivateKey(keyID):
		return "it looks like a private key, so it is not repeated here"
	case len(keyID) > maxKeyIDLength:
		return fmt.Sprintf("it is longer than %d bytes", maxKeyIDLength)
	}
	for _, char := range keyID {
		kind := forbiddenInKeyID(char)
		if kind == "" {
			continue
		}
		if len(keyID) > maxQuotedKeyID {
			return "it contains " + kind
		}
		return fmt.Sprintf("%+q contains %s", keyID, kind)
	}
	return ""
}

func forbiddenInKeyID(char rune) string {
	switch {
	case char == ' ':
		return "a space"
	case strings.ContainsRune("\"'`", char):
		return "a quote"
	case strings.ContainsRune("()[]{}<>", char):
		return "a bracket"
	case char < ' ' || char == 0x7f:
		return "a control character"
	case char > 0x7f:
		return "a character outside ASCII"
	}
	return ""
}
