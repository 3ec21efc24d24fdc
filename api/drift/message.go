package drift

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"
)

// method walks the differences of one operation.
func (s site) method(d *diff.MethodDiff) {
	s.valueWords("summary", d.SummaryDiff)
	s.valueWords("description", d.DescriptionDiff)
	s.deprecated(d.DeprecatedDiff)
	if d.TagsDiff != nil {
		s.words("tags", strings.Join(d.Base.Tags, ", "), strings.Join(d.Revision.Tags, ", "))
	}
	if d.ExternalDocsDiff != nil {
		s.words("externalDocs", d.Base.ExternalDocs, d.Revision.ExternalDocs)
	}
	s.in(Request).parameters(d)
	s.in(Request).at("request body").body(d)
	s.in(Response).responses(d)
}

func (s site) valueWords(aspect string, d *diff.ValueDiff) {
	if d != nil {
		s.words(aspect, d.From, d.To)
	}
}

func (s site) deprecated(d *diff.ValueDiff) {
	switch {
	case d == nil:
	case d.To == true:
		s.add(Additive, "deprecated", "", "true", "It still works, but the service means to remove it; plan to do without it.")
	default:
		s.words("deprecated", d.From, "")
	}
}

func (s site) parameters(d *diff.MethodDiff) {
	if d.ParametersDiff == nil {
		return
	}
	for _, in := range slices.Sorted(maps.Keys(d.ParametersDiff.Deleted)) {
		for _, name := range d.ParametersDiff.Deleted[in] {
			was := d.Base.Parameters.GetByInAndName(in, name)
			s.at("parameter "+in+" "+name).add(Breaking, "presence", describe(was.Schema), "",
				"Programs that send it are refused, or it is ignored.")
		}
	}
	for _, in := range slices.Sorted(maps.Keys(d.ParametersDiff.Added)) {
		for _, name := range d.ParametersDiff.Added[in] {
			s.at("parameter " + in + " " + name).newParameter(d.Revision.Parameters.GetByInAndName(in, name))
		}
	}
	for _, in := range slices.Sorted(maps.Keys(d.ParametersDiff.Modified)) {
		for name, changed := range d.ParametersDiff.Modified[in] {
			s.at("parameter " + in + " " + name).parameter(changed)
		}
	}
}

func (s site) newParameter(p *openapi3.Parameter) {
	if p.Required {
		s.add(Breaking, "presence", "", "required "+describe(p.Schema), "This client does not send it, so its requests are refused.")
		return
	}
	s.add(Additive, "presence", "", describe(p.Schema), "There is an optional parameter that this client does not have.")
}

func (s site) parameter(d *diff.ParameterDiff) {
	s.valueWords("description", d.DescriptionDiff)
	s.valueWords("example", d.ExampleDiff)
	if d.ExamplesDiff != nil {
		s.words("examples", d.Base.Examples, d.Revision.Examples)
	}
	s.deprecated(d.DeprecatedDiff)
	s.flag("required", d.RequiredDiff, narrower)
	s.flag("allowEmptyValue", d.AllowEmptyValueDiff, wider)
	s.flag("allowReserved", d.AllowReservedDiff, wider)
	s.value("style", d.StyleDiff, different)
	s.value("explode", d.ExplodeDiff, different)
	s.schema(d.SchemaDiff, d.Base.Schema, d.Revision.Schema)
	s.content(d.ContentDiff, d.Base.Content, d.Revision.Content)
}

func (s site) body(d *diff.MethodDiff) {
	body := d.RequestBodyDiff
	switch {
	case body == nil:
	case body.Deleted:
		s.add(Breaking, "presence", contentText(d.Base.RequestBody.Value.Content), "", "The operation takes no body any more; what this client sends in it is refused or ignored.")
	case body.Added && d.Revision.RequestBody.Value.Required:
		s.add(Breaking, "presence", "", contentText(d.Revision.RequestBody.Value.Content), "The operation demands a body, which this client does not send.")
	case body.Added:
		s.weigh(wider, "presence", "", contentText(d.Revision.RequestBody.Value.Content))
	default:
		s.valueWords("description", body.DescriptionDiff)
		s.flag("required", body.RequiredDiff, narrower)
		s.content(body.ContentDiff, d.Base.RequestBody.Value.Content, d.Revision.RequestBody.Value.Content)
	}
}

