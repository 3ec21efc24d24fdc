package contract_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/gen/spec"
)

// sourcedPlaces are the nodes that must say where they are known from; * stands for any key.
func sourcedPlaces() []place {
	return []place{
		{"servers", "*"},
		{"paths", "*", "*"},
		{"paths", "*", "*", "parameters", "*"},
		{"paths", "*", "*", "requestBody"},
		{"paths", "*", "*", "responses", "*"},
		{"components", "securitySchemes", "*"},
		{"components", "responses", "*"},
		{"components", "schemas", "*"},
		{"components", "schemas", "*", "properties", "*"},
	}
}

func (p place) matches(pattern place) bool {
	return slices.EqualFunc(p, pattern, func(step, want string) bool { return want == "*" || want == step })
}

// sourced returns the nodes that must carry x-source. What a node refers to says it for the node.
func sourced(doc any) []place {
	var found []place
	walkNodes(doc, nil, func(at place, node map[string]any) {
		if node["$ref"] == nil && slices.ContainsFunc(sourcedPlaces(), at.matches) {
			found = append(found, at)
		}
	})
	return found
}

func unsourced(doc any) []place {
	return slices.DeleteFunc(sourced(doc), func(at place) bool {
		source, _ := nodeAt(doc, at.to("x-source")).(string)
		return slices.Contains([]string{"seed", "published", "observed"}, source)
	})
}

func TestEveryPartSaysWhereItIsKnownFrom(t *testing.T) {
	doc := seedDocument(t)
	for _, at := range unsourced(doc) {
		t.Errorf("%s has no x-source of seed, published or observed", at)
	}
	for _, pattern := range sourcedPlaces() {
		if !slices.ContainsFunc(sourced(doc), func(at place) bool { return at.matches(pattern) }) {
			t.Errorf("nothing in the document is a %s: the pattern is wrong", pattern)
		}
	}
}

func TestAPartWithoutItsSourceIsReported(t *testing.T) {
	pristine := seedDocument(t)
	for _, at := range sourced(pristine) {
		for _, source := range []any{nil, "guessed"} {
			doc := cloneTree(t, pristine)
			setNode(doc, at.to("x-source"), source)
			if !slices.ContainsFunc(unsourced(doc), at.matches) {
				t.Errorf("%s with x-source %v passes", at, source)
			}
		}
	}
}

