package contract

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// prepare makes every schema of a document as strict as this package is, in place. It refuses what
// would then go unchecked, or be checked wrongly.
func prepare(doc *openapi3.T) error {
	if err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
		return err
	}
	seen := map[*openapi3.Schema]bool{}
	for name, ref := range doc.Components.Schemas {
		if err := prepareSchema(ref, seen); err != nil {
			return fmt.Errorf("schema %s: %w", name, err)
		}
	}
	return nil
}

func prepareSchema(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) error {
	if ref == nil || seen[ref.Value] {
		return nil
	}
	s := ref.Value
	seen[s] = true
	switch {
	case s.Type.Includes(openapi3.TypeNumber):
		return errors.New("numbers other than integers are not supported")
	case s.Format != "" && s.Format != formatUUID && s.Format != formatInt64:
		return fmt.Errorf("format %q is not supported", s.Format)
	case slices.ContainsFunc(s.AllOf, func(ref *openapi3.SchemaRef) bool { return len(ref.Value.Properties) > 0 }):
		// A property known to one branch is unknown to the others; the contract needs none.
		return errors.New("allOf of objects is not supported")
	}
	if s.IsEmpty() {
		// What may be anything may be null.
		s.Nullable = true
	}
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
		s.AdditionalProperties.Has = new(false)
	}
	parts := slices.Concat(s.AllOf, s.OneOf, s.AnyOf, openapi3.SchemaRefs{s.Items, s.AdditionalProperties.Schema})
	for _, property := range s.Properties {
		parts = append(parts, property)
	}
	for _, part := range parts {
		if err := prepareSchema(part, seen); err != nil {
			return err
		}
	}
	return nil
}
