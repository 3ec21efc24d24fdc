package lifecycle

import (
	"crypto/rand"
	"regexp"
	"strings"
)

// A tag is "k" and ten characters of base 32, 50 random bits: too many to meet by chance in one
// account, few enough to leave room in a name, whose limit nobody has recorded.
const tagLength = 10

var tagAtEnd = regexp.MustCompile(`(^| )\[k[a-z2-7]{10}\]$`)

func newTag() string {
	return "k" + strings.ToLower(rand.Text()[:tagLength])
}

// tagged returns name with the tag in place of the one it may have had. Of no name it makes the
// tag alone.
func tagged(name, tag string) string {
	return strings.TrimSpace(tagAtEnd.ReplaceAllString(name, "") + " [" + tag + "]")
}

// carries reports whether name has the tag, wherever the service put it.
func carries(name, tag string) bool { return strings.Contains(name, "["+tag+"]") }
