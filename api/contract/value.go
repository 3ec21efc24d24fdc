package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

type kind int

const (
	anyKind kind = iota
	nullKind
	boolKind
	integerKind // a number without fraction and exponent
	numberKind  // any other number; the contract has none
	stringKind
	arrayKind
	objectKind
)

// String returns the kind as a message names it, with its article.
func (k kind) String() string {
	return [...]string{"any value", "null", "a boolean", "an integer", "a number", "a string",
		"an array", "an object"}[k]
}

// value is a JSON value that forgets nothing a check needs: the literal of a number, the order
// of members, and members whose name occurs twice.
type value struct {
	kind    kind
	text    string // the string, or the literal of a number or boolean
	items   []value
	members []member
}

type member struct {
	name  string
	value value
}

// hasParts reports whether v is an array or an object that is not empty.
func (v *value) hasParts() bool { return len(v.items) > 0 || len(v.members) > 0 }

// member returns the member that decoders keep when a name occurs twice: the last.
func (v *value) member(name string) *value {
	for i := len(v.members) - 1; i >= 0; i-- {
		if v.members[i].name == name {
			return &v.members[i].value
		}
	}
	return nil
}

var (
	errNotUTF8    = errors.New("bytes that are not UTF-8")
	errNotJSON    = errors.New("text that is not JSON")
	errIncomplete = errors.New("JSON that ends too early")
	errTrailing   = errors.New("more bytes after the JSON value")
)

// parse reads exactly one JSON value. With errTrailing it returns the first value as well.
func parse(data []byte) (value, error) {
	switch {
	case !utf8.Valid(data):
		return value{}, errNotUTF8
	case json.Valid(data):
		return (&builder{data: string(data)}).value(), nil
	}
	var first json.RawMessage
	err := json.NewDecoder(bytes.NewReader(data)).Decode(&first)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return value{}, errIncomplete
	case err != nil:
		return value{}, errNotJSON
	}
	return (&builder{data: string(first)}).value(), errTrailing
}
