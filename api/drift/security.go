package drift

import (
	"slices"
	"strings"
)

// alternative is one way to authenticate: everything it asks for, sorted.
type alternative []string

// alternatives returns the ways to authenticate an operation, each of which is enough. Schemes
// appear as what goes over the wire, so that renaming a scheme is not a change and moving a
// credential to another header is one.
func (o operation) alternatives() (all []alternative) {
	requirements, own := o.node["security"].([]any)
	if !own {
		requirements = list(o.doc.root["security"])
	}
	for _, requirement := range requirements {
		var a alternative
		for name, scopes := range objectOf(requirement) {
			a = append(a, strings.TrimSpace(o.doc.scheme(name)+" "+strings.Join(slices.Sorted(slices.Values(texts(scopes))), " ")))
		}
		slices.Sort(a)
		all = append(all, a)
	}
	if len(all) == 0 {
		return []alternative{nil}
	}
	slices.SortFunc(all, slices.Compare[alternative])
	return slices.CompactFunc(all, slices.Equal[alternative])
}

// scheme is what a security scheme asks for. Header names do not depend on case.
func (d document) scheme(name string) string {
	raw, _, err := d.resolve(objectOf(objectOf(d.root["components"])["securitySchemes"])[name])
	s := objectOf(raw)
	switch kind, in := text(s["type"]), text(s["in"]); {
	case err != nil || s == nil:
		return "undefined scheme " + name
	case kind == "apiKey" && in == "header":
		return "header " + strings.ToUpper(text(s["name"]))
	case kind == "apiKey":
		return in + " " + text(s["name"])
	case kind == "http":
		return "HTTP " + strings.ToLower(text(s["scheme"]))
	default:
		return kind + " " + name
	}
}

// compareSecurity compares how requests are authenticated.
func compareSecurity(c Change, ours, theirs []alternative) []Change {
	c.Place, c.Aspect, c.Was, c.Is = "security", "alternatives", alternativesText(ours), alternativesText(theirs)
	c.Kind, c.Meaning = Additive, "What this client sends still authenticates a request. Go on sending it, even where the revision asks for less."
	for _, sent := range ours {
		if !slices.ContainsFunc(theirs, sent.satisfies) {
			c.Kind, c.Meaning = Breaking, "What a program sends today may no longer authenticate a request."
		}
	}
	if c.Was == c.Is {
		return nil
	}
	return []Change{c}
}

// satisfies says whether a request that carries a is enough for what is asked.
func (a alternative) satisfies(asked alternative) bool { return len(minus(asked, a)) == 0 }

func alternativesText(all []alternative) string {
	said := make([]string, len(all))
	for i, a := range all {
		if said[i] = strings.Join(a, " + "); len(a) == 0 {
			said[i] = "no credentials"
		}
	}
	return strings.Join(said, " or ")
}
