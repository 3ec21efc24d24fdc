package drift

import (
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"
)

// properties compares the properties of an object and which of them are required.
func (s site) properties(d *diff.SchemaDiff) {
	properties, required := take(&d.PropertiesDiff), take(&d.RequiredDiff)
	var added, deleted []string
	if properties != nil {
		added, deleted = properties.Added, properties.Deleted
		for _, name := range deleted {
			s.child(name).goneProperty(describe(d.Base.Properties[name]))
		}
		for _, name := range added {
			s.child(name).newProperty(describe(d.Revision.Properties[name]), slices.Contains(d.Revision.Required, name))
		}
		for name, changed := range properties.Modified {
			s.child(name).schema(changed, d.Base.Properties[name], d.Revision.Properties[name])
		}
	}
	if required == nil {
		return
	}
	// What came or went as a whole has been told already.
	for _, name := range required.Added {
		if !slices.Contains(added, name) {
			s.child(name).weigh(narrower, "required", "", "true")
		}
	}
	for _, name := range required.Deleted {
		if !slices.Contains(deleted, name) {
			s.child(name).weigh(wider, "required", "true", "")
		}
	}
}

func (s site) goneProperty(was string) {
	meaning := "Programs that read the field find nothing."
	if s.change.Direction == Request {
		meaning = "Programs that send the field are refused, or it is ignored."
	}
	s.add(Breaking, "presence", was, "", meaning)
}

func (s site) newProperty(is string, required bool) {
	switch {
	case s.change.Direction == Request && required:
		s.add(Breaking, "presence", "", "required "+is, "This client does not send the field, so its requests are refused.")
	case s.change.Direction == Request:
		s.add(Additive, "presence", "", is, "There is an optional field that this client cannot send.")
	default:
		s.add(Additive, "presence", "", is, "Answers carry a field that this client ignores.")
	}
}

// parts compares the schemas inside a schema that are not properties.
func (s site) parts(d *diff.SchemaDiff) {
	s.child("items").schema(take(&d.ItemsDiff), d.Base.Items, d.Revision.Items)
	// Readers ignore properties they do not know, so only requests are weighed.
	if extra := take(&d.AdditionalPropertiesDiff); s.change.Direction == Request {
		s.child("*").schema(extra, d.Base.AdditionalProperties.Schema, d.Revision.AdditionalProperties.Schema)
	}
	s.branches("oneOf", wider, take(&d.OneOfDiff), d.Base.OneOf, d.Revision.OneOf)
	s.branches("anyOf", wider, take(&d.AnyOfDiff), d.Base.AnyOf, d.Revision.AnyOf)
	s.branches("allOf", narrower, take(&d.AllOfDiff), d.Base.AllOf, d.Revision.AllOf)
	if not := take(&d.NotDiff); !not.Empty() {
		e := different
		if not.SchemaAdded {
			e = narrower
		} else if not.SchemaDeleted {
			e = wider
		}
		s.weigh(e, "not", schemaText(d.Base.Not), schemaText(d.Revision.Not))
	}
}

// branches compares the branches of oneOf, anyOf or allOf, where one more has the effect
// whenAdded and one less the opposite.
func (s site) branches(aspect string, whenAdded effect, d *diff.SubschemasDiff, base, revision openapi3.SchemaRefs) {
	if d == nil {
		return
	}
	whenDeleted := narrower + wider - whenAdded
	// A message without branches is not held to any: the first branch ends that freedom.
	if whenAdded == wider && (len(base) == 0 || len(revision) == 0) {
		whenAdded, whenDeleted = narrower, wider
	}
	for _, branch := range d.Deleted {
		s.weigh(whenDeleted, aspect, describe(base[branch.Index]), "")
	}
	for _, branch := range d.Added {
		s.weigh(whenAdded, aspect, "", describe(revision[branch.Index]))
	}
	for _, branch := range d.Modified {
		s.child(aspect, strconv.Itoa(branch.Base.Index)).schema(branch.Diff, base[branch.Base.Index], revision[branch.Revision.Index])
	}
}

// describe is a schema in a few words.
func describe(ref *openapi3.SchemaRef) string {
	if ref == nil || ref.Value == nil {
		return "anything"
	}
	schema := ref.Value
	text := typeText(schema)
	switch {
	case len(schema.Enum) > 0:
		text += " (" + valuesText(schema.Enum) + ")"
	case schema.Format != "":
		text += " (" + schema.Format + ")"
	case schema.Type.Is("array") && schema.Items != nil:
		text += " of " + describe(schema.Items)
	case text == "":
		text = "anything"
	}
	if schema.Nullable {
		text += " or null"
	}
	return text
}

// schemaText is a schema in full, as JSON.
func schemaText(ref *openapi3.SchemaRef) string {
	if ref == nil {
		return ""
	}
	return valueText(ref.Value)
}
