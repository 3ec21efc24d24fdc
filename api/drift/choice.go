package drift

import (
	"reflect"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"
)

// choice weighs the change from a choice between branches to one of them, and the reverse. The
// structural diff sees a choice that is gone and a schema that is new, which would be told as both
// narrower and wider. It reports whether the change is such a one.
func (s site) choice(d *diff.SchemaDiff) bool {
	if others, is := s.othersThan(d.Revision, d.Base); is {
		s.weigh(narrower, "oneOf", others, "")
		return true
	}
	if others, is := s.othersThan(d.Base, d.Revision); is {
		s.weigh(wider, "oneOf", "", others)
		return true
	}
	return false
}

// othersThan returns the branches of a choice other than the one that schema is, words apart, and
// whether it is one.
func (s site) othersThan(schema, choice *openapi3.Schema) (others string, is bool) {
	if len(schema.OneOf) > 0 || !isChoice(choice) || schema.Nullable != choice.Nullable {
		return "", false
	}
	var texts []string
	for _, branch := range choice.OneOf {
		if !is && onlyWordsBetween(&openapi3.SchemaRef{Value: schema}, branch) {
			is = true
			continue
		}
		texts = append(texts, describe(branch))
	}
	return strings.Join(texts, ", "), is
}

// isChoice says whether a schema consists of oneOf, words about it apart.
func isChoice(c *openapi3.Schema) bool {
	rest := *c
	rest.OneOf, rest.Extensions = nil, nil
	return len(c.OneOf) > 0 && reflect.DeepEqual(rest, *annotated(openapi3.Schema{}, &rest))
}

// onlyWordsBetween says whether two schemas differ in words for people at most.
func onlyWordsBetween(a, b *openapi3.SchemaRef) bool {
	at := operation{method: "GET", path: "/"}
	answering := func(schema *openapi3.SchemaRef) *openapi3.Operation {
		content := openapi3.NewContentWithSchemaRef(schema, []string{"application/json"})
		return &openapi3.Operation{Responses: openapi3.NewResponses(
			openapi3.WithStatus(200, &openapi3.ResponseRef{Value: openapi3.NewResponse().WithContent(content)}))}
	}
	before, after := answering(a), answering(b)
	at.node = before
	var r recorder
	if err := r.differences(at, before, after); err != nil {
		return false
	}
	for _, c := range r.changes {
		if c.Kind != Text {
			return false
		}
	}
	return true
}
