package drift

import (
	"maps"
	"slices"
	"strings"
)

// plain rewrites a schema, whose parts are plain already, into one spelling: that of OpenAPI 3.0,
// but for exclusive bounds. Other objects have none of these keywords.
func plain(s object) object {
	for _, key := range []string{"$id", "$anchor", "$dynamicAnchor", "$schema", "$defs"} {
		delete(s, key)
	}
	plainTypes(s)
	plainBranches(s)
	for exclusive, bound := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
		if s[exclusive] != true {
			continue
		}
		if delete(s, exclusive); s[bound] != nil {
			s[exclusive] = s[bound]
			delete(s, bound)
		}
	}
	if constant, is := s["const"]; is {
		s["enum"] = []any{constant}
		delete(s, "const")
	}
	return merged(s)
}

// plainTypes turns the list of types [T, null] into T and nullable.
func plainTypes(s object) {
	types, isList := s["type"].([]any)
	if !isList {
		return
	}
	rest := minus(types, []any{"null"})
	if len(rest) == 0 {
		return
	}
	if len(rest) < len(types) {
		s["nullable"] = true
	}
	slices.SortFunc(rest, func(a, b any) int { return strings.Compare(shown(a), shown(b)) })
	if s["type"] = rest; len(rest) == 1 {
		s["type"] = rest[0]
	}
}

// plainBranches turns a branch {type: null} into nullable, a single branch into allOf, and anyOf
// into oneOf where no value fits two branches.
func plainBranches(s object) {
	for _, key := range []string{"oneOf", "anyOf"} {
		all := list(s[key])
		rest := slices.DeleteFunc(slices.Clone(all), func(b any) bool { return objectOf(b)["type"] == "null" })
		if len(rest) == 0 || len(rest) == len(all) {
			continue
		}
		s["nullable"], s[key] = true, rest
		if len(rest) == 1 {
			s["allOf"] = slices.Concat(list(s["allOf"]), rest)
			delete(s, key)
		}
	}
	if s["oneOf"] == nil && disjoint(list(s["anyOf"])) {
		s["oneOf"] = s["anyOf"]
		delete(s, "anyOf")
	}
}

// disjoint says whether no value fits two of the branches, because each is of one type of its own.
func disjoint(branches []any) bool {
	seen := map[string]bool{}
	for _, branch := range branches {
		// Every integer is a number.
		name := strings.Replace(text(objectOf(branch)["type"]), "integer", "number", 1)
		if name == "" || seen[name] || objectOf(branch)["nullable"] != nil {
			return false
		}
		seen[name] = true
	}
	return len(branches) > 0
}

// merged writes the branches of allOf into the schema around them, whose words and default win.
// Where that could lose something, the branches stay and are compared as such.
func merged(s object) object {
	branches := list(s["allOf"])
	if len(branches) == 0 {
		return s
	}
	out, sources := object{}, object{}
	nullable, asserting := true, 0
	for _, branch := range append(slices.Clone(branches), without(s, "allOf")) {
		if meaning(part, branch) != "{}" {
			nullable = nullable && objectOf(branch)["nullable"] != nil
			asserting++
		}
		if !mergeInto(out, sources, objectOf(branch)) {
			return s
		}
	}
	if asserting > 1 && slices.ContainsFunc(keysOf(out), isEntangled) {
		return s
	}
	if !nullable && s["nullable"] == nil {
		delete(out, "nullable")
	}
	out[sourcesKey] = sources
	return out
}

// isEntangled says whether a keyword means something else beside keywords of another branch.
func isEntangled(key string) bool {
	return slices.Contains([]string{"additionalProperties", "unevaluatedProperties", "unevaluatedItems", "prefixItems",
		"contains", "minContains", "maxContains", "if", "then", "else"}, key)
}

// mergeInto adds the keywords of a schema to those of out, and reports whether it could.
func mergeInto(out, sources, schema object) bool {
	for key, v := range without(schema, sourcesKey) {
		before, both := out[key]
		switch {
		case !both || isWords(key) || key == "default" || key == sourceKey:
			out[key] = v
		case key == "required":
			out[key] = append(minus(list(before), list(v)), list(v)...)
		case key == "properties":
			properties := maps.Clone(objectOf(before))
			for name, property := range objectOf(v) {
				if other, twice := properties[name]; twice && meaning(part, other) != meaning(part, property) {
					return false
				}
				properties[name] = property
			}
			out[key] = properties
		case meaning(formOf(key), before) != meaning(formOf(key), v):
			return false
		}
		sources[key] = sourceOf(schema, key, "")
	}
	return true
}
