package drift

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
)

// judge tells what an edit of an operation means: by rules of our own for what is our own choice,
// otherwise by oasdiff's checker, and where that is silent by what the keyword does.
type judge struct {
	operation operation
	tree      object
	config    *checker.Config
	localizer checker.Localizer
}

func newJudge() judge {
	return judge{config: checker.NewConfig(checker.GetAllChecks(), checker.WithSeverityLevels(map[string]checker.Level{
		// Programs may read what is optional, and may take only the success that they know.
		checker.ResponseOptionalPropertyRemovedId:         checker.ERR,
		checker.ResponseOptionalPropertyBecameWriteOnlyId: checker.ERR,
		checker.OptionalResponseHeaderRemovedId:           checker.ERR,
		checker.ResponseSuccessStatusAddedId:              checker.ERR,
	})), localizer: checker.NewDefaultLocalizer()}
}

// of is the judge of edits in the tree of an operation.
func (j judge) of(o operation, tree object) judge {
	j.operation, j.tree = o, tree
	return j
}

// effect is what an edit does to the set of messages that are legal.
type effect int

const (
	unknown   effect = iota
	narrower         // some that were legal no longer are
	wider            // some that were not legal now are
	different        // both, or it cannot be told
)

// verdict gives an edit its kind and meaning.
func (j judge) verdict(e edit) (Kind, string, error) {
	if kind, meaning := j.ownRule(e); kind != "" {
		return kind, meaning, nil
	}
	key := e.path[len(e.path)-1]
	if changed := !e.came && !e.went; e.effect == unknown && !(changed && isOpaque(key)) {
		kind, meaning, err := j.ask(e)
		if kind != "" || err != nil {
			return kind, meaning, err
		}
	}
	kind, meaning := weigh(cmp.Or(e.effect, keywordEffect(key, e)), e.Direction)
	return kind, meaning, nil
}

// ownRule holds our own choices. The kind is empty where there is none.
func (j judge) ownRule(e edit) (Kind, string) {
	switch {
	case isWords(e.Aspect):
		return Text, "Only words for people changed."
	case e.path[0] == "servers" && e.went:
		return Breaking, "The revision does not name this server; programs that use it may find nobody there."
	case e.path[0] == "servers":
		return Additive, "There is a server that this client does not name; it can be set as the base URL."
	case e.path[0] == "responses" && len(e.path) == 2 && !strings.HasPrefix(e.path[1], "2"):
		return Additive, "Any error status is to be expected, documented or not."
	case e.Aspect == "deprecated" && e.came:
		return Additive, "It still works, but the service means to remove it; plan to do without it."
	case e.Aspect == "deprecated", e.Direction == Response && (e.Aspect == "default" || e.Aspect == "readOnly"),
		e.Direction == Request && e.Aspect == "writeOnly":
		return Text, "Nothing changes for programs."
	case e.Aspect == "default":
		return j.defaultRule(e)
	}
	return "", ""
}

// defaultRule weighs a default in a request: it is what leaving the value out means. Where the
// contract has none, leaving it out has a meaning all the same, which is the service's own or
// stands in the description. So a new default is harmless only if that says the same.
func (j judge) defaultRule(e edit) (Kind, string) {
	said := "`" + strings.Join(texts(e.value), "` and `") + "`"
	if _, isList := e.value.([]any); isList {
		said = "(" + said + ")"
	}
	schema := objectOf(get(j.tree, e.path[:len(e.path)-1]))
	if e.came && strings.Contains(wording(schema["description"]), said+" when omitted") {
		return Additive, "The revision promises as a default what this contract says in words."
	}
	return Breaking, "A request that leaves the value out may mean something else."
}

// keywordEffect is for what the checker has no rule for. A keyword that only asks for more, as
// these do, narrows when it comes and widens when it goes. Any other has to be looked at by a
// person.
func keywordEffect(key string, e edit) effect {
	if slices.Contains([]string{"not", "additionalProperties", "uniqueItems", "items", "required", "enum", "pattern", "format", "readOnly",
		"schema"}, key) {
		switch {
		case e.came:
			return narrower
		case e.went:
			return wider
		}
	}
	return different
}

func weigh(e effect, d Direction) (Kind, string) {
	switch {
	case e == narrower && d == Response:
		return Additive, "Answers promise more than this client expects; what it reads today stays readable."
	case e == wider && d != Response:
		return Additive, "The revision allows more than this client sends; what is sent today stays valid."
	case d == Response:
		return Breaking, "An answer may be something that this client does not expect; programs that read this part may fail. Look at both documents."
	default:
		return Breaking, "A request that this client may send today can be refused, or mean something else. Look at both documents."
	}
}

// ask returns what the checker says of an edit alone, or nothing if it is silent.
func (j judge) ask(e edit) (kind Kind, said string, err error) {
	defer func() {
		// Neither library is ours, and the document is outside input.
		if p := recover(); p != nil {
			err = fmt.Errorf("the OpenAPI library gave up on it (%v); check it with an OpenAPI linter", p)
		}
	}()
	base, err := j.spec(j.tree, e.path)
	if err != nil {
		return "", "", err
	}
	revision, err := j.spec(e.apply(j.tree), e.path)
	if err != nil {
		return "", "", err
	}
	d, err := diff.Get(diff.NewConfig(), base, revision)
	if err != nil {
		return "", "", err
	}
	changes := checker.CheckBackwardCompatibilityUntilLevel(j.config, d, diff.OperationsSourcesMap{}, checker.INFO)
	if len(changes) == 0 {
		return "", "", nil
	}
	worst := slices.MaxFunc(changes, func(a, b checker.Change) int { return int(a.GetLevel()) - int(b.GetLevel()) })
	kind = Breaking
	if worst.GetLevel() == checker.INFO {
		kind = Additive
	}
	said = worst.GetUncolorizedText(j.localizer)
	return kind, strings.ToUpper(said[:1]) + said[1:] + ".", nil
}

// apply returns the tree with the edit in it.
func (e edit) apply(tree object) object {
	out := with(tree, e.path, e.value)
	if e.property {
		object := e.path[:len(e.path)-2]
		names := minus(list(objectOf(get(tree, object))["required"]), []any{e.path[len(e.path)-1]})
		if e.required {
			names = append(names, e.path[len(e.path)-1])
		}
		out = with(out, slices.Concat(object, []string{"required"}), names)
	}
	return objectOf(out)
}

// spec is a document of the operation with only the parameter, body or response that a path is in.
func (j judge) spec(tree object, path []string) (*openapi3.T, error) {
	node := object{"responses": object{}}
	held := objectOf(bare(formOf(path[0]), tree[path[0]]))
	switch path[0] {
	case "parameters":
		if p := objectOf(held[path[1]]); p != nil {
			in, name, _ := strings.Cut(path[1], " ")
			p["in"], p["name"] = in, name
			node["parameters"] = []any{p}
		}
	case "responses":
		if held[path[1]] != nil {
			node["responses"] = object{path[1]: held[path[1]]}
		}
	case "requestBody":
		if held != nil {
			node["requestBody"] = held
		}
	}
	encoded, err := json.Marshal(object{"openapi": "3.1.0", "paths": object{j.operation.path: object{strings.ToLower(j.operation.method): node}}})
	if err != nil {
		return nil, err
	}
	var spec openapi3.T
	return &spec, json.Unmarshal(encoded, &spec)
}
