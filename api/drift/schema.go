package drift

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"
)

// schema walks the differences of a schema. Each step clears what it has weighed from a copy of
// the diff; rest weighs whatever is left, so that no keyword goes by unseen.
func (s site) schema(d *diff.SchemaDiff, base, revision *openapi3.SchemaRef) {
	switch {
	case d.Empty():
	case d.SchemaAdded:
		s.weigh(narrower, "schema", "", describe(revision))
	case d.SchemaDeleted:
		s.weigh(wider, "schema", describe(base), "")
	default:
		left := *d
		s.schemaWords(&left)
		if d.OneOfDiff != nil && s.choice(d) {
			return
		}
		s.typeAndEnum(&left)
		s.bounds(&left)
		s.flags(&left)
		s.properties(&left)
		s.parts(&left)
		s.rest(left)
	}
}

func (s site) schemaWords(d *diff.SchemaDiff) {
	for aspect, words := range map[string]**diff.ValueDiff{
		"title": &d.TitleDiff, "description": &d.DescriptionDiff, "example": &d.ExampleDiff,
		"examples": &d.ExamplesDiff, "$comment": &d.CommentDiff,
	} {
		// Line breaks in a description are the YAML's, not the author's.
		if v := take(words); v != nil && normalWords(v.From) != normalWords(v.To) {
			s.words(aspect, v.From, v.To)
		}
	}
	if take(&d.ExternalDocsDiff) != nil {
		s.words("externalDocs", d.Base.ExternalDocs, d.Revision.ExternalDocs)
	}
	s.deprecated(take(&d.DeprecatedDiff))
	if v := take(&d.DefaultDiff); v != nil {
		s.defaultValue(v, d.Base.Description)
	}
}

func normalWords(value any) string { return words(valueText(value)) }

// defaultValue weighs a default: in a request it is what leaving the value out means. Where the
// contract has none, leaving it out has a meaning all the same, which is the service's own or
// stands in the description. So a new default is harmless only if that says the same.
func (s site) defaultValue(v *diff.ValueDiff, description string) {
	switch {
	case s.change.Direction == Response:
		s.words("default", v.From, v.To)
	case v.From == nil && saysWhenOmitted(description, v.To):
		s.add(Additive, "default", "", valueText(v.To), "The revision promises as a default what this contract says in words.")
	case v.From == nil:
		s.add(Breaking, "default", "", valueText(v.To), "The revision says what leaving the value out means, and this contract does not say the same: such a request may mean something else.")
	default:
		s.add(Breaking, "default", valueText(v.From), valueText(v.To), "A request that leaves the value out may mean something else.")
	}
}

// saysWhenOmitted says whether a description gives the value as what leaving it out means, in the
// form of words that this module's contract uses: "`a` when omitted", "(`a` and `b`) when omitted".
func saysWhenOmitted(description string, value any) bool {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = "`" + valueText(v) + "`"
	}
	said := strings.Join(texts, " and ")
	if isList {
		said = "(" + said + ")"
	}
	return strings.Contains(words(description), said+" when omitted")
}

func (s site) typeAndEnum(d *diff.SchemaDiff) {
	if take(&d.TypeDiff) != nil {
		s.weigh(typeEffect(types(d.Base), types(d.Revision)), "type", typeText(d.Base), typeText(d.Revision))
	}
	// These three restate changes of type and oneOf that are weighed as such.
	d.ListOfTypesDiff, d.OneOfWrappingDiff, d.NullableWrappingDiff = nil, nil, nil
	s.format(take(&d.FormatDiff))
	s.pattern(take(&d.PatternDiff))
	if take(&d.EnumDiff) != nil {
		s.enum(d.Base.Enum, d.Revision.Enum)
	}
}

func types(schema *openapi3.Schema) []string { return schema.Type.Slice() }

func typeText(schema *openapi3.Schema) string { return strings.Join(types(schema), " or ") }

func typeEffect(was, is []string) effect {
	covers := func(set, subset []string) bool {
		return len(set) == 0 || len(subset) > 0 && !slices.ContainsFunc(subset, func(t string) bool {
			return !slices.Contains(set, t) && (t != "integer" || !slices.Contains(set, "number"))
		})
	}
	switch {
	case covers(is, was):
		return wider
	case covers(was, is):
		return narrower
	default:
		return different
	}
}

func (s site) format(v *diff.ValueDiff) {
	if v == nil {
		return
	}
	e := different
	switch {
	case v.From == "", v.From == "int64" && v.To == "int32", v.From == "double" && v.To == "float":
		e = narrower
	case v.To == "", v.From == "int32" && v.To == "int64", v.From == "float" && v.To == "double":
		e = wider
	}
	s.weigh(e, "format", valueText(v.From), valueText(v.To))
}

func (s site) pattern(v *diff.ValueDiff) {
	if v == nil {
		return
	}
	e := different
	switch "" {
	case v.From:
		e = narrower
	case v.To:
		e = wider
	}
	s.weigh(e, "pattern", valueText(v.From), valueText(v.To))
}

