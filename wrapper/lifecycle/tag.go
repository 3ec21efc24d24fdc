package lifecycle

import (
	"crypto/rand"
	"regexp"
	"strings"

	"kalshi.internal/apikeys/gen"
)

// A tag is "k" and ten characters of base 32, 50 random bits: too many to meet by chance in one
// account, few enough to leave room in a name, whose limit nobody has recorded.
const tagLength = 10

var tagAtEnd = regexp.MustCompile(` \[k[a-z2-7]{10}\]$`)

func newTag() string {
	return "k" + strings.ToLower(rand.Text()[:tagLength])
}

// tagged returns name with the tag in place of the one it may have had.
func tagged(name, tag string) string {
	return strings.TrimSpace(tagAtEnd.ReplaceAllString(name, "") + " [" + tag + "]")
}

// withTag returns the keys of the list whose names carry the tag, wherever the service put it.
func withTag(list *gen.GetAPIKeysResponse, tag string) []gen.APIKey {
	var found []gen.APIKey
	for _, key := range list.APIKeys {
		if strings.Contains(key.Name, "["+tag+"]") {
			found = append(found, key)
		}
	}
	return found
}
