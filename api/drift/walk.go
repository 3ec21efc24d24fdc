package drift

import (
	"slices"
	"strconv"
	"strings"
)

// edit is one difference between the trees of two operations, small enough to be judged alone.
type edit struct {
	Change          // without kind and meaning
	path   []string // where it is in the tree
	value  any      // what it puts there; nil removes
	came   bool     // nothing was there before
	went   bool     // nothing is there afterwards
	known  bool     // it takes away only what the contract has from observation
	// property is set for a property that came or went, and required if it came as a required one.
	property, required bool
	// effect is set where it follows from how the two differ, and the checker is not asked.
	effect effect
}

// maxEdits bounds what is judged of one operation.
const maxEdits = 1000

// walker finds the edits between the trees of two operations.
type walker struct{ edits []edit }

// add records an edit. The value is what it puts there: what is there in the end or, where several
// edits share a path, this edit's part of it.
func (w *walker) add(path []string, source string, was, is, value any) *edit {
	e := edit{path: path, value: value, came: was == nil, went: is == nil}
	e.Was, e.Is = shown(was), shown(is)
	e.Aspect = path[len(path)-1]
	// The service's documents give each value a type, however its contents are known.
	e.known = is == nil && e.Aspect != "type" && onlyObserved(was, source)
	e.Place, e.Direction = placeOf(path[:len(path)-1])
	w.edits = append(w.edits, e)
	return &w.edits[len(w.edits)-1]
}

// presence records that a part came or went.
func (w *walker) presence(path []string, source string, was, is any) *edit {
	e := w.add(path, source, was, is, is)
	switch {
	case slices.Contains([]string{"responses", "servers"}, path[0]) && len(path) == 2:
		e.Was, e.Is = nameIf(was, path[1]), nameIf(is, path[1])
	case len(path) > 1 && path[len(path)-2] == "content":
		e.Was, e.Is, e.Aspect = nameIf(was, path[len(path)-1]), nameIf(is, path[len(path)-1]), "content"
		return e
	default:
		e.Was, e.Is = shownPart(was), shownPart(is)
	}
	e.Aspect = "presence"
	e.Place, e.Direction = placeOf(path)
	return e
}

// compare compares what stands at a path: values of one form. The source is that of the part
// around it.
func (w *walker) compare(path []string, f form, source string, was, is any) {
	before, wasObject := was.(object)
	after, isObject := is.(object)
	key := ""
	if len(path) > 0 {
		key = path[len(path)-1]
	}
	switch {
	case f == named:
		w.members(path, source, before, after, nil)
	case f == part && wasObject && isObject && !isOpaque(key):
		w.keys(path, sourceOf(before, "", source), before, after)
	case f == listed && was != nil && is != nil && !isOpaque(key):
		w.branches(path, source, list(was), list(is))
	case meaning(f, was) == meaning(f, is):
	case key == "enum" && len(minus(list(is), list(was))) < len(list(is)):
		w.enum(path, source, list(was), list(is))
	case f == part && (wasObject || isObject):
		w.presence(path, source, was, is)
	default:
		w.add(path, source, was, is, is)
	}
}

// isOpaque says whether a change inside a keyword's schema cannot be weighed like one outside.
func isOpaque(key string) bool {
	return slices.Contains([]string{"not", "if", "contains", "prefixItems"}, key)
}

// members compares the parts of a map. Required are the names of those that must be there.
func (w *walker) members(path []string, source string, was, is object, required []any) {
	for _, name := range keysOf(was, is) {
		there := append(slices.Clone(path), name)
		if was[name] != nil && is[name] != nil {
			w.compare(there, part, source, was[name], is[name])
		} else {
			e := w.presence(there, source, was[name], is[name])
			e.property = path[len(path)-1] == "properties"
			e.required = slices.Contains(required, any(name))
		}
	}
}

// keys compares two parts key by key. A schema that becomes a choice between schemas, or the
// reverse, is told as a whole.
func (w *walker) keys(path []string, source string, was, is object) {
	whole := (was["oneOf"] == nil) != (is["oneOf"] == nil) || (was["anyOf"] == nil) != (is["anyOf"] == nil)
	if whole {
		e := w.add(append(slices.Clone(path), "oneOf"), source, shownPart(was), shownPart(is), nil)
		e.path, e.value, e.effect = path, is, choiceEffect(was, is)
	}
	for _, key := range keysOf(was, is) {
		there := append(slices.Clone(path), key)
		switch {
		case isExtension(key):
		case isWords(key):
			a, b := wording(was[key]), wording(is[key])
			if a != b && !(key == "operationId" && strings.EqualFold(a, b)) {
				w.add(there, source, was[key], is[key], nil)
			}
		case whole:
		case key == "required" && (list(was[key]) != nil || list(is[key]) != nil):
			w.required(there, sourceOf(was, key, source), was, is)
		case key == "properties":
			w.members(there, source, objectOf(was[key]), objectOf(is[key]), list(is["required"]))
		case key == "additionalProperties" && path[0] == "responses":
			// Readers ignore properties that they do not know.
		default:
			w.compare(there, formOf(key), sourceOf(was, key, source), was[key], is[key])
		}
	}
}

