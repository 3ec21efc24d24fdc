package drift

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// alternative is one way to authenticate: everything it asks for, sorted. The empty one asks for
// nothing.
type alternative []string

func (a alternative) String() string {
	if len(a) == 0 {
		return "no credentials"
	}
	return strings.Join(a, " + ")
}

// alternatives returns the ways to authenticate an operation, any of which will do. Schemes
// appear as what goes over the wire, so that renaming a scheme is no change and moving a scheme
// to another header is one.
func alternatives(doc *openapi3.T, node *openapi3.Operation) []alternative {
	requirements := doc.Security
	if node.Security != nil {
		requirements = *node.Security
	}
	if len(requirements) == 0 {
		return []alternative{nil}
	}
	all := make([]alternative, 0, len(requirements))
	for _, requirement := range requirements {
		var a alternative
		for name, scopes := range requirement {
			scheme := schemeText(doc, name)
			if len(scopes) > 0 {
				scheme += " (" + strings.Join(slices.Sorted(slices.Values(scopes)), ", ") + ")"
			}
			a = append(a, scheme)
		}
		slices.Sort(a)
		all = append(all, a)
	}
	slices.SortFunc(all, slices.Compare[alternative])
	return slices.CompactFunc(all, slices.Equal[alternative])
}

// schemeText is what a scheme asks for. Header names do not depend on case.
func schemeText(doc *openapi3.T, name string) string {
	var ref *openapi3.SecuritySchemeRef
	if doc.Components != nil {
		ref = doc.Components.SecuritySchemes[name]
	}
	if ref == nil || ref.Value == nil {
		return "undefined scheme " + name
	}
	switch s := ref.Value; {
	case s.Type == "apiKey" && s.In == "header":
		return "header " + strings.ToUpper(s.Name)
	case s.Type == "apiKey":
		return s.In + " " + s.Name
	case s.Type == "http":
		return "HTTP " + strings.ToLower(s.Scheme)
	default:
		return s.Type + " " + name
	}
}

// security compares how requests are authenticated.
func (s site) security(ours, theirs []alternative) {
	s = s.at("security")
	was, is := alternativesText(ours), alternativesText(theirs)
	accepted := 0
	for _, sent := range ours {
		if slices.ContainsFunc(theirs, sent.satisfies) {
			accepted++
		}
	}
	switch {
	case was == is:
	case accepted == len(ours) && slices.ContainsFunc(theirs, func(a alternative) bool { return len(a) == 0 }):
		s.add(Additive, "alternatives", was, is,
			"The revision asks for no credentials. A document that forgets to say so reads the same: go on sending them.")
	case accepted == len(ours):
		s.add(Additive, "alternatives", was, is, "What this client sends still authenticates a request; there are other ways.")
	case accepted > 0:
		s.add(Breaking, "alternatives", was, is, "One of the ways to authenticate is gone; programs that use it are refused.")
	default:
		s.add(Breaking, "alternatives", was, is, "What this client sends no longer authenticates a request.")
	}
}

// satisfies says whether a request that carries a is enough for what is asked.
func (a alternative) satisfies(asked alternative) bool {
	return !slices.ContainsFunc(asked, func(scheme string) bool { return !slices.Contains(a, scheme) })
}

func alternativesText(all []alternative) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	return strings.Join(texts, " or ")
}
