package explain

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

var errForm = errors.New("the text has another form")

func encodeStandard(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// decodeStandard reads what the service takes (source: published).
func decodeStandard(text string) ([]byte, error) {
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return nil, errForm
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}

// reading is one way to take the text of a signature header, with what is wrong about it.
type reading struct {
	raw      []byte
	mistakes []found
}

// readingsOf returns every way to take the text, the right way first. There can be two: digits of
// hexadecimal are letters of base64, too.
func readingsOf(text string) []reading {
	var all []reading
	add := func(decode func(string) ([]byte, error), mistakes ...found) {
		raw, err := decode(text)
		isKnown := slices.ContainsFunc(all, func(r reading) bool { return bytes.Equal(r.raw, raw) })
		if err == nil && len(raw) > 0 && !isKnown {
			all = append(all, reading{raw, mistakes})
		}
	}
	add(decodeStandard)
	for _, m := range encodingMistakes() {
		for _, w := range m.ways {
			if w.decode != nil {
				add(w.decode, found{m.Name, w.detail})
			}
		}
	}
	return all
}

func encodeQuoted(raw []byte) string { return `"` + encodeStandard(raw) + `"` }

// decodeQuoted takes quotes of either kind, and Python's b'...'.
func decodeQuoted(text string) ([]byte, error) {
	for _, quote := range []string{`"`, `'`} {
		inner, opened := strings.CutPrefix(strings.TrimPrefix(text, "b"), quote)
		if inner, closed := strings.CutSuffix(inner, quote); opened && closed {
			return decodeStandard(inner)
		}
	}
	return nil, errForm
}

// encodeWrapped breaks lines as the base64 program of MIME does, with a space where a header
// cannot hold a line end.
func encodeWrapped(raw []byte) string {
	text := encodeStandard(raw)
	for at := 76; at < len(text); at += 77 {
		text = text[:at] + " " + text[at:]
	}
	return text
}

func decodeWrapped(text string) ([]byte, error) {
	return decodeStandard(strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", `\r`, "", `\n`, "").Replace(text))
}

func encodeCut(raw []byte) string {
	text := encodeStandard(raw)
	return text[:min(64, len(text))]
}