// enum weighs values that came and values that went apart from each other. A response without
// enum is an open set, as the scopes of an API key are: closing it is a promise, opening it the
// end of one.
func (s site) enum(was, is []any) {
	switch {
	case len(was) == 0:
		s.weigh(narrower, "enum", "", valuesText(is))
		return
	case len(is) == 0:
		s.weigh(wider, "enum", valuesText(was), "")
		return
	}
	if gone := without(was, is); len(gone) > 0 {
		s.weigh(narrower, "enum", valuesText(gone), "")
	}
	if come := without(is, was); len(come) > 0 {
		s.weigh(wider, "enum", "", valuesText(come))
	}
}

func without(values, others []any) []any {
	var rest []any
	for _, v := range values {
		if !slices.ContainsFunc(others, func(o any) bool { return valueText(o) == valueText(v) }) {
			rest = append(rest, v)
		}
	}
	return rest
}

func valuesText(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = valueText(v)
	}
	return strings.Join(texts, ", ")
}

func (s site) bounds(d *diff.SchemaDiff) {
	s.bound("minimum", take(&d.MinDiff), math.Inf(-1))
	s.bound("exclusiveMinimum", take(&d.ExclusiveMinDiff), math.Inf(-1))
	s.bound("minLength", take(&d.MinLengthDiff), math.Inf(-1))
	s.bound("minItems", take(&d.MinItemsDiff), math.Inf(-1))
	s.bound("minProperties", take(&d.MinPropsDiff), math.Inf(-1))
	s.bound("maximum", take(&d.MaxDiff), math.Inf(1))
	s.bound("exclusiveMaximum", take(&d.ExclusiveMaxDiff), math.Inf(1))
	s.bound("maxLength", take(&d.MaxLengthDiff), math.Inf(1))
	s.bound("maxItems", take(&d.MaxItemsDiff), math.Inf(1))
	s.bound("maxProperties", take(&d.MaxPropsDiff), math.Inf(1))
	if v := take(&d.MultipleOfDiff); v != nil {
		e := different
		if v.From == nil {
			e = narrower
		} else if v.To == nil {
			e = wider
		}
		s.weigh(e, "multipleOf", boundText(v.From), boundText(v.To))
	}
}

// bound weighs a bound. Its sign of absence, -Inf or +Inf, says on which side it stands.
func (s site) bound(aspect string, v *diff.ValueDiff, absent float64) {
	if v == nil {
		return
	}
	was, is := number(v.From, absent), number(v.To, absent)
	e := wider
	if (is > was) == (absent < 0) {
		e = narrower
	}
	s.weigh(e, aspect, boundText(v.From), boundText(v.To))
}

func number(value any, absent float64) float64 {
	switch n := value.(type) {
	case float64:
		return n
	case uint64:
		return float64(n)
	default:
		return absent
	}
}

func boundText(value any) string {
	// The unset lower bounds of lengths and counts are 0.
	if n := number(value, math.NaN()); !math.IsNaN(n) && value != uint64(0) {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return ""
}

func (s site) flags(d *diff.SchemaDiff) {
	s.flag("nullable", take(&d.NullableDiff), wider)
	s.flag("uniqueItems", take(&d.UniqueItemsDiff), narrower)
	s.flag("allowEmptyValue", take(&d.AllowEmptyValueDiff), wider)
	// readOnly means nothing in an answer and writeOnly nothing in a request.
	readOnly, writeOnly := take(&d.ReadOnlyDiff), take(&d.WriteOnlyDiff)
	if s.change.Direction == Request {
		s.flag("readOnly", readOnly, narrower)
	} else {
		s.flag("writeOnly", writeOnly, different)
	}
	// Readers ignore properties they do not know, so only requests are weighed.
	if v := take(&d.AdditionalPropertiesAllowedDiff); v != nil && s.change.Direction == Request {
		e := wider
		if v.To == false {
			e = narrower
		}
		s.weigh(e, "additionalProperties", valueText(v.From), valueText(v.To))
	}
}

// flag weighs a flag that has the effect whenTrue when it is set, and the opposite when cleared.
func (s site) flag(aspect string, v *diff.ValueDiff, whenTrue effect) {
	if v == nil {
		return
	}
	e := whenTrue
	switch {
	case v.To == true || whenTrue == different:
	case whenTrue == narrower:
		e = wider
	default:
		e = narrower
	}
	s.weigh(e, aspect, valueText(v.From), valueText(v.To))
}

// value weighs a value of which only the effect of any change is known.
func (s site) value(aspect string, v *diff.ValueDiff, e effect) {
	if v != nil {
		s.weigh(e, aspect, valueText(v.From), valueText(v.To))
	}
}

// rest weighs keywords that have no rule of their own. They cannot be shown to be harmless.
func (s site) rest(d diff.SchemaDiff) {
	var keywords map[string]json.RawMessage
	encoded, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(encoded, &keywords)
	}
	if err != nil {
		s.add(Breaking, "schema", "", "", "What changed cannot be written as JSON; compare the documents by eye.")
		return
	}
	for _, keyword := range slices.Sorted(maps.Keys(keywords)) {
		var v struct{ From, To any }
		if json.Unmarshal(keywords[keyword], &v) != nil || v.From == nil && v.To == nil {
			v.To = string(keywords[keyword])
		}
		s.weigh(different, keyword, valueText(v.From), valueText(v.To))
	}
}

// take returns what p holds and leaves nothing there.
func take[T any](p **T) *T {
	v := *p
	*p = nil
	return v
}
