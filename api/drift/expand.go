package drift

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Once every reference is written out, an operation can have exponentially many parts. These
// bounds are far beyond those of the service.
const (
	maxParts = 20_000
	maxDepth = 100
)

// expander copies operations into trees in which equal meaning is equal structure as far as that
// is simple: references written out, and every part in one spelling.
type expander struct {
	doc          document
	open         map[string]bool // the references around the part
	parts, depth int
}

// expand returns the tree of an operation: its parameters, by "in name" and with path parameters
// named as in the path ours, its body, responses and words.
func (o operation) expand(ours string) (object, error) {
	e := &expander{doc: o.doc, open: map[string]bool{}}
	node := without(without(without(o.node, "parameters"), "security"), "servers")
	tree, err := e.expand(node)
	if err != nil {
		return nil, err
	}
	parameters := object{}
	names := parameterNames(o.path, ours)
	// Those of the operation win over those of its path.
	for _, raw := range slices.Concat(list(o.item["parameters"]), list(o.node["parameters"])) {
		v, err := e.expand(raw)
		if err != nil {
			return nil, fmt.Errorf("parameters: %w", err)
		}
		p := objectOf(v)
		in, name := text(p["in"]), text(p["name"])
		if in == "header" {
			name = strings.ToLower(name)
		}
		if other, known := names[name]; known && in == "path" {
			name = other
		}
		parameters[in+" "+name] = serialized(p, in == "query" || in == "cookie")
	}
	all := objectOf(tree)
	all["parameters"] = parameters
	return all, nil
}

// serialized writes out the defaults of style and explode.
func serialized(p object, isForm bool) object {
	p = without(without(p, "in"), "name")
	if p["style"] == nil {
		p["style"] = map[bool]string{true: "form", false: "simple"}[isForm]
	}
	if p["explode"] == nil {
		p["explode"] = p["style"] == "form"
	}
	return p
}

// expand copies a part and those below it.
func (e *expander) expand(raw any) (any, error) {
	e.parts++
	e.depth++
	defer func() { e.depth-- }()
	if e.parts > maxParts || e.depth > maxDepth {
		return nil, fmt.Errorf("once references are written out, the operation has more than %d parts or %d levels", maxParts, maxDepth)
	}
	if _, isBool := raw.(bool); isBool {
		return raw, nil
	}
	node, isObject := raw.(object)
	if !isObject {
		return nil, fmt.Errorf("there is %s in place of an object", jsonText(raw))
	}
	if node["$ref"] != nil {
		return e.reference(node)
	}
	out := object{}
	for _, key := range keysOf(node) {
		if isExtension(key) && key != sourceKey || saysDefault(key, node[key]) {
			continue
		}
		v, err := e.below(key, node[key])
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	return plain(out), nil
}

func (e *expander) below(key string, raw any) (any, error) {
	switch formOf(key) {
	case part:
		return e.expand(raw)
	case named:
		return e.named(key, raw)
	case listed:
		out := []any{}
		for _, one := range list(raw) {
			v, err := e.expand(one)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
	return raw, nil
}

// saysDefault says whether a value means the same as none at all.
func saysDefault(key string, v any) bool {
	switch key {
	case "links": // they tell how requests follow from answers, and change neither
		return true
	case "default", "const", "enum":
		return false
	case "required", "deprecated", "allowEmptyValue", "allowReserved", "nullable", "readOnly", "writeOnly", "uniqueItems",
		"exclusiveMinimum", "exclusiveMaximum":
		names, isList := v.([]any)
		return v == false || isList && len(names) == 0
	case "additionalProperties", "unevaluatedItems", "unevaluatedProperties":
		return v == true || v != false && len(objectOf(v)) == 0
	case "minLength", "minItems", "minProperties":
		return v == 0.0
	}
	return v == nil || v == "" || formOf(key) == listed && len(list(v)) == 0
}

func (e *expander) named(key string, raw any) (any, error) {
	node, isObject := raw.(object)
	if !isObject {
		return nil, errors.New(key + " is not an object")
	}
	out := object{}
	for _, name := range keysOf(node) {
		if isExtension(name) && key == "responses" {
			continue
		}
		v, err := e.expand(node[name])
		if err != nil && key != "properties" {
			err = fmt.Errorf("%s %s: %w", key, name, err)
		}
		if err != nil {
			return nil, err
		}
		switch key {
		case "content":
			name, _, _ = strings.Cut(strings.ToLower(name), ";")
			name = strings.TrimSpace(name)
		case "headers":
			name, v = strings.ToLower(name), serialized(objectOf(v), false)
		}
		out[name] = v
	}
	return out, nil
}

// reference copies what a reference leads to. A schema inside itself is cut to the empty schema;
// the contract has none, so that no comparison gets that far.
func (e *expander) reference(node object) (any, error) {
	target, refs, err := e.doc.resolve(node)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if e.open[ref] {
			return object{}, nil
		}
		e.open[ref] = true
		defer delete(e.open, ref)
	}
	// Before OpenAPI 3.1, what stands beside a reference has no meaning.
	if rest := without(node, "$ref"); len(rest) > 0 && !strings.HasPrefix(text(e.doc.root["openapi"]), "3.0") {
		rest["allOf"] = slices.Concat(list(rest["allOf"]), []any{target})
		target = rest
	}
	return e.expand(target)
}
