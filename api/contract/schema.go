package contract

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// schema is the part of an OpenAPI schema that the contract uses, ready for checking.
type schema struct {
	kind          kind // anyKind when the contract names no type
	nullable      bool
	enum          []string
	format        string
	pattern       *regexp.Regexp
	minimum       *int64
	maximum       *int64
	items         *schema
	required      []string
	properties    map[string]*schema
	minProperties uint64
	allOf         []*schema
	oneOf         []*schema
	not           *schema
}

var kinds = map[string]kind{
	openapi3.TypeBoolean: boolKind,
	openapi3.TypeInteger: integerKind,
	openapi3.TypeString:  stringKind,
	openapi3.TypeArray:   arrayKind,
	openapi3.TypeObject:  objectKind,
}

// compileSchema refuses every keyword it does not check, so a constraint that is added to the
// contract cannot go unchecked unnoticed.
func compileSchema(ref *openapi3.SchemaRef) (*schema, error) {
	if ref == nil || ref.Value == nil {
		return nil, errors.New("a schema is missing")
	}
	from := ref.Value
	if err := onlyKnownKeywords(from); err != nil {
		return nil, err
	}
	to := &schema{
		nullable:      from.Nullable,
		format:        from.Format,
		required:      from.Required,
		minProperties: from.MinProps,
	}
	if from.Type != nil {
		if !from.Type.IsSingle() {
			return nil, errors.New("a schema with several types is not supported")
		}
		var known bool
		if to.kind, known = kinds[from.Type.Slice()[0]]; !known {
			return nil, fmt.Errorf("type %s is not supported", from.Type.Slice()[0])
		}
	}
	return to, errors.Join(
		to.compileValues(from),
		to.compileParts(from),
	)
}

func (s *schema) compileValues(from *openapi3.Schema) (err error) {
	for _, value := range from.Enum {
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("enum value %v: only strings are supported", value)
		}
		s.enum = append(s.enum, text)
	}
	if s.format != "" && !slices.Contains([]string{formatUUID, formatInt64}, s.format) {
		return fmt.Errorf("format %q is not supported", s.format)
	}
	if from.Pattern != "" {
		if s.pattern, err = regexp.Compile(from.Pattern); err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
	}
	if s.minimum, err = wholeNumber(from.Min); err != nil {
		return err
	}
	s.maximum, err = wholeNumber(from.Max)
	return err
}

func wholeNumber(bound *float64) (*int64, error) {
	if bound == nil {
		return nil, nil
	}
	whole := int64(*bound)
	if float64(whole) != *bound {
		return nil, fmt.Errorf("bound %v: only whole numbers are supported", *bound)
	}
	return &whole, nil
}

func (s *schema) compileParts(from *openapi3.Schema) (err error) {
	if from.Items != nil {
		if s.items, err = compileSchema(from.Items); err != nil {
			return fmt.Errorf("items: %w", err)
		}
	}
	if from.Not != nil {
		if s.not, err = compileSchema(from.Not); err != nil {
			return fmt.Errorf("not: %w", err)
		}
	}
	if s.allOf, err = compileAll(from.AllOf); err != nil {
		return fmt.Errorf("allOf: %w", err)
	}
	if s.oneOf, err = compileAll(from.OneOf); err != nil {
		return fmt.Errorf("oneOf: %w", err)
	}
	for _, branch := range s.allOf {
		// A property known to one branch is unknown to the others; the contract needs none.
		if branch.kind == objectKind {
			return errors.New("allOf of objects is not supported")
		}
	}
	return s.compileProperties(from.Properties)
}

func (s *schema) compileProperties(from openapi3.Schemas) error {
	if len(from) == 0 {
		return nil
	}
	s.properties = make(map[string]*schema, len(from))
	for name, ref := range from {
		property, err := compileSchema(ref)
		if err != nil {
			return fmt.Errorf("property %s: %w", name, err)
		}
		s.properties[name] = property
	}
	return nil
}

func compileAll(refs openapi3.SchemaRefs) ([]*schema, error) {
	var branches []*schema
	for _, ref := range refs {
		branch, err := compileSchema(ref)
		if err != nil {
			return nil, err
		}
		branches = append(branches, branch)
	}
	return branches, nil
}

func onlyKnownKeywords(from *openapi3.Schema) error {
	rest := *from
	rest.Extensions, rest.Origin = nil, nil
	rest.Title, rest.Description, rest.Example, rest.Deprecated = "", "", nil, false
	rest.Type, rest.Nullable, rest.Format, rest.Enum, rest.Pattern = nil, false, "", nil, ""
	rest.Min, rest.Max, rest.MinProps = nil, nil, 0
	rest.Items, rest.Required, rest.Properties = nil, nil, nil
	rest.AllOf, rest.OneOf, rest.Not = nil, nil, nil
	if !reflect.ValueOf(rest).IsZero() {
		return errors.New("a schema has a keyword that is not checked")
	}
	return nil
}

// propertyNames returns the names of the properties in alphabetical order.
func (s *schema) propertyNames() []string {
	return slices.Sorted(maps.Keys(s.properties))
}

// resolved returns the schema that describes the value itself: for a property that is an allOf
// around one shared schema, that schema.
func (s *schema) resolved() *schema {
	for s.kind == anyKind && len(s.allOf) == 1 {
		s = s.allOf[0]
	}
	return s
}
