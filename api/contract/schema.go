package contract

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	formatUUID  = "uuid"
	formatInt64 = "int64"
)

var errFormat = errors.New("another form")

// checkSchema reports what of v, which is in the form of [parsed], does not fit s.
func (found *violations) checkSchema(s *openapi3.Schema, v any, where string) {
	isUUID := func(text string) error {
		if !protocol.IsKeyID(text) {
			return errFormat
		}
		return nil
	}
	err := s.VisitJSON(v, openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails(),
		openapi3.WithStringFormatValidator(formatUUID, openapi3.NewCallbackValidator(isUUID)))
	for _, each := range flat(err) {
		found.addSchemaError(each, where)
	}
}

// flat returns the errors that an error of VisitJSON consists of. Of the branches of a oneOf it
// takes the one whose type the value has, if there is one: that is what the sender meant.
func flat(err error) []*openapi3.SchemaError {
	if err == nil {
		return nil
	}
	if several, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // its method As looks into its parts
		var all []*openapi3.SchemaError
		for _, each := range several {
			all = append(all, flat(each)...)
		}
		return all
	}
	one, ok := errors.AsType[*openapi3.SchemaError](err)
	if !ok {
		// A defect of the contract that its own checks missed.
		return []*openapi3.SchemaError{{Schema: &openapi3.Schema{}, SchemaField: "schema"}}
	}
	branches, _ := errors.AsType[openapi3.MultiError](one.Origin)
	meant := slices.IndexFunc(one.Schema.OneOf, func(ref *openapi3.SchemaRef) bool { return ref.Value.Type.Is(typeOf(one.Value)) })
	switch {
	case one.SchemaField == "allOf" && len(branches) > 0:
		return flat(branches)
	case one.SchemaField == "oneOf" && meant >= 0 && meant < len(branches):
		return flat(branches[meant])
	}
	return []*openapi3.SchemaError{one}
}

func (found *violations) addSchemaError(err *openapi3.SchemaError, where string) {
	path, s, got, keyword := err.JSONPointer(), err.Schema, describe(err.Value), keywordOf(err)
	var expected string
	switch keyword {
	case "properties":
		found.addUnknown(err, where)
		return
	case "required":
		expected, got = "a value", "no such member"
	case "not":
		expected, got = "not all of "+strings.Join(s.Not.Value.Required, ", "), "all of them"
	case "type", "nullable":
		expected = article(s)
	case "oneOf":
		expected = "exactly one of " + joined(s.OneOf, func(ref *openapi3.SchemaRef) string { return article(ref.Value) })
	case "enum":
		expected = "one of " + joined(s.Enum, func(value any) string { return fmt.Sprint(value) })
	case "pattern":
		expected = "a string that matches " + s.Pattern
	case "format":
		expected = map[string]string{formatUUID: "a UUID", formatInt64: "an integer of at most 64 bits"}[s.Format]
	default:
		// It names the bound, and never the value.
		expected = err.Reason
	}
	found.add(below(where, path...), ruleOf(keyword), expected, got)
}

// keywordOf returns the keyword that a value breaks. VisitJSON looks at enum and not before it looks
// at the type, which says more.
func keywordOf(err *openapi3.SchemaError) string {
	switch keyword := err.SchemaField; {
	case keyword != "enum" && keyword != "not":
		return keyword
	case err.Value == nil:
		return "nullable"
	case !err.Schema.Type.Permits(typeOf(err.Value)):
		return "type"
	default:
		return keyword
	}
}

// addUnknown reports the members that an object should not have. VisitJSON has an error for each,
// which names it in its text only.
func (found *violations) addUnknown(err *openapi3.SchemaError, where string) {
	members, _ := err.Value.(map[string]any)
	known := "one of " + strings.Join(slices.Sorted(maps.Keys(err.Schema.Properties)), ", ")
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err.Schema.Properties[name] == nil {
			found.add(below(where, append(err.JSONPointer(), name)...), RuleUnknownProperty, known, describe(members[name]))
		}
	}
}

// ruleOf returns the rule that is named after a keyword.
func ruleOf(keyword string) Rule {
	switch keyword {
	case "nullable":
		return RuleNull
	case "oneOf":
		return RuleOneOf
	case "minProperties":
		return RuleMinProperties
	}
	return Rule(keyword)
}

func joined[T any](list []T, text func(T) string) string {
	var texts []string
	for _, each := range list {
		texts = append(texts, text(each))
	}
	return strings.Join(texts, ", ")
}

// article names the type that s asks for.
func article(s *openapi3.Schema) string {
	for _, name := range []string{openapi3.TypeInteger, openapi3.TypeArray, openapi3.TypeObject} {
		if s.Type.Is(name) {
			return "an " + name
		}
	}
	if s.Type == nil {
		return "another value"
	}
	return "a " + strings.Join(s.Type.Slice(), " or ")
}

// typeOf returns the type of a value as a schema names it.
func typeOf(v any) string {
	switch v.(type) {
	case bool:
		return openapi3.TypeBoolean
	case float64:
		return openapi3.TypeInteger
	case string:
		return openapi3.TypeString
	case []any:
		return openapi3.TypeArray
	case map[string]any:
		return openapi3.TypeObject
	}
	return "null"
}
