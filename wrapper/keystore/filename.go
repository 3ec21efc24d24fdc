package keystore

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
)

// What is in a file shows from its name: key-ID.json, current-HOST-HASH.json, journal-ID.json.
const (
	entryPrefix   = "key-"
	currentPrefix = "current-"
	journalPrefix = "journal-"
	suffix        = ".json"
)

// maxFileName is what file systems allow, less what setting aside appends.
const maxFileName = 240

// isNameOf reports whether name is that of a file of the kind that prefix stands for.
func isNameOf(prefix, name string) bool {
	return strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix)
}

// fileName returns the name of the file for id, and whether there can be one.
func fileName(prefix, id string) (string, bool) {
	name := prefix + escape(id) + suffix
	return name, id != "" && len(name) <= maxFileName
}

// escape returns a text that no file system takes for a path, and that is another one for
// another id even where upper and lower case are the same.
func escape(id string) string {
	var b strings.Builder
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

// currentName returns the name of the file that says what is current for a normal base URL.
func currentName(baseURL string) string {
	host := ""
	if u, err := url.Parse(baseURL); err == nil {
		host = escape(u.Host)
	}
	// The host is for people. The hash is what tells base URLs apart.
	return fmt.Sprintf("%s%.100s-%.8x%s", currentPrefix, host, sha256.Sum256([]byte(baseURL)), suffix)
}
