package contract

import (
	"encoding/json"
	"errors"

	"github.com/getkin/kin-openapi/openapi3"
)

// Compile reports whether every check knows what doc asks for.
func Compile(doc *openapi3.T) error {
	_, err := compile(doc)
	return err
}

// ParseForTest parses one JSON value and returns it as encoding/json would, with numbers as
// json.Number. Trailing tells of bytes after the value.
func ParseForTest(data []byte) (parsed any, trailing bool, err error) {
	v, err := parse(data)
	if errors.Is(err, errTrailing) {
		return plain(&v), true, nil
	}
	return plain(&v), false, err
}

func plain(v *value) any {
	switch v.kind {
	case boolKind:
		return v.text == "true"
	case integerKind, numberKind:
		return json.Number(v.text)
	case stringKind:
		return v.text
	case arrayKind:
		list := []any{}
		for i := range v.items {
			list = append(list, plain(&v.items[i]))
		}
		return list
	case objectKind:
		object := map[string]any{}
		for _, m := range v.members {
			object[m.name] = plain(v.member(m.name))
		}
		return object
	default:
		return nil
	}
}
