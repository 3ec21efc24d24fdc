package drift_test

import (
	"bytes"
	"testing"

	"kalshi.internal/apikeys/api/drift"
)

const (
	xml      = get + "responses>200>content>application/xml"
	headers  = get + "responses>200>headers"
	keyQuery = "components>securitySchemes>key"
)

// TestWhatTheContractDoesNotHaveIsComparedToo is about parts of OpenAPI that only other
// documents use: both sides are edited.
func TestWhatTheContractDoesNotHaveIsComparedToo(t *testing.T) {
	header := func(schema object) object { return object{"description": "Seconds", "schema": schema} }
	for name, row := range map[string]struct {
		before, after []edit
		want          []string
	}{
		"a response header changes": {
			[]edit{set(headers, object{"Retry-After": header(object{"type": "integer"})})},
			[]edit{set(headers, object{"retry-after": object{"description": "Wait", "required": true, "schema": object{"type": "string"}}})},
			[]string{
				"additive response getApiKeys: response 200 header Retry-After: required: false -> true",
				"breaking response getApiKeys: response 200 header Retry-After: type: integer -> string",
				"text response getApiKeys: response 200 header Retry-After: description: Seconds -> Wait",
			},
		},
		"another content type changes": {
			[]edit{set(xml, object{"schema": object{"type": "object"}})},
			[]edit{set(xml, object{"schema": object{"type": "array", "items": object{}}})},
			[]string{
				"additive response getApiKeys: response 200 body (application/xml) /items: schema:  -> anything",
				"breaking response getApiKeys: response 200 body (application/xml): type: object -> array",
			},
		},
		"the encoding of a form changes": {
			[]edit{set(post+"requestBody>content>multipart/form-data", object{"encoding": object{"name": object{"contentType": "text/plain"}}})},
			[]edit{set(post+"requestBody>content>multipart/form-data", object{"encoding": object{"name": object{"contentType": "text/html"}}})},
			[]string{`breaking request createApiKey: request body (multipart/form-data): encoding: ` +
				`{"name":{"contentType":"text/plain"}} -> {"name":{"contentType":"text/html"}}`},
		},
		"a default changes": {
			[]edit{set(generate+"properties>key_type>default", "rsa")},
			[]edit{set(generate+"properties>key_type>default", "ed25519")},
			[]string{"breaking request generateApiKey: request body /key_type: default: rsa -> ed25519"},
		},
		"a shortest length grows": {
			[]edit{set(create+"properties>name>minLength", 1)}, []edit{set(create+"properties>name>minLength", 2)},
			[]string{"breaking request createApiKey: request body /name: minLength: 1 -> 2"},
		},
		"a format changes to a wider one": {
			[]edit{set(schemas+"Subaccount>format", "int32")}, []edit{set(schemas+"Subaccount>format", "int64")},
			[]string{
				"additive request createApiKey: request body /subaccount: format: int32 -> int64",
				"additive request generateApiKey: request body /subaccount: format: int32 -> int64",
			},
		},
		"a format changes to a foreign one": {
			[]edit{set(create+"properties>name>format", "hostname")}, []edit{set(create+"properties>name>format", "email")},
			[]string{"breaking request createApiKey: request body /name: format: hostname -> email"},
		},
		"a multiple changes": {
			[]edit{set(create+"properties>n", object{"type": "number", "multipleOf": 2})},
			[]edit{set(create+"properties>n", object{"type": "number", "multipleOf": 3})},
			[]string{"breaking request createApiKey: request body /n: multipleOf: 2 -> 3"},
		},
		"a value is held to branches": {
			[]edit{set(create+"properties>v", object{})},
			[]edit{set(create+"properties>v", object{"anyOf": []any{object{"type": "array", "items": object{"type": "string"}}, object{"type": "string", "nullable": true}}})},
			[]string{
				"breaking request createApiKey: request body /v: anyOf:  -> array of string",
				"breaking request createApiKey: request body /v: anyOf:  -> string or null",
			},
		},
		"anyOf of branches that overlap is not oneOf": {
			[]edit{set(create+"properties>v", object{"oneOf": []any{object{"type": "integer"}, object{"type": "number"}}})},
			[]edit{set(create+"properties>v", object{"anyOf": []any{object{"type": "integer"}, object{"type": "number"}}})},
			[]string{
				"additive request createApiKey: request body /v: oneOf: integer -> ",
				"additive request createApiKey: request body /v: oneOf: number -> ",
				"breaking request createApiKey: request body /v: anyOf:  -> integer",
				"breaking request createApiKey: request body /v: anyOf:  -> number",
			},
		},
		"allOf contradicts itself": {
			[]edit{set(create+"properties>v", object{"allOf": []any{object{"type": "string"}, object{"type": "integer"}}})},
			[]edit{set(create+"properties>v", object{"allOf": []any{object{"type": "string"}, object{"type": "boolean"}}})},
			[]string{"breaking request createApiKey: request body /v/allOf/1: type: integer -> boolean"},
		},
		"allOf wraps words about a choice": {
			[]edit{set(create+"properties>v", object{"title": "V", "externalDocs": object{"url": "https://example.com"}, "oneOf": []any{object{"type": "string"}, object{"type": "integer"}}})},
			[]edit{set(create+"properties>v", object{"title": "V", "externalDocs": object{"url": "https://example.com"}, "allOf": []any{object{"oneOf": []any{object{"type": "integer"}, object{"type": "string"}}}}})},
			nil,
		},
		"a constant is an enum of one": {
			[]edit{set(create+"properties>v", object{"enum": []any{"a"}})},
			[]edit{set("openapi", "3.1.0"), set(create+"properties>v", object{"const": "a"})},
			nil,
		},
		"an exclusive bound is a number in OpenAPI 3.1": {
			[]edit{set(create+"properties>v", object{"type": "number", "minimum": 1, "exclusiveMinimum": true})},
			[]edit{set("openapi", "3.1.0"), set(create+"properties>v", object{"type": "number", "exclusiveMinimum": 1})},
			nil,
		},
		"the operation's parameter wins over the path's": {
			nil,
			[]edit{set("paths>/api_keys/{api_key}>parameters", []any{object{"name": "api_key", "in": "path", "required": true, "schema": object{"type": "integer"}}})},
			nil,
		},
		"header names do not depend on case": {
			[]edit{set("paths>/api_keys>parameters", []any{object{"name": "X-Trace", "in": "header", "schema": object{"type": "string"}}})},
			[]edit{set("paths>/api_keys>parameters", []any{object{"name": "x-trace", "in": "header", "schema": object{"type": "string"}}})},
			nil,
		},
		"a path has servers of its own": {
			[]edit{set("paths>/api_keys/generate>servers", []any{object{"url": "https://a.example"}})},
			[]edit{set("paths>/api_keys/generate>servers", []any{object{"url": "https://b.example"}})},
			[]string{
				"breaking generateApiKey: server: URL: https://a.example -> ",
				"additive generateApiKey: server: URL:  -> https://b.example",
			},
		},
		"a key moves from query to cookie": {
			[]edit{set(keyQuery, object{"type": "apiKey", "in": "query", "name": "key"}), set(get+"security", []any{object{"key": []any{}}})},
			[]edit{set(keyQuery, object{"type": "apiKey", "in": "cookie", "name": "key"}), set(get+"security", []any{object{"key": []any{}}})},
			[]string{"breaking getApiKeys: security: alternatives: query key -> cookie key"},
		},
		"a scheme is defined nowhere": {
			[]edit{set(keyQuery, object{"type": "openIdConnect", "openIdConnectUrl": "https://a.example"}), set(get+"security", []any{object{"key": []any{}}})},
			[]edit{set(get+"security", []any{object{"key": []any{}}})},
			[]string{"breaking getApiKeys: security: alternatives: openIdConnect key -> undefined scheme key"},
		},
		"a body comes to an operation without": {
			nil, []edit{set(get+"requestBody", object{"content": object{"application/json": object{}}})},
			[]string{"additive request getApiKeys: request body: presence:  -> application/json"},
		},
		"a body keeps no content type": {
			nil, []edit{set(post+"requestBody>content", object{})},
			[]string{"breaking request createApiKey: request body: content: application/json -> "},
		},
		"a list is new": {
			nil, []edit{set(key+"properties>tags", object{"type": "array", "items": object{}})},
			[]string{"additive response getApiKeys: response 200 body /api_keys/items/tags: presence:  -> array of anything"},
		},
		"a name has a slash": {
			nil, []edit{set(key+"properties>a/b~c", object{"type": "boolean"})},
			[]string{"additive response getApiKeys: response 200 body /api_keys/items/a~1b~0c: presence:  -> boolean"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := drift.CompareDocuments(
				bytes.NewReader(encode(t, edited(t, row.before...))), bytes.NewReader(encode(t, edited(t, row.after...))))
			if err != nil {
				t.Fatal(err)
			}
			wantLines(t, report, row.want)
		})
	}
}
