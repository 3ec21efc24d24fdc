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

// ParseForTest parses one JSON value. Trailing tells of bytes after the value.
func ParseForTest(data []byte) (value any, trailing bool, err error) {
	body, err := parse(data)
	if body == nil {
		return nil, false, err
	}
	return body.value, errors.Is(err, errTrailing), nil
}

// NumberForTest returns a number as [ParseForTest] has it.
func NumberForTest(literal json.Number) any { return schemaNumber(literal) }