// fits validates strictly: formats count, the contract's uuid among them.
func fits(schema *openapi3.Schema, value any) error {
	uuid := openapi3.NewRegexpFormatValidator(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	return schema.VisitJSON(value, openapi3.EnableFormatValidation(), openapi3.WithStringFormatValidator("uuid", uuid))
}

func TestEveryBodyHasExamplesThatFitItsSchema(t *testing.T) {
	for path, item := range loadContract(t).Paths.Map() {
		for method, operation := range item.Operations() {
			name := method + " " + path
			if operation.RequestBody != nil {
				checkExamples(t, name+" request", operation.RequestBody.Value.Content)
			}
			for status, response := range operation.Responses.Map() {
				checkExamples(t, name+" "+status, response.Value.Content)
			}
			for _, parameter := range operation.Parameters {
				if err := fits(parameter.Value.Schema.Value, parameter.Value.Example); err != nil {
					t.Errorf("%s: example of parameter %s: %v", name, parameter.Value.Name, err)
				}
			}
		}
	}
}

func checkExamples(t *testing.T, body string, content openapi3.Content) {
	t.Helper()
	for mediaType, media := range content {
		if len(media.Examples) == 0 && media.Example == nil {
			t.Errorf("%s, %s: no example", body, mediaType)
		}
		if err := fits(media.Schema.Value, media.Example); media.Example != nil && err != nil {
			t.Errorf("%s, %s: the example: %v", body, mediaType, err)
		}
		for name, example := range media.Examples {
			if err := fits(media.Schema.Value, example.Value.Value); err != nil {
				t.Errorf("%s, %s: example %s: %v", body, mediaType, name, err)
			}
		}
	}
}

func TestEveryRecordedErrorBodyFitsErrorResponse(t *testing.T) {
	schemas := loadContract(t).Components.Schemas
	recordings, err := os.ReadFile("testdata/recorded_errors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	bodies := 0
	for lines := bufio.NewScanner(bytes.NewReader(recordings)); lines.Scan(); bodies++ {
		var recorded struct{ Body string }
		if err := json.Unmarshal(lines.Bytes(), &recorded); err != nil {
			t.Fatal(err)
		}
		body := jsonValue(t, recorded.Body)
		if err := fits(schemas["ErrorResponse"].Value, body); err != nil {
			t.Errorf("%s: %v", recorded.Body, err)
		}
		checkDeclared(t, schemas["ErrorResponse"].Value, body)
		checkDeclared(t, schemas["ErrorObject"].Value, nodeAt(body, place{"error"}))
	}
	if bodies == 0 {
		t.Error("testdata/recorded_errors.jsonl is empty")
	}
}

// checkDeclared catches what an open schema admits silently: a field that it does not name.
func checkDeclared(t *testing.T, schema *openapi3.Schema, body any) {
	t.Helper()
	object, _ := body.(map[string]any)
	for name := range object {
		if schema.Properties[name] == nil {
			t.Errorf("the contract has no field %q for %v", name, body)
		}
	}
}

func TestTheEmbeddedContractIsTheFile(t *testing.T) {
	embedded, err := spec.GetSpecJSON()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(jsonValue(t, string(embedded)), treeOf(t, loadContract(t))) {
		t.Error("gen/spec does not hold openapi.yaml; run `go generate ./...`")
	}
}

// A field is a property of a schema as the published documents give it.
type field struct {
	schema, name string
	required     bool
	nullable     bool
	kind         string // type, or the type of a list's elements after "[]"
	format       string
	bounds       []float64
	enum         []string
}

func publishedFields() []field {
	scopes := []string{
		"read", "write", "read::block_trade_accept", "read::portfolio_balance",
		"write::trade", "write::transfer", "write::fcm_risk", "write::block_trade_accept",
	}
	keyTypes, subaccounts := []string{"rsa", "ed25519"}, []float64{0, 63}
	return []field{
		{schema: "ApiKey", name: "api_key_id", required: true, kind: "string", format: "uuid"},
		{schema: "ApiKey", name: "name", required: true, kind: "string"},
		{schema: "ApiKey", name: "scopes", required: true, kind: "[]string"},
		{schema: "ApiKey", name: "subaccount", nullable: true, kind: "integer", bounds: subaccounts},
		{schema: "ApiKey", name: "fcm_subtrader_id", nullable: true, kind: "string"},
		{schema: "GetApiKeysResponse", name: "api_keys", required: true, kind: "[]object"},
		{schema: "GetApiKeysResponse", name: "api_key_region_expiration_ts", nullable: true, kind: "integer", format: "int64"},
		{schema: "CreateApiKeyRequest", name: "name", required: true, kind: "string"},
		{schema: "CreateApiKeyRequest", name: "public_key", required: true, kind: "string"},
		{schema: "CreateApiKeyRequest", name: "scopes", kind: "[]string", enum: scopes},
		{schema: "CreateApiKeyRequest", name: "subaccount", kind: "integer", bounds: subaccounts},
		{schema: "CreateApiKeyRequest", name: "fcm_subtrader_id", kind: "string"},
		{schema: "CreateApiKeyResponse", name: "api_key_id", required: true, kind: "string", format: "uuid"},
		{schema: "CreateApiKeyResponse", name: "warning", nullable: true, kind: "string"},
		{schema: "GenerateApiKeyRequest", name: "name", required: true, kind: "string"},
		{schema: "GenerateApiKeyRequest", name: "key_type", kind: "string", enum: keyTypes},
		{schema: "GenerateApiKeyRequest", name: "scopes", kind: "[]string", enum: scopes},
		{schema: "GenerateApiKeyRequest", name: "subaccount", kind: "integer", bounds: subaccounts},
		{schema: "GenerateApiKeyRequest", name: "fcm_subtrader_id", kind: "string"},
		{schema: "GenerateApiKeyResponse", name: "api_key_id", required: true, kind: "string", format: "uuid"},
		{schema: "GenerateApiKeyResponse", name: "private_key", required: true, kind: "string"},
		{schema: "GenerateApiKeyResponse", name: "key_type", kind: "string", enum: keyTypes},
		{schema: "GenerateApiKeyResponse", name: "warning", nullable: true, kind: "string"},
	}
}

func TestTheFieldsAreThePublishedOnes(t *testing.T) {
	schemas := loadContract(t).Components.Schemas
	published := map[string]map[string]field{}
	for _, want := range publishedFields() {
		if published[want.schema] == nil {
			published[want.schema] = map[string]field{}
		}
		published[want.schema][want.name] = want
	}
	for schema, fields := range published {
		for name := range schemas[schema].Value.Properties {
			if _, ok := fields[name]; !ok {
				t.Errorf("%s.%s is not in the published documents", schema, name)
			}
		}
		for name, want := range fields {
			if got := transcribed(schema, name, schemas[schema].Value); !reflect.DeepEqual(got, want) {
				t.Errorf("%s.%s:\n got %+v\nwant %+v", schema, name, got, want)
			}
		}
	}
}

// transcribed reads a field out of the contract.
func transcribed(schema, name string, object *openapi3.Schema) field {
	property := object.Properties[name]
	if property == nil {
		return field{}
	}
	value := property.Value
	got := field{schema: schema, name: name, required: slices.Contains(object.Required, name), nullable: value.Nullable}
	if len(value.AllOf) == 1 {
		value = value.AllOf[0].Value
	}
	if value.Type.Is("array") {
		got.kind, value = "[]", value.Items.Value
	}
	got.kind += value.Type.Slice()[0]
	got.format = value.Format
	if value.Min != nil && value.Max != nil {
		got.bounds = []float64{*value.Min, *value.Max}
	}
	for _, member := range value.Enum {
		got.enum = append(got.enum, member.(string))
	}
	return got
}

func TestTheSchemasAdmitWhatTheServiceAdmits(t *testing.T) {
	const id = `"api_key_id":"0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"`
	cases := []struct {
		name, schema, value string
		admitted            bool
	}{
		{"subaccount 0", "CreateApiKeyRequest", `{"name":"n","public_key":"p","subaccount":0}`, true},
		{"subaccount 63", "GenerateApiKeyRequest", `{"name":"n","subaccount":63}`, true},
		{"subaccount -1", "GenerateApiKeyRequest", `{"name":"n","subaccount":-1}`, false},
		{"subaccount 64", "CreateApiKeyRequest", `{"name":"n","public_key":"p","subaccount":64}`, false},
		{"half a subaccount", "GenerateApiKeyRequest", `{"name":"n","subaccount":0.5}`, false},
		{"a listed key without a subaccount", "ApiKey", `{` + id + `,"name":"n","scopes":[],"subaccount":null}`, true},
		{"create with both bindings", "CreateApiKeyRequest", `{"name":"n","public_key":"p","subaccount":1,"fcm_subtrader_id":"u_1"}`, false},
		{"generate with both bindings", "GenerateApiKeyRequest", `{"name":"n","subaccount":1,"fcm_subtrader_id":"u_1"}`, false},
		{"a subtrader whose suffix has 16 characters", "FcmSubtraderId", `"u_1234567890abcDEF"`, true},
		{"a subtrader whose suffix has 17 characters", "FcmSubtraderId", `"u_1234567890abcDEFg"`, false},
		{"a subtrader without a suffix", "FcmSubtraderId", `"u_"`, false},
		{"a subtrader without a user", "FcmSubtraderId", `"_1"`, false},
		{"a subtrader whose suffix is not ASCII", "FcmSubtraderId", `"u_é"`, false},
		{"a request for an unknown scope", "GenerateApiKeyRequest", `{"name":"n","scopes":["write::new"]}`, false},
		{"a listed key with an unknown scope", "ApiKey", `{` + id + `,"name":"n","scopes":["write::new"]}`, true},
		{"an unknown key type", "GenerateApiKeyRequest", `{"name":"n","key_type":"ec"}`, false},
		{"a key ID that is no UUID", "CreateApiKeyResponse", `{"api_key_id":"1"}`, false},
		{"a key list without keys", "GetApiKeysResponse", `{"api_keys":[]}`, true},
		{"a key list that is missing", "GetApiKeysResponse", `{}`, false},
		{"a field that nobody has heard of", "CreateApiKeyResponse", `{` + id + `,"new":1}`, true},
		{"an empty error", "ErrorResponse", `{}`, false},
		{"a numeric error", "ErrorResponse", `{"error":5}`, false},
		{"an error code with data", "ErrorResponse", `{"error":{"code":"user_not_found:_1"}}`, true},
		{"error details that are an object", "ErrorResponse", `{"code":"c","message":"m","details":{"field":"name"}}`, true},
	}
	schemas := loadContract(t).Components.Schemas
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := fits(schemas[c.schema].Value, jsonValue(t, c.value)); (err == nil) != c.admitted {
				t.Errorf("%s %s: admitted should be %t, got %v", c.schema, c.value, c.admitted, err)
			}
		})
	}
}
