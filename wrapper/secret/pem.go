// Package secret holds text that will not print itself, and says who can use a file with a secret.
//
// A [PEM] shows [REDACTED] wherever Go turns values into text: fmt with any verb, log/slog,
// encoding/json, panics. [PEM.RevealPrivateKey] is the only way to the text, so a reviewer
// finds every use with one search.
//
// The package is a leaf: it imports the standard library only.
package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what is shown in place of a secret.
const Redacted = "[REDACTED]"

// ErrNotString reports JSON that holds a secret as anything but a string. It quotes nothing of
// the JSON.
var ErrNotString = errors.New("secret: the JSON value of a private key must be a string")

// ErrRedacted reports JSON that holds [Redacted] in a secret's place. What wrote it did not keep
// the private key, which is only had with [PEM.RevealPrivateKey].
var ErrRedacted = errors.New("secret: the JSON holds " + Redacted + " in a private key's place: encoding/json does not keep one")

// PEM is a private key in PEM form, as the service returns it from generateApiKey (field and
// form: published). The zero PEM is empty. A PEM is immutable and safe for concurrent use.
type PEM struct {
	// A pointer, so that reflection-based printers which ignore methods show an address.
	text *string
}

// NewPEM returns a PEM that holds text, unchanged and unchecked.
func NewPEM(text string) PEM {
	return PEM{text: &text}
}

// RevealPrivateKey returns the private key's text. Whoever calls it answers for where the text
// goes: never into a log, an error, a process list or a file others can read.
func (p PEM) RevealPrivateKey() string {
	if p.text == nil {
		return ""
	}
	return *p.text
}

// IsEmpty reports whether there is no text.
func (p PEM) IsEmpty() bool {
	return p.RevealPrivateKey() == ""
}

// String returns [Redacted].
func (p PEM) String() string { return Redacted }

// GoString returns [Redacted].
func (p PEM) GoString() string { return Redacted }

// Format writes [Redacted] for every valid verb and flag.
func (p PEM) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, Redacted)
}

// LogValue returns [Redacted] for log/slog.
func (p PEM) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText returns [Redacted]. A PEM therefore does not survive a round trip through JSON:
// what must be kept is kept on purpose, with [PEM.RevealPrivateKey].
func (p PEM) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalJSON reads a JSON string, or null as the empty PEM. It returns [ErrNotString] for
// any other JSON value, and [ErrRedacted] for what [PEM.MarshalText] wrote.
func (p *PEM) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return ErrNotString
	}
	if text != nil && *text == Redacted {
		return ErrRedacted
	}
	p.text = text
	return nil
}
