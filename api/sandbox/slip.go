package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// nearby is how many milliseconds a signed timestamp is looked for around the one that was
// sent: what lies between two readings of the clock. One further away cannot be told.
const nearby = 25

// signedText is a text that a client may have signed, in its parts.
type signedText struct {
	timestamp, method, path, query, body, separator string
	digest                                          digestForm
}

type digestForm int

const (
	notDigested digestForm = iota
	rawDigest
	hexDigest
)

// bytes returns what goes into the signing function.
func (t signedText) bytes() []byte {
	text := []byte(t.join(t.query, t.body))
	digest := sha256.Sum256(text)
	switch t.digest {
	case rawDigest:
		return digest[:]
	case hexDigest:
		return []byte(hex.EncodeToString(digest[:]))
	}
	return text
}

// shown returns the text for people, without what a query or a body may hold.
func (t signedText) shown() string {
	if len(t.path) > maxLoggedPath {
		t.path = t.path[:maxLoggedPath] + "..."
	}
	text := t.join(lengthOf("?query", t.query), lengthOf("body", t.body))
	switch t.digest {
	case rawDigest:
		return "SHA-256(" + text + ")"
	case hexDigest:
		return "hexadecimal SHA-256(" + text + ")"
	}
	return text
}

func (t signedText) join(query, body string) string {
	text := t.timestamp + t.separator + t.method + t.separator + t.path + query
	if body != "" {
		text += t.separator + body
	}
	return text
}

func lengthOf(name, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("<%s of %d bytes>", name, len(value))
}

// slip is one mistake in the text, and how it changes the text.
type slip struct {
	finding
	apply func(*signedText)
}

// slips are the mistakes that a request may have been signed with. Those of the path go
// together with those that are common, and no others are tried in pairs: it is their number
// that bounds the search.
type slips struct{ path, common, other []slip }

func (s slips) each(try func(...slip) bool) bool {
	for _, one := range append(append(append([]slip{}, s.path...), s.common...), s.other...) {
		if try(one) {
			return true
		}
	}
	return false
}

func (s slips) pairs(try func(...slip) bool) bool {
	for i, first := range s.path {
		for _, second := range append(append([]slip{}, s.path[i+1:]...), s.common...) {
			if try(first, second) {
				return true
			}
		}
	}
	return false
}

func slipsIn(r *http.Request, right signedText, body string) slips {
	return slips{
		path:   pathSlips(r, right),
		common: append(unitSlips(right.timestamp), commonSlips(right, body)...),
		other:  append(otherSlips(right), timestampSlips(right.timestamp)...),
	}
}

func pathSlips(r *http.Request, right signedText) []slip {
	set := func(mistake Mistake, detail, path string) slip {
		return slip{finding{mistake, detail}, func(t *signedText) { t.path = path }}
	}
	var all []slip
	// A query comes after whatever else happened to the path, so it is applied beside it.
	if _, query, has := strings.Cut(r.RequestURI, "?"); has {
		all = append(all, slip{finding{mistake: MistakeSignedQuery}, func(t *signedText) { t.query = "?" + query }})
	}
	path := right.path
	bare := strings.TrimPrefix(path, BasePath)
	all = append(all,
		set(MistakeSignedWithoutBasePath, "", bare),
		set(MistakeSignedWithoutBasePath, "and without a slash in front", strings.TrimPrefix(bare, "/")),
		set(MistakeSignedHost, "without a scheme", r.Host+path),
		set(MistakeSignedHost, "with http://", "http://"+r.Host+path),
		set(MistakeSignedHost, "with https://", "https://"+r.Host+path),
		set(MistakeSignedTrailingSlash, "", path+"/"),
		set(MistakeSignedNoLeadingSlash, "", path[1:]),
		set(MistakeSignedBasePathTwice, "", BasePath+path))
	if decoded, err := url.PathUnescape(path); err == nil && decoded != path {
		all = append(all, set(MistakeSignedDecodedPath, "", decoded))
	}
	for _, other := range []string{keysPath, generatePath, keysPath + "/{api_key}"} {
		if other != path {
			all = append(all, set(MistakeSignedRoute, "", other))
		}
	}
	return all
}

// unitSlips sign the timestamp in another unit than it was sent in.
func unitSlips(timestamp string) []slip {
	milliseconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return nil
	}
	var all []slip
	for _, unit := range []struct{ name, text string }{
		{"seconds", strconv.FormatInt(milliseconds/1000, 10)},
		{"seconds with a fraction", fmt.Sprintf("%d.%03d", milliseconds/1000, milliseconds%1000)},
		{"microseconds", timestamp + "000"},
		{"nanoseconds", timestamp + "000000"},
	} {
		all = append(all, slip{finding{MistakeSignedTimestampUnit, unit.name}, func(t *signedText) { t.timestamp = unit.text }})
	}
	return all
}

func commonSlips(right signedText, body string) []slip {
	all := []slip{{finding{mistake: MistakeSignedLowerCaseMethod}, func(t *signedText) { t.method = strings.ToLower(right.method) }}}
	if body != "" {
		all = append(all, slip{finding{mistake: MistakeSignedBody}, func(t *signedText) { t.body = body }})
	}
	return all
}

func otherSlips(right signedText) []slip {
	all := []slip{
		{finding{mistake: MistakeSignedDigest}, func(t *signedText) { t.digest = rawDigest }},
		{finding{MistakeSignedDigest, "in hexadecimal"}, func(t *signedText) { t.digest = hexDigest }},
		{finding{mistake: MistakeSignedNoMethod}, func(t *signedText) { t.method = "" }},
	}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut} {
		if method != right.method {
			all = append(all, slip{finding{MistakeSignedOtherMethod, method}, func(t *signedText) { t.method = method }})
		}
	}
	for _, between := range []struct{ name, text string }{
		{"line ends", "\n"}, {"spaces", " "}, {"colons", ":"}, {"commas", ","}, {"dots", "."}, {"bars", "|"},
	} {
		all = append(all, slip{finding{MistakeSignedSeparators, between.name}, func(t *signedText) { t.separator = between.text }})
	}
	return all
}

// timestampSlips read the clock twice.
func timestampSlips(timestamp string) []slip {
	milliseconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return nil
	}
	var all []slip
	for distance := int64(1); distance <= nearby; distance++ {
		for _, signed := range []int64{milliseconds - distance, milliseconds + distance} {
			detail := fmt.Sprintf("%d ms apart", distance)
			all = append(all, slip{finding{MistakeSignedTimestamp, detail}, func(t *signedText) { t.timestamp = strconv.FormatInt(signed, 10) }})
		}
	}
	return all
}
