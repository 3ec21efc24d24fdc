package contract_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// contractPath is the contract's path from this package.
const contractPath = "../../openapi.yaml"

// A seedOperation is what the seed states about one operation. Its page lost the path parameter
// of deleteApiKey, "DELETE /api_keys/", and lists the parameter below it.
type seedOperation struct {
	id, method, path, summary string
	requestType               string // empty: "Content-Type: Not defined"
	returnType                string // empty: "void (empty response body)", "Accept: Not defined"
	success                   string
	statuses                  map[string]string
}

func seedOperations() []seedOperation {
	return []seedOperation{
		{
			id: "createApiKey", method: "post", path: "/api_keys", summary: "Create API Key",
			requestType: "CreateApiKeyRequest", returnType: "CreateApiKeyResponse", success: "201",
			statuses: map[string]string{
				"201": "API key created successfully",
				"400": "Bad request - invalid input",
				"401": "Unauthorized",
				"403": "Forbidden - insufficient API usage level",
				"500": "Internal server error",
			},
		},
		{
			id: "deleteApiKey", method: "delete", path: "/api_keys/{api_key}", summary: "Delete API Key",
			success: "204",
			statuses: map[string]string{
				"204": "API key successfully deleted",
				"400": "Bad request - invalid API key ID",
				"401": "Unauthorized",
				"404": "API key not found",
				"500": "Internal server error",
			},
		},
		{
			id: "generateApiKey", method: "post", path: "/api_keys/generate", summary: "Generate API Key",
			requestType: "GenerateApiKeyRequest", returnType: "GenerateApiKeyResponse", success: "201",
			statuses: map[string]string{
				"201": "API key generated successfully",
				"400": "Bad request - invalid input",
				"401": "Unauthorized",
				"500": "Internal server error",
			},
		},
		{
			id: "getApiKeys", method: "get", path: "/api_keys", summary: "Get API Keys",
			returnType: "GetApiKeysResponse", success: "200",
			statuses: map[string]string{
				"200": "List of API keys retrieved successfully",
				"401": "Unauthorized",
				"500": "Internal server error",
			},
		},
	}
}

func seedAuthorizations() []string {
	return []string{"kalshiAccessSignature", "kalshiAccessKey", "kalshiAccessTimestamp"}
}

// A place is the way to a node of the document: keys of objects; in a list, an index or the
// `name` of an element.
type place []string

func (p place) to(steps ...string) place { return slices.Concat(p, steps) }

// A fact is one statement of the seed, and where the contract makes it.
type fact struct {
	name   string
	value  place
	want   any   // nil: nothing may stand there
	source place // the node that must carry `x-source: seed`
}

func seedFacts() []fact {
	server := place{"servers", "0"}
	facts := []fact{{"base URL", server.to("url"), "https://api.elections.kalshi.com/trade-api/v2", server}}
	for _, op := range seedOperations() {
		facts = slices.Concat(facts, op.itself(), op.parameters(), op.messages(), op.responses(), op.authorization())
	}
	return facts
}

func (op seedOperation) at() place { return place{"paths", op.path, op.method} }

func (op seedOperation) itself() []fact {
	return []fact{
		{op.id + ": method, path and operation ID", op.at().to("operationId"), op.id, op.at()},
		{op.id + ": summary", op.at().to("summary"), op.summary, op.at()},
	}
}

func (op seedOperation) parameters() []fact {
	if op.id != "deleteApiKey" {
		return nil
	}
	parameter := op.at().to("parameters", "api_key")
	schema := place{"components", "schemas", "ApiKeyId"}
	return []fact{
		{op.id + ": parameter apiKey is in the path", parameter.to("in"), "path", parameter},
		{op.id + ": parameter apiKey is required", parameter.to("required"), true, parameter},
		{op.id + ": parameter apiKey is described", parameter.to("description"), "API key ID to delete", parameter},
		{op.id + ": parameter apiKey has its type", parameter.to("schema", "$ref"), schemaReference("ApiKeyId"), parameter},
		{op.id + ": parameter apiKey is a string", schema.to("type"), "string", parameter},
	}
}

func (op seedOperation) messages() []fact {
	request, response := op.at().to("requestBody"), op.at().to("responses", op.success)
	var facts []fact
	if op.requestType == "" {
		facts = append(facts, fact{op.id + ": no request body", request, nil, op.at()})
	} else {
		facts = append(facts, typedBody(op.id+": request", request, op.requestType)...)
	}
	if op.returnType == "" {
		return append(facts, fact{op.id + ": empty response body", response.to("content"), nil, response})
	}
	return append(facts, typedBody(op.id+": response", response, op.returnType)...)
}

// typedBody states that a body is JSON of the named type.
func typedBody(name string, body place, typeName string) []fact {
	schema := place{"components", "schemas", typeName}
	return []fact{
		{name + " is application/json", body.to("content", "application/json", "schema", "$ref"), schemaReference(typeName), body},
		{name + " type " + typeName, schema.to("type"), "object", schema},
	}
}

func (op seedOperation) responses() []fact {
	var facts []fact
	for _, status := range slices.Sorted(maps.Keys(op.statuses)) {
		response := op.at().to("responses", status)
		facts = append(facts, fact{op.id + ": status " + status, response.to("description"), op.statuses[status], response})
	}
	return facts
}