func (s site) responses(d *diff.MethodDiff) {
	if d.ResponsesDiff == nil {
		return
	}
	for _, status := range d.ResponsesDiff.Deleted {
		s.at("response " + status).goneStatus(status)
	}
	for _, status := range d.ResponsesDiff.Added {
		s.at("response " + status).newStatus(status)
	}
	for status, changed := range d.ResponsesDiff.Modified {
		s.at("response " + status).response(changed)
	}
}

func (s site) goneStatus(status string) {
	if strings.HasPrefix(status, "2") {
		s.add(Breaking, "presence", status, "", "The success that this client expects is not documented any more.")
		return
	}
	s.add(Additive, "presence", status, "", "The status is not documented any more; code that handles it can stay and may never run.")
}

func (s site) newStatus(status string) {
	if strings.HasPrefix(status, "2") {
		s.add(Breaking, "presence", "", status, "The service may report success in a way that this client does not take for success.")
		return
	}
	s.add(Additive, "presence", "", status, "The service documents an answer that this client knows only as an unexpected status.")
}

func (s site) response(d *diff.ResponseDiff) {
	s.valueWords("description", d.DescriptionDiff)
	s.headers(d)
	s.within(" body").content(d.ContentDiff, d.Base.Content, d.Revision.Content)
}

func (s site) headers(d *diff.ResponseDiff) {
	if d.HeadersDiff == nil {
		return
	}
	for _, name := range d.HeadersDiff.Deleted {
		s.within(" header "+name).add(Breaking, "presence", describe(d.Base.Headers[name].Value.Schema), "", "Programs that read the header find nothing.")
	}
	for _, name := range d.HeadersDiff.Added {
		s.within(" header "+name).add(Additive, "presence", "", describe(d.Revision.Headers[name].Value.Schema), "Answers carry a header that this client does not look at.")
	}
	for name, changed := range d.HeadersDiff.Modified {
		at := s.within(" header " + name)
		at.valueWords("description", changed.DescriptionDiff)
		at.flag("required", changed.RequiredDiff, narrower)
		at.schema(changed.SchemaDiff, d.Base.Headers[name].Value.Schema, d.Revision.Headers[name].Value.Schema)
	}
}

// content compares media types. The body of application/json is the body; the others are named.
func (s site) content(d *diff.ContentDiff, base, revision openapi3.Content) {
	if d == nil {
		return
	}
	if len(base) == 0 || len(revision) == 0 {
		s.wholeContent(base, revision)
		return
	}
	for _, name := range d.MediaTypeDeleted {
		s.add(Breaking, "content", name, "", "The content type that this client uses is gone: requests are refused, or answers cannot be read.")
	}
	for _, name := range d.MediaTypeAdded {
		s.add(Additive, "content", "", name, "There is another content type; this client goes on with the one it uses.")
	}
	for name, media := range d.MediaTypeModified {
		at := s
		if name != "application/json" {
			at = s.within(" (" + name + ")")
		}
		at.valueWords("example", media.ExampleDiff)
		if media.ExamplesDiff != nil {
			at.words("examples", base[name].Examples, revision[name].Examples)
		}
		at.schema(media.SchemaDiff, base[name].Schema, revision[name].Schema)
		if media.EncodingsDiff != nil {
			at.weigh(different, "encoding", valueText(base[name].Encoding), valueText(revision[name].Encoding))
		}
	}
}

// wholeContent is for a message that has content on one side only.
func (s site) wholeContent(base, revision openapi3.Content) {
	switch was, is := contentText(base), contentText(revision); {
	case is != "":
		s.add(Additive, "content", "", is, "Where this client expects no body there may be one, which it ignores.")
	case s.change.Direction == Request:
		s.add(Breaking, "content", was, "", "What this client sends here is not documented any more.")
	default:
		s.add(Breaking, "content", was, "", "The body is not documented any more: programs that read the result, or the cause of an error, from it may find nothing.")
	}
}

func contentText(content openapi3.Content) string {
	return strings.Join(slices.Sorted(maps.Keys(content)), ", ")
}
