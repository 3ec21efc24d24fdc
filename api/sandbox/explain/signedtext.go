package explain

import (
	"crypto"
	"encoding/hex"
	"fmt"
)

// maxShownPath is how much of a path is shown, in bytes.
const maxShownPath = 200

// signedText is a text that a client may have signed, in its parts.
type signedText struct {
	sent Request
	// before, after and between are nothing in the right text, and so are query and body.
	before, timestamp, method, path, query, body, after, between string
	digest                                                       digest
}

// digest is what is signed in place of the text, if it is not 0.
type digest struct {
	hash        crypto.Hash
	hexadecimal bool
}

func textOf(r Request) signedText {
	return signedText{sent: r, timestamp: r.Timestamp, method: r.Method, path: r.Path}
}

// String returns what goes into the signing function.
func (t signedText) String() string {
	text := hashed(t.digest.hash, t.join(t.query, t.body))
	if t.digest.hexadecimal {
		return hex.EncodeToString(text)
	}
	return string(text)
}

// shown returns the text for people, without what a query or a body may hold.
func (t signedText) shown() string {
	if len(t.path) > maxShownPath {
		t.path = t.path[:maxShownPath] + "..."
	}
	text := t.join(lengthOf("?query", t.query), lengthOf("body", t.body))
	if t.digest.hash != 0 {
		text = t.digest.hash.String() + "(" + text + ")"
	}
	if t.digest.hexadecimal {
		text = "hexadecimal " + text
	}
	return text
}

func (t signedText) join(query, body string) string {
	text := t.before + t.timestamp + t.between + t.method + t.between + t.path + query
	if body != "" {
		text += t.between + body
	}
	return text + t.after
}

func lengthOf(name, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("<%s of %d bytes>", name, len(value))
}

// Expected returns the text that the signature of a request must be over, for people to see: a
// path longer than 200 bytes is cut.
func Expected(r Request) string { return textOf(r).shown() }
