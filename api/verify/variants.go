package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// variants are right bodies with the optional fields that both operations have.
func variants(s *openapi3.Schema, right fields, want wanted) []making {
	tolerant := want.noting(accountDependent, 400, 403, 409)
	bounds := resolved(s.Properties[subaccountProperty])
	list := []making{
		{name: "for the lowest subaccount", body: right.with(subaccountProperty, bound(bounds.Min, 0)), want: tolerant},
		{name: "for the highest subaccount", body: right.with(subaccountProperty, bound(bounds.Max, 0)), want: tolerant},
		{name: "for a subtrader", body: right.with(subtraderProperty, quote(exampleSubtrader)), want: tolerant},
	}
	for _, scope := range texts(resolved(resolved(s.Properties[scopesProperty]).Items).Enum) {
		scopes := []string{scope}
		if scope == scopeWrite {
			scopes = []string{scopeRead, scopeWrite}
		}
		text, _ := json.Marshal(scopes)
		list = append(list, making{
			name: "with scopes " + string(text), body: right.with(scopesProperty, text),
			want: want.noting(accountDependent, 403),
		})
	}
	return list
}

// wrongBody is a body that the contract forbids.
type wrongBody struct {
	name string
	text string
	// why accepting it is tolerated, if it is
	tolerated string
}

const (
	ignoresFields = "the server ignores it, which many do"
	ignoresNull   = "the server takes null for absent, which many do"
	takesOne      = "the server takes one of the two, which many do"
)

// wrongBodies derives from the schema every way in which a right body can be made wrong: each
// required field missing, each type wrong, each bound crossed.
func wrongBodies(s *openapi3.Schema, right fields) []wrongBody {
	var wrong []wrongBody
	add := func(name string, body fields) { wrong = append(wrong, wrongBody{name: name, text: body.String()}) }
	for _, name := range s.Required {
		add("without "+name, right.without(name))
		add("null as "+name, right.with(name, json.RawMessage("null")))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		for _, text := range wrongValues(resolved(s.Properties[name])) {
			add(text+" as "+name, right.with(name, json.RawMessage(text)))
		}
		if !slices.Contains(s.Required, name) {
			wrong = append(wrong, wrongBody{"null as " + name, right.with(name, json.RawMessage("null")).String(), ignoresNull})
		}
	}
	if s.Not != nil {
		both := maps.Clone(right)
		for _, name := range s.Not.Value.Required {
			both[name] = rightValue(resolved(s.Properties[name]))
		}
		add(strings.Join(s.Not.Value.Required, " and ")+" together", both)
	}
	if s.Properties[scopesProperty] != nil {
		add("the scope write without read", right.with(scopesProperty, json.RawMessage(`["write"]`)))
	}
	return append(wrong, wrongWholes(right)...)
}

func wrongWholes(right fields) []wrongBody {
	text := right.String()
	twice := fmt.Sprintf(`{"name":%s,%s`, right[nameProperty], strings.TrimPrefix(text, "{"))
	return []wrongBody{
		{name: "an empty object", text: "{}"},
		{name: "an array instead of an object", text: "[]"},
		{name: "null instead of an object", text: "null"},
		{name: "text that is not JSON", text: "name=verify"},
		{name: "JSON that ends too early", text: strings.TrimSuffix(text, "}")},
		{name: "two JSON values", text: text + text},
		{"an unknown field", right.with("verify_unknown", json.RawMessage("1")).String(), ignoresFields},
		{"a name twice", twice, takesOne},
	}
}

// examples are a value of each type, as JSON.
var examples = [...]struct{ kind, text string }{
	{openapi3.TypeString, `"7"`}, {openapi3.TypeNumber, "1.5"}, {openapi3.TypeInteger, "7"},
	{openapi3.TypeArray, "[]"}, {openapi3.TypeBoolean, "true"}, {openapi3.TypeObject, "{}"},
}

// wrongValues returns values that do not fit s, as JSON.
func wrongValues(s *openapi3.Schema) []string {
	var wrong []string
	for _, example := range examples {
		if s.Type != nil && !s.Type.Permits(example.kind) {
			wrong = append(wrong, example.text)
		}
	}
	if s.Min != nil {
		wrong = append(wrong, string(bound(s.Min, -1)))
	}
	if s.Max != nil {
		wrong = append(wrong, string(bound(s.Max, +1)), "99999999999999999999")
	}
	if allowed := texts(s.Enum); len(allowed) > 0 {
		wrong = append(wrong, `"verify-unknown"`, string(quote(strings.ToUpper(allowed[0]))), `""`)
	}
	for _, text := range unmatched(s) {
		wrong = append(wrong, string(quote(text)))
	}
	if s.Items != nil {
		for _, item := range append(wrongValues(resolved(s.Items)), "null") {
			wrong = append(wrong, "["+item+"]")
		}
	}
	return wrong
}

// unmatched returns texts that do not match the pattern of s.
func unmatched(s *openapi3.Schema) []string {
	if s == nil || s.Pattern == "" {
		return nil
	}
	candidates := []string{"", "verify", "verify_", "_verify", "verify_12345678901234567", "verify_a-b"}
	return slices.DeleteFunc(candidates, regexp.MustCompile(s.Pattern).MatchString)
}

func rightValue(s *openapi3.Schema) json.RawMessage {
	if s.Min != nil {
		return bound(s.Min, 0)
	}
	return quote(exampleSubtrader)
}

// bound returns a bound of a schema, or a number beside it.
func bound(limit *float64, more float64) json.RawMessage {
	return json.RawMessage(fmt.Sprint(*limit + more))
}
