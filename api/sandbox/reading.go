package sandbox

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// reading is one way to take the text of a signature header, with what is wrong about it.
type reading struct {
	raw      []byte
	mistakes []finding
}

// readings returns every way to take the text, the right way first if it is one. There are one
// or two.
func readings(text string) []reading {
	var all []reading
	if raw, err := base64.StdEncoding.Strict().DecodeString(text); err == nil && !strings.ContainsAny(text, "\r\n") {
		all = append(all, reading{raw: raw})
	}
	// Digits of hexadecimal are letters of base64, too: only the signature tells which was meant.
	if raw, err := hex.DecodeString(text); err == nil {
		return append(all, reading{raw, []finding{{mistake: MistakeHex}}})
	}
	if len(all) > 0 {
		return all
	}
	return []reading{repaired(text)}
}

// repaired undoes what people do to base64. The raw bytes are missing if it does not help.
func repaired(text string) reading {
	var r reading
	undo := func(mistake Mistake, mended string) {
		if mended != text {
			r.mistakes = append(r.mistakes, finding{mistake: mistake})
		}
		text = mended
	}
	undo(MistakeQuoted, unquoted(text))
	undo(MistakeBase64Wrapped, strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", `\r`, "", `\n`, "").Replace(text))
	if raw, err := hex.DecodeString(text); err == nil && text != "" {
		return reading{raw, append(r.mistakes, finding{mistake: MistakeHex})}
	}
	undo(MistakeBase64URL, strings.NewReplacer("-", "+", "_", "/").Replace(text))
	undo(MistakeBase64Unpadded, padded(text))
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || text == "" {
		return reading{mistakes: []finding{{mistake: MistakeNotBase64}}}
	}
	r.raw = raw
	return r
}

func unquoted(text string) string {
	for _, quote := range []string{`"`, `'`} {
		inner, opened := strings.CutPrefix(strings.TrimPrefix(text, "b"), quote)
		if inner, closed := strings.CutSuffix(inner, quote); opened && closed {
			return inner
		}
	}
	return text
}

func padded(text string) string {
	if strings.HasSuffix(text, "=") {
		return text
	}
	return text + strings.Repeat("=", -len(text)&3)
}
