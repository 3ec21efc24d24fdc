package drift

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/flatten/allof"
)

// maxSchemas bounds the schemas of a document's operations once every reference is written out,
// which can be exponentially many.
const maxSchemas = 20_000

// expander copies schemas into a form in which equal meaning is equal structure as far as that
// is simple: references and single-branch allOf written out, the spellings of OpenAPI 3.1 in
// those of 3.0. It never changes the document.
type expander struct {
	copied int
	open   map[*openapi3.Schema]bool
}

// schema copies one schema. A schema inside itself is cut to the empty schema; the contract has
// none, so that no comparison gets that far.
func (e *expander) schema(ref *openapi3.SchemaRef) (*openapi3.SchemaRef, error) {
	if ref == nil {
		return nil, nil
	}
	if ref.Value == nil {
		return nil, errors.New("a schema is empty or a reference to one leads nowhere")
	}
	if e.copied++; e.copied > maxSchemas {
		return nil, fmt.Errorf("the schemas of its operations are more than %d once references are written out", maxSchemas)
	}
	if e.open[ref.Value] {
		return &openapi3.SchemaRef{Value: &openapi3.Schema{}}, nil
	}
	e.open[ref.Value] = true
	defer delete(e.open, ref.Value)

	c := *ref.Value
	if err := e.children(&c); err != nil {
		return nil, err
	}
	return &openapi3.SchemaRef{Value: plain(&c)}, nil
}

func (e *expander) children(c *openapi3.Schema) error {
	for _, child := range []**openapi3.SchemaRef{
		&c.Not, &c.Items, &c.AdditionalProperties.Schema, &c.Contains, &c.PropertyNames, &c.If, &c.Then, &c.Else,
		&c.UnevaluatedItems.Schema, &c.UnevaluatedProperties.Schema, &c.ContentSchema,
	} {
		copied, err := e.schema(*child)
		if err != nil {
			return err
		}
		*child = copied
	}
	for _, list := range []*openapi3.SchemaRefs{&c.OneOf, &c.AnyOf, &c.AllOf, &c.PrefixItems} {
		if err := e.list(list); err != nil {
			return err
		}
	}
	for _, named := range []*openapi3.Schemas{&c.Properties, &c.PatternProperties, &c.DependentSchemas} {
		if err := e.named(named); err != nil {
			return err
		}
	}
	return nil
}

func (e *expander) list(list *openapi3.SchemaRefs) error {
	var copies openapi3.SchemaRefs
	for _, ref := range *list {
		copied, err := e.schema(ref)
		if err != nil {
			return err
		}
		if copied != nil {
			copies = append(copies, copied)
		}
	}
	*list = copies
	return nil
}

func (e *expander) named(schemas *openapi3.Schemas) error {
	if len(*schemas) == 0 {
		*schemas = nil
		return nil
	}
	copies := make(openapi3.Schemas, len(*schemas))
	for name, ref := range *schemas {
		copied, err := e.schema(ref)
		if err != nil {
			return err
		}
		if copied == nil {
			return fmt.Errorf("property %q has no schema", name)
		}
		copies[name] = copied
	}
	*schemas = copies
	return nil
}

// plain rewrites one schema, whose children are plain already.
func plain(c *openapi3.Schema) *openapi3.Schema {
	c.SchemaID, c.Anchor, c.DynamicRef, c.DynamicAnchor, c.SchemaDialect = "", "", "", "", ""
	c.Defs = nil
	for _, branches := range []*openapi3.SchemaRefs{&c.OneOf, &c.AnyOf} {
		if rest := withoutNull(*branches); len(rest) < len(*branches) {
			c.Nullable = true
			if *branches = rest; len(rest) == 1 {
				c.AllOf, *branches = append(c.AllOf, rest...), nil
			}
		}
	}
	if disjoint(c.AnyOf) && len(c.OneOf) == 0 {
		c.OneOf, c.AnyOf = c.AnyOf, nil
	}
	openProperties(&c.AdditionalProperties)
	if branch := onlyBranch(c); branch != nil {
		return annotated(*branch, c)
	}
	if len(c.AllOf) > 0 && !slices.ContainsFunc(c.AllOf, hasChoice) {
		// Branches that contradict each other cannot be merged; they stay to be compared as such.
		if merged, err := allof.Merge(openapi3.SchemaRef{Value: c}); err == nil {
			c = annotated(*merged, c)
		}
	}
	nullType(c)
	exclusive(&c.ExclusiveMin, &c.Min)
	exclusive(&c.ExclusiveMax, &c.Max)
	if c.Const != nil {
		c.Enum, c.Const = []any{c.Const}, nil
	}
	return c
}