// wording is a text without regard to how its lines are broken.
func wording(v any) string { return strings.Join(strings.Fields(shown(v)), " ") }

// choiceEffect weighs a schema that becomes one of the branches it had, one that gets a choice
// beside what it asks for, and the reverse of both.
func choiceEffect(was, is object) effect {
	isBranch := func(schema, choice object) bool {
		branches := list(choice["oneOf"])
		return meaning(part, choice) == meaning(part, object{"oneOf": branches}) && slices.ContainsFunc(branches, func(branch any) bool {
			return meaning(part, branch) == meaning(part, schema)
		})
	}
	isWithoutChoice := func(schema, choice object) bool {
		return meaning(part, schema) == meaning(part, without(without(choice, "oneOf"), "anyOf"))
	}
	switch {
	case isBranch(is, was), isWithoutChoice(was, is):
		return narrower
	case isBranch(was, is), isWithoutChoice(is, was):
		return wider
	}
	return different
}

// required compares which properties are required. For those that came or went that is told with
// them.
func (w *walker) required(path []string, source string, was, is object) {
	before, after := objectOf(was["properties"]), objectOf(is["properties"])
	mine, theirs := list(was["required"]), list(is["required"])
	tell := func(names []any, lacking, having object, was, is any, value func(name any) any) {
		for _, name := range names {
			if having[shown(name)] == nil || lacking[shown(name)] != nil {
				e := w.add(path, source, was, is, value(name))
				e.Place, e.Direction = placeOf(append(slices.Clone(path[:len(path)-1]), "properties", shown(name)))
			}
		}
	}
	tell(minus(mine, theirs), after, before, "true", nil, func(name any) any { return minus(mine, []any{name}) })
	tell(minus(theirs, mine), before, after, nil, "true", func(name any) any { return slices.Concat(mine, []any{name}) })
}

// enum tells values that went and values that came apart.
func (w *walker) enum(path []string, source string, was, is []any) {
	if gone := minus(was, is); len(gone) > 0 {
		w.add(path, source, strings.Join(texts(gone), ", "), nil, minus(was, gone))
	}
	if come := minus(is, was); len(come) > 0 {
		w.add(path, source, nil, strings.Join(texts(come), ", "), slices.Concat(was, come))
	}
}

// branches compares the branches of oneOf, anyOf or allOf. Those that are on both sides are
// matched; what is left is one branch that changed, or branches that came and went.
func (w *walker) branches(path []string, source string, was, is []any) {
	left := map[string][]int{}
	for j, branch := range is {
		left[meaning(part, branch)] = append(left[meaning(part, branch)], j)
	}
	var gone, come []int
	for i, branch := range was {
		same := left[meaning(part, branch)]
		if len(same) == 0 {
			gone = append(gone, i)
			continue
		}
		left[meaning(part, branch)] = same[1:]
		w.compare(append(slices.Clone(path), strconv.Itoa(i)), part, source, branch, is[same[0]])
	}
	for _, same := range left {
		come = append(come, same...)
	}
	if slices.Sort(come); len(gone) == 1 && len(come) == 1 {
		w.compare(append(slices.Clone(path), strconv.Itoa(gone[0])), part, source, was[gone[0]], is[come[0]])
		return
	}
	for _, i := range gone {
		w.add(path, source, was[i], nil, slices.Delete(slices.Clone(was), i, i+1)).Was = shownPart(was[i])
	}
	for _, j := range come {
		w.add(path, source, nil, is[j], slices.Concat(was, is[j:j+1])).Is = shownPart(is[j])
	}
}

func nameIf(v any, name string) string {
	if v == nil {
		return ""
	}
	return name
}

// shownPart writes a part without words, and of a parameter only the schema.
func shownPart(v any) string {
	if schema := objectOf(v)["schema"]; schema != nil {
		v = schema
	}
	return shown(bare(part, v))
}

// placeOf names a place in the tree of an operation, and the direction in which it travels.
func placeOf(path []string) (place string, direction Direction) {
	place = "operation"
	for len(path) > 0 {
		key, name := path[0], ""
		path = path[1:]
		if f := formOf(key); (f == named || f == listed) && len(path) > 0 {
			name, path = path[0], path[1:]
		}
		switch key {
		case "servers":
			place = "server"
		case "parameters":
			place, direction = "parameter "+name, Request
		case "requestBody":
			place, direction = "request body", Request
		case "responses":
			place, direction = "response "+name, Response
		case "headers":
			place += " header " + name
		case "content":
			if direction == Response {
				place += " body"
			}
			if name != "" && name != "application/json" {
				place += " (" + name + ")"
			}
		case "schema":
		case "properties":
			place = pointer(place, name)
		case "additionalProperties":
			place = pointer(place, "*")
		default:
			if place = pointer(place, key); name != "" {
				place = pointer(place, name)
			}
		}
	}
	return place, direction
}

// pointer appends to a place in the values of a body, as a JSON pointer.
func pointer(place, name string) string {
	if !strings.Contains(place, " /") {
		place += " "
	}
	return place + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