func (op seedOperation) authorization() []fact {
	together := map[string]any{}
	var facts []fact
	for _, name := range seedAuthorizations() {
		together[name] = []any{}
		facts = append(facts, fact{
			op.id + ": authorization " + name,
			op.at().to("security", "0", name), []any{}, place{"components", "securitySchemes", name},
		})
	}
	return append(facts, fact{op.id + ": one authorization requirement", op.at().to("security"), []any{together}, op.at()})
}

func schemaReference(schema string) string { return "#/components/schemas/" + schema }

// unstated returns the names of the facts that the document does not state as the seed's.
func unstated(doc any, facts []fact) []string {
	var names []string
	for _, f := range facts {
		if !reflect.DeepEqual(nodeAt(doc, f.value), f.want) || nodeAt(doc, f.source.to("x-source")) != "seed" {
			names = append(names, f.name)
		}
	}
	return names
}

func TestTheContractStatesEveryFactOfTheSeed(t *testing.T) {
	for _, name := range unstated(seedDocument(t), seedFacts()) {
		t.Errorf("openapi.yaml does not state this fact of the seed with `x-source: seed`: %s", name)
	}
}

func TestASeedFactThatIsTakenOutIsReported(t *testing.T) {
	pristine := seedDocument(t)
	mutations := map[string]func(doc any, f fact){
		"changed":     func(doc any, f fact) { setNode(doc, f.value, "something else") },
		"taken out":   func(doc any, f fact) { removeNode(doc, f.value) },
		"untagged":    func(doc any, f fact) { removeNode(doc, f.source.to("x-source")) },
		"tagged anew": func(doc any, f fact) { setNode(doc, f.source.to("x-source"), "published") },
	}
	for _, f := range seedFacts() {
		for kind, mutate := range mutations {
			if f.want == nil && kind == "taken out" {
				continue
			}
			t.Run(f.name+" "+kind, func(t *testing.T) {
				doc := cloneTree(t, pristine)
				mutate(doc, f)
				if !slices.Contains(unstated(doc, seedFacts()), f.name) {
					t.Errorf("%s %s, and the check still passes", f.name, kind)
				}
			})
		}
	}
}

func TestNothingElseOfAnOperationClaimsTheSeed(t *testing.T) {
	stated := map[string]bool{}
	for _, f := range seedFacts() {
		stated[strings.Join(f.source, " ")] = true
	}
	walkNodes(seedDocument(t), nil, func(at place, node map[string]any) {
		claims := node["x-source"] == "seed" && (at[0] == "paths" || at[0] == "servers")
		if claims && !stated[strings.Join(at, " ")] {
			t.Errorf("%s is tagged seed, but the seed does not state it", at)
		}
	})
}

// seedDocument returns the contract as decoded JSON, each operation with its own copy of the
// responses it refers to.
func seedDocument(t *testing.T) any {
	t.Helper()
	doc := treeOf(t, loadContract(t))
	for _, op := range seedOperations() {
		responses, _ := nodeAt(doc, op.at().to("responses")).(map[string]any)
		for status, response := range responses {
			if ref, ok := nodeAt(response, place{"$ref"}).(string); ok {
				responses[status] = cloneTree(t, nodeAt(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")))
			}
		}
	}
	return doc
}

func loadContract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(contractPath)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func treeOf(t *testing.T, doc *openapi3.T) any {
	t.Helper()
	text, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return jsonValue(t, string(text))
}

func cloneTree(t *testing.T, tree any) any {
	t.Helper()
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return jsonValue(t, string(text))
}

func jsonValue(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

// nodeAt returns the node at a place, nil if there is none.
func nodeAt(node any, at place) any {
	for _, step := range at {
		switch parent := node.(type) {
		case map[string]any:
			node = parent[step]
		case []any:
			node = elementOf(parent, step)
		default:
			return nil
		}
	}
	return node
}

func elementOf(list []any, step string) any {
	if index, err := strconv.Atoi(step); err == nil && index < len(list) {
		return list[index]
	}
	for _, node := range list {
		if object, ok := node.(map[string]any); ok && object["name"] == step {
			return node
		}
	}
	return nil
}

func setNode(doc any, at place, value any) {
	parent, last := nodeAt(doc, at[:len(at)-1]), at[len(at)-1]
	parent.(map[string]any)[last] = value
}

func removeNode(doc any, at place) {
	parent, last := nodeAt(doc, at[:len(at)-1]), at[len(at)-1]
	delete(parent.(map[string]any), last)
}

// walkNodes calls visit for every object of the tree, elements of lists by their name or index.
func walkNodes(node any, at place, visit func(place, map[string]any)) {
	switch node := node.(type) {
	case map[string]any:
		visit(at, node)
		for key, child := range node {
			walkNodes(child, at.to(key), visit)
		}
	case []any:
		for index, child := range node {
			step := strconv.Itoa(index)
			if object, ok := child.(map[string]any); ok && object["name"] != nil {
				step, _ = object["name"].(string)
			}
			walkNodes(child, at.to(step), visit)
		}
	}
}