// disjoint says whether no value fits two of the branches, because each is of one type of its own.
// Then anyOf and oneOf mean the same.
func disjoint(branches openapi3.SchemaRefs) bool {
	seen := map[string]bool{}
	for _, branch := range branches {
		all := types(branch.Value)
		if len(all) != 1 || branch.Value.Nullable {
			return false
		}
		// Every integer is a number.
		kind := strings.Replace(all[0], "integer", "number", 1)
		if seen[kind] {
			return false
		}
		seen[kind] = true
	}
	return len(branches) > 0
}

// openProperties takes out what only writes down the default, that any other property may be there.
func openProperties(extra *openapi3.AdditionalProperties) {
	if extra.Has != nil && *extra.Has {
		extra.Has = nil
	}
	if extra.Schema != nil && reflect.DeepEqual(*extra.Schema.Value, openapi3.Schema{}) {
		extra.Schema = nil
	}
}

// hasChoice says whether a branch has branches to choose from: merging several such multiplies
// them out, which may take forever.
func hasChoice(branch *openapi3.SchemaRef) bool {
	return len(branch.Value.OneOf) > 0 || len(branch.Value.AnyOf) > 0
}

// onlyBranch returns the one branch of allOf of which c consists, words about it apart, or nil.
func onlyBranch(c *openapi3.Schema) *openapi3.Schema {
	rest := *c
	rest.AllOf, rest.Extensions = nil, nil
	if len(c.AllOf) != 1 || !reflect.DeepEqual(rest, *annotated(openapi3.Schema{}, &rest)) {
		return nil
	}
	return c.AllOf[0].Value
}

// annotated returns the schema with what c says about it: words, default, nullable.
func annotated(schema openapi3.Schema, c *openapi3.Schema) *openapi3.Schema {
	if c.Title != "" {
		schema.Title = c.Title
	}
	if c.Description != "" {
		schema.Description = c.Description
	}
	if c.Default != nil {
		schema.Default = c.Default
	}
	if c.Example != nil {
		schema.Example = c.Example
	}
	if c.ExternalDocs != nil {
		schema.ExternalDocs = c.ExternalDocs
	}
	schema.Nullable = schema.Nullable || c.Nullable
	schema.Deprecated = schema.Deprecated || c.Deprecated
	schema.ReadOnly = schema.ReadOnly || c.ReadOnly
	schema.WriteOnly = schema.WriteOnly || c.WriteOnly
	return &schema
}

// withoutNull returns the branches other than {type: null}.
func withoutNull(branches openapi3.SchemaRefs) openapi3.SchemaRefs {
	var kept openapi3.SchemaRefs
	for _, branch := range branches {
		if !branch.Value.Type.Is("null") {
			kept = append(kept, branch)
		}
	}
	return kept
}

// nullType turns the list of types [T, null] into T and nullable.
func nullType(c *openapi3.Schema) {
	if c.Type == nil || len(*c.Type) < 2 {
		return
	}
	var types openapi3.Types
	for _, t := range *c.Type {
		if t == "null" {
			c.Nullable = true
			continue
		}
		types = append(types, t)
	}
	c.Type = &types
}

// exclusive turns the flag of OpenAPI 3.0 beside a bound into the exclusive bound of 3.1.
func exclusive(bound *openapi3.ExclusiveBound, inclusive **float64) {
	if bound.Bool != nil && *bound.Bool && *inclusive != nil {
		bound.Value, *inclusive = *inclusive, nil
	}
	bound.Bool = nil
}
