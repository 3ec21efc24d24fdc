package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	errNotUTF8    = errors.New("bytes that are not UTF-8")
	errNotJSON    = errors.New("text that is not JSON")
	errIncomplete = errors.New("JSON that ends too early")
	errTrailing   = errors.New("more bytes after the JSON value")
)

// parsed is a JSON value and what a decoder would drop.
type parsed struct {
	// value is as encoding/json decodes it, with numbers as [schemaNumber] gives them. Of members
	// whose name occurs twice it has the last, as decoders do.
	value any
	// twice are the paths of members whose name occurs twice in one object.
	twice [][]string
}

// parse reads exactly one JSON value. With errTrailing it returns the first value as well.
func parse(data []byte) (*parsed, error) {
	if !utf8.Valid(data) {
		return nil, errNotUTF8
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	switch err := decoder.Decode(&value); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errIncomplete
	case err != nil:
		return nil, errNotJSON
	}
	valid, rest := data[:decoder.InputOffset()], data[decoder.InputOffset():]
	body, members := &parsed{}, 0
	body.value = forSchemas(value, &members)
	if members != countMembers(valid) {
		r := repetitions{Decoder: json.NewDecoder(bytes.NewReader(valid))}
		r.look()
		body.twice = r.found
	}
	if len(bytes.TrimLeft(rest, " \t\r\n")) > 0 {
		return body, errTrailing
	}
	return body, nil
}

// forSchemas replaces the numbers in a value, and adds to members how many its objects have.
func forSchemas(v any, members *int) any {
	switch v := v.(type) {
	case json.Number:
		return schemaNumber(v)
	case []any:
		for i := range v {
			v[i] = forSchemas(v[i], members)
		}
	case map[string]any:
		*members += len(v)
		for name := range v {
			v[name] = forSchemas(v[name], members)
		}
	}
	return v
}

// countMembers counts the members of objects in valid JSON: each has a colon outside of texts.
func countMembers(valid []byte) int {
	count, inText := 0, false
	for i := 0; i < len(valid); i++ {
		switch char := valid[i]; {
		case inText && char == '\\':
			i++
		case char == '"':
			inText = !inText
		case char == ':' && !inText:
			count++
		}
	}
	return count
}

// repetitions looks for members whose name occurs twice in one object. It reads valid JSON, so its
// tokens come without errors.
type repetitions struct {
	*json.Decoder
	path  []string
	found [][]string
}

func (r *repetitions) look() {
	token, _ := r.Token()
	switch token {
	case json.Delim('['):
		for i := 0; r.More(); i++ {
			r.lookBelow(strconv.Itoa(i))
		}
	case json.Delim('{'):
		seen := map[string]bool{}
		for r.More() {
			token, _ := r.Token()
			name, _ := token.(string)
			if seen[name] {
				r.found = append(r.found, slices.Concat(r.path, []string{name}))
			}
			seen[name] = true
			r.lookBelow(name)
		}
	default:
		return
	}
	_, _ = r.Token()
}

func (r *repetitions) lookBelow(step string) {
	r.path = append(r.path, step)
	r.look()
	r.path = r.path[:len(r.path)-1]
}

const (
	// unwritten stands for every number that is not written as an integer: Go clients cannot decode
	// 1.0 as one, while kin-openapi takes it for 1.
	unwritten = 0.5
	// tooLarge stands for every integer beyond 64 bits: 2 to the power of 64. kin-openapi would round
	// one that is just beyond them.
	tooLarge = 1 << 64
)

// schemaNumber returns a number as the integers of a schema are checked with it. The contract has no
// other numbers; [prepare] refuses them.
func schemaNumber(literal json.Number) float64 {
	whole, err := strconv.ParseInt(string(literal), 10, 64)
	switch {
	case strings.ContainsAny(string(literal), ".eE"):
		return unwritten
	case err != nil && strings.HasPrefix(string(literal), "-"):
		return -tooLarge
	case err != nil:
		return tooLarge
	}
	return float64(whole)
}
