package drift

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// form says what stands below a key of an OpenAPI object.
type form int

const (
	literal form = iota // a value that is compared as it is
	part                // an object
	named               // a map of objects, by names that the document chooses
	listed              // a list of objects
)

func formOf(key string) form {
	switch key {
	case "requestBody", "schema", "itemSchema", "items", "additionalProperties", "not", "if", "then", "else", "contains",
		"propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema":
		return part
	case "parameters", "responses", "content", "headers", "properties", "patternProperties", "dependentSchemas", "servers":
		return named
	case "oneOf", "anyOf", "allOf", "prefixItems":
		return listed
	}
	return literal
}

// isWords says whether what stands below a key is for people only.
func isWords(key string) bool {
	return slices.Contains([]string{"summary", "description", "title", "example", "examples", "externalDocs", "tags",
		"$comment", "operationId"}, key)
}

func isExtension(key string) bool { return strings.HasPrefix(key, "x-") }

// bare copies a value of a form without words and extensions.
func bare(f form, v any) any {
	node, isObject := v.(object)
	switch parts, isList := v.([]any); {
	case isList && f == listed:
		out := make([]any, len(parts))
		for i := range parts {
			out[i] = bare(part, parts[i])
		}
		return out
	case isObject && f == named:
		out := object{}
		for name := range node {
			out[name] = bare(part, node[name])
		}
		return out
	case isObject && f == part:
		out := object{}
		for key := range node {
			if !isWords(key) && !isExtension(key) {
				out[key] = bare(formOf(key), node[key])
			}
		}
		return out
	}
	return v
}

// meaning is the same text for values of a form that mean the same.
func meaning(f form, v any) string { return jsonText(bare(f, v)) }

// with returns a copy of a tree with another value at a path; nil removes.
func with(tree any, path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	if parts, isList := tree.([]any); isList {
		i, _ := strconv.Atoi(path[0])
		parts = slices.Clone(parts)
		parts[i] = with(parts[i], path[1:], v)
		return parts
	}
	node := maps.Clone(objectOf(tree))
	if node == nil {
		node = object{}
	}
	if node[path[0]] = with(node[path[0]], path[1:], v); node[path[0]] == nil {
		delete(node, path[0])
	}
	return node
}

// get returns what stands at a path of a tree.
func get(tree any, path []string) any {
	for _, name := range path {
		if parts, isList := tree.([]any); isList {
			i, _ := strconv.Atoi(name)
			tree = parts[i]
			continue
		}
		tree = objectOf(tree)[name]
	}
	return tree
}

func without(node object, key string) object {
	out := maps.Clone(node)
	delete(out, key)
	return out
}

// minus returns the values that are not among the others.
func minus[T any](values, others []T) []T {
	known := map[string]bool{}
	for _, other := range others {
		known[jsonText(other)] = true
	}
	return slices.DeleteFunc(append([]T{}, values...), func(v T) bool { return known[jsonText(v)] })
}

func keysOf(objects ...object) []string {
	all := object{}
	for _, o := range objects {
		maps.Copy(all, o)
	}
	return slices.Sorted(maps.Keys(all))
}

// jsonText writes a value as JSON, with the keys of objects in order.
func jsonText(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(encoded)
}

// shown writes a value on one line: text as it is, nothing as nothing, anything else as JSON.
func shown(v any) string {
	if s, isText := v.(string); isText || v == nil {
		return s
	}
	return jsonText(v)
}

// texts are the values of a list, or one value, as shown.
func texts(v any) (all []string) {
	values, isList := v.([]any)
	if !isList && v != nil {
		values = []any{v}
	}
	for _, one := range values {
		all = append(all, shown(one))
	}
	return all
}
