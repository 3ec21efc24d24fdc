package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Properties and values that the checks know the meaning of.
const (
	scopesProperty     = "scopes"
	publicKeyProperty  = "public_key"
	privateKeyProperty = "private_key"
	keyTypeProperty    = "key_type"
	nameProperty       = "name"
	keyIDProperty      = "api_key_id"
	subaccountProperty = "subaccount"
	subtraderProperty  = "fcm_subtrader_id"

	keyTypeRSA     = "rsa"
	keyTypeEd25519 = "ed25519"
	// writeScope needs the scope read, so a request for it asks for both (source: published).
	writeScope = `["write"]`
	fullAccess = `["read","write"]`
)

// fields is a request body; each field holds JSON.
type fields map[string]json.RawMessage

// with returns a copy with a field set, which is JSON.
func (f fields) with(name, text string) fields {
	copied := maps.Clone(f)
	copied[name] = json.RawMessage(text)
	return copied
}

func (f fields) without(name string) fields {
	copied := maps.Clone(f)
	delete(copied, name)
	return copied
}

// String returns the body as JSON.
func (f fields) String() string {
	text, _ := json.Marshal(f) // what it holds is JSON, made by this package
	return string(text)
}

// value returns a field as the decoder of answers gives it, nil if there is none.
func (f fields) value(name string) any {
	value, _ := decode(f[name])
	return value
}

func decode(text []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func quote(text string) string {
	quoted, _ := json.Marshal(text) // a string always has a JSON form
	return string(quoted)
}

// rightValues returns values that fit s and are worth trying: each of an enum, also as the only item
// of an array, the bounds of a number, and the example of a pattern.
func rightValues(s *openapi3.Schema) []string {
	var right []string
	for _, value := range s.Enum {
		right = append(right, quote(fmt.Sprint(value)))
	}
	for _, limit := range []*float64{s.Min, s.Max} {
		if limit != nil {
			right = append(right, fmt.Sprint(*limit))
		}
	}
	if s.Items != nil {
		for _, item := range rightValues(resolved(s.Items)) {
			right = append(right, strings.Replace("["+item+"]", writeScope, fullAccess, 1))
		}
	}
	if s.Pattern != "" && regexp.MustCompile(s.Pattern).MatchString(exampleSubtrader) {
		right = append(right, quote(exampleSubtrader))
	}
	return right
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
		add("null as "+name, right.with(name, "null"))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		for _, text := range wrongValues(resolved(s.Properties[name])) {
			add(text+" as "+name, right.with(name, text))
		}
		if !slices.Contains(s.Required, name) {
			wrong = append(wrong, wrongBody{"null as " + name, right.with(name, "null").String(), ignoresNull})
		}
	}
	if s.Not != nil {
		all := right
		for _, name := range s.Not.Value.Required {
			all = all.with(name, rightValues(resolved(s.Properties[name]))[0])
		}
		add(strings.Join(s.Not.Value.Required, " and ")+" together", all)
	}
	if s.Properties[scopesProperty] != nil {
		add("the scope write without read", right.with(scopesProperty, writeScope))
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
		{"an unknown field", right.with("verify_unknown", "1").String(), ignoresFields},
		{"a name twice", twice, takesOne},
	}
}

// wrongValues returns values that do not fit s, as JSON.
func wrongValues(s *openapi3.Schema) []string {
	var wrong []string
	for _, example := range [][2]string{
		{openapi3.TypeString, `"7"`}, {openapi3.TypeNumber, "1.5"}, {openapi3.TypeInteger, "7"},
		{openapi3.TypeArray, "[]"}, {openapi3.TypeBoolean, "true"}, {openapi3.TypeObject, "{}"},
	} {
		if !s.Type.Permits(example[0]) {
			wrong = append(wrong, example[1])
		}
	}
	if s.Min != nil {
		wrong = append(wrong, fmt.Sprint(*s.Min-1))
	}
	if s.Max != nil {
		wrong = append(wrong, fmt.Sprint(*s.Max+1), "99999999999999999999")
	}
	if len(s.Enum) > 0 {
		wrong = append(wrong, `"verify-unknown"`, quote(strings.ToUpper(fmt.Sprint(s.Enum[0]))), `""`)
	}
	for _, text := range unmatched(s) {
		wrong = append(wrong, quote(text))
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
	if s.Pattern == "" {
		return nil
	}
	candidates := []string{"", "verify", "verify_", "_verify", "verify_12345678901234567", "verify_a-b"}
	return slices.DeleteFunc(candidates, regexp.MustCompile(s.Pattern).MatchString)
}
