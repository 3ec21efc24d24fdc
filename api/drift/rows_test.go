package drift_test

import (
	"fmt"
	"strings"
)

const (
	schemas  = "components>schemas>"
	create   = schemas + "CreateApiKeyRequest>"
	generate = schemas + "GenerateApiKeyRequest>"
	key      = schemas + "ApiKey>"
	get      = "paths>/api_keys>get>"
	post     = "paths>/api_keys>post>"
	xml      = get + "responses>200>content>application/xml"
	headers  = get + "responses>200>headers"
	keyQuery = "components>securitySchemes>key"
	remover  = "paths>/api_keys/{api_key}>delete>"
)

func scopes() []any {
	return []any{"read", "write", "read::block_trade_accept", "read::portfolio_balance",
		"write::trade", "write::transfer", "write::fcm_risk", "write::block_trade_accept"}
}

// everyOperation puts each operation in place of the first %s, everyError each documented error
// status in place of the second as well.
func everyOperation(line string) []string {
	var lines []string
	for _, id := range []string{"createApiKey", "deleteApiKey", "generateApiKey", "getApiKeys"} {
		lines = append(lines, fmt.Sprintf(line, id))
	}
	return lines
}

func everyError(each ...string) []string {
	var lines []string
	for _, of := range []struct{ id, statuses string }{
		{"createApiKey", "400 401 403 409 500"}, {"deleteApiKey", "400 401 404 500"},
		{"generateApiKey", "400 401 403 409 500"}, {"getApiKeys", "401 500"},
	} {
		for status := range strings.FieldsSeq(of.statuses) {
			for _, line := range each {
				lines = append(lines, fmt.Sprintf(line, of.id, status))
			}
		}
	}
	return lines
}

// rows are single edits of the contract, or of what before makes of it. There lists what they
// change when the edited document is the revision, back what they change when it is the contract;
// rows with before are not turned round.
var rows = []struct {
	name          string
	before, edits []edit
	there, back   []string
}{
	{name: "an operation is gone", edits: []edit{remove("paths>/api_keys/generate")},
		there: []string{
			"breaking generateApiKey: operation: presence",
		},
		back: []string{
			"additive generateApiKey: operation: presence",
		},
	},
	{name: "a method is gone", edits: []edit{remove("paths>/api_keys>post")},
		there: []string{
			"breaking createApiKey: operation: presence",
		},
		back: []string{
			"additive createApiKey: operation: presence",
		},
	},
	{name: "an operation is new under /api_keys", edits: []edit{set("paths>/api_keys/{api_key}>patch", object{
		"operationId": "updateApiKey", "responses": object{"204": object{"description": "done"}}})},
		there: []string{
			"additive updateApiKey: operation: presence",
		},
		back: []string{
			"breaking updateApiKey: operation: presence",
		},
	},
	{name: "an operation is new by its tag", edits: []edit{set("paths>/scopes", object{"get": object{
		"tags": []any{"API Keys"}, "operationId": "getScopes", "responses": object{"200": object{"description": "all"}}}})},
		there: []string{
			"additive getScopes: operation: presence",
		},
		back: []string{
			"breaking getScopes: operation: presence",
		},
	},
	{name: "an operation is new by its path in another spelling", edits: []edit{set("paths>/api-keys/rotate", object{"post": object{
		"operationId": "rotate", "responses": object{"204": object{"description": "done"}}}})},
		there: []string{
			"additive rotate: operation: presence",
		},
		back: []string{
			"breaking rotate: operation: presence",
		},
	},
	{name: "an operation is new by its ID", edits: []edit{set("paths>/account/key_limits", object{"get": object{
		"operationId": "getApiKeyLimits", "responses": object{"200": object{"description": "all"}}}})},
		there: []string{
			"additive getApiKeyLimits: operation: presence",
		},
		back: []string{
			"breaking getApiKeyLimits: operation: presence",
		},
	},
	{name: "an operation about something else is new", edits: []edit{set("paths>/markets", object{"get": object{
		"operationId": "getMarkets", "responses": object{"200": object{"description": "all"}}}})}},
	{name: "an operation has another ID", edits: []edit{set(get+"operationId", "listApiKeys")},
		there: []string{
			"text getApiKeys: operation: operationId",
		},
		back: []string{
			"text listApiKeys: operation: operationId",
		},
	},
	{name: "an operation is deprecated", edits: []edit{set(get+"deprecated", true)},
		there: []string{
			"additive getApiKeys: operation: deprecated",
		},
		back: []string{
			"text getApiKeys: operation: deprecated",
		},
	},

	{name: "a server is gone", edits: []edit{set("servers", []any{
		object{"url": "https://api.elections.kalshi.com/trade-api/v2"},
		object{"url": "https://external-api.kalshi.com/trade-api/v2"},
		object{"url": "https://external-api.demo.kalshi.co/trade-api/v2"}})},
		there: everyOperation("breaking %s: server: presence"),
		back:  everyOperation("additive %s: server: presence"),
	},
	{name: "a server is new for one operation", edits: []edit{set(get+"servers", []any{
		object{"url": "https://read.kalshi.com/trade-api/v2"}})},
		there: []string{
			"additive getApiKeys: server: presence",
			"breaking getApiKeys: server: presence",
			"breaking getApiKeys: server: presence",
			"breaking getApiKeys: server: presence",
			"breaking getApiKeys: server: presence",
		},
		back: []string{
			"additive getApiKeys: server: presence",
			"additive getApiKeys: server: presence",
			"additive getApiKeys: server: presence",
			"additive getApiKeys: server: presence",
			"breaking getApiKeys: server: presence",
		},
	},

	{name: "one header of the three is not asked for", edits: []edit{set(get+"security", []any{object{
		"kalshiAccessKey": []any{}, "kalshiAccessSignature": []any{}}})},
		there: []string{
			"additive getApiKeys: security: alternatives",
		},
		back: []string{
			"breaking getApiKeys: security: alternatives",
		},
	},
	{name: "an operation asks for no credentials", edits: []edit{set(get+"security", []any{})},
		there: []string{
			"additive getApiKeys: security: alternatives",
		},
		back: []string{
			"breaking getApiKeys: security: alternatives",
		},
	},
	{name: "a credential goes in another header", edits: []edit{set("components>securitySchemes>kalshiAccessKey>name", "X-KEY")},
		there: everyOperation("breaking %s: security: alternatives"),
		back:  everyOperation("breaking %s: security: alternatives"),
	},
	{name: "there is another way to authenticate", edits: []edit{
		set("components>securitySchemes>bearer", object{"type": "http", "scheme": "Bearer"}),
		set(get+"security", []any{
			object{"kalshiAccessKey": []any{}, "kalshiAccessSignature": []any{}, "kalshiAccessTimestamp": []any{}},
			object{"bearer": []any{"keys"}}})},
		there: []string{
			"additive getApiKeys: security: alternatives",
		},
		back: []string{
			"breaking getApiKeys: security: alternatives",
		},
	},

	{name: "an optional parameter is gone", edits: []edit{set(get+"parameters", []any{})},
		there: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: presence",
		},
		back: []string{
			"additive request getApiKeys: parameter query fcm_subtrader_id: presence",
		},
	},
	{name: "a parameter becomes required", edits: []edit{set(get+"parameters>0>required", true)},
		there: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: required",
		},
		back: []string{
			"additive request getApiKeys: parameter query fcm_subtrader_id: required",
		},
	},
	{name: "a required parameter is new", edits: []edit{set(remover+"parameters", []any{
		object{"name": "api_key", "in": "path", "required": true, "description": "API key ID to delete",
			"schema":  object{"$ref": "#/components/schemas/ApiKeyId"},
			"example": "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"},
		object{"name": "reason", "in": "query", "required": true, "schema": object{"type": "string"}}})},
		there: []string{
			"breaking request deleteApiKey: parameter query reason: presence",
		},
		back: []string{
			"breaking request deleteApiKey: parameter query reason: presence",
		},
	},
	{name: "an optional parameter is new", edits: []edit{set("paths>/api_keys>parameters", []any{
		object{"name": "trace", "in": "query", "schema": object{"type": "string"}}})},
		there: []string{
			"additive request createApiKey: parameter query trace: presence",
			"additive request getApiKeys: parameter query trace: presence",
		},
		back: []string{
			"breaking request createApiKey: parameter query trace: presence",
			"breaking request getApiKeys: parameter query trace: presence",
		},
	},
	{name: "a parameter has another type", edits: []edit{set(get+"parameters>0>schema", object{"type": "integer"})},
		there: []string{
			"additive request getApiKeys: parameter query fcm_subtrader_id: pattern",
			"breaking request getApiKeys: parameter query fcm_subtrader_id: type",
			"text request getApiKeys: parameter query fcm_subtrader_id: description",
		},
		back: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: pattern",
			"additive request getApiKeys: parameter query fcm_subtrader_id: type",
			"text request getApiKeys: parameter query fcm_subtrader_id: description",
		},
	},
	{name: "a parameter has another pattern", edits: []edit{set(get+"parameters>0>schema", object{"type": "string", "pattern": "^[a-z]+$"})},
		there: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: pattern",
			"text request getApiKeys: parameter query fcm_subtrader_id: description",
		},
		back: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: pattern",
			"text request getApiKeys: parameter query fcm_subtrader_id: description",
		},
	},
	{name: "a parameter is written in another style", edits: []edit{set(get+"parameters>0>explode", false)},
		there: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: explode",
		},
		back: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: explode",
		},
	},

	{name: "the request body is gone", edits: []edit{remove(post + "requestBody")},
		there: []string{
			"breaking request createApiKey: request body: presence",
		},
		back: []string{
			"breaking request createApiKey: request body: presence",
		},
	},
	{name: "the request body is optional", edits: []edit{remove(post + "requestBody>required")},
		there: []string{
			"additive request createApiKey: request body: required",
		},
		back: []string{
			"breaking request createApiKey: request body: required",
		},
	},
	{name: "the request body has another content type", edits: []edit{set(post+"requestBody>content", object{
		"application/x-www-form-urlencoded": object{"schema": object{"$ref": "#/components/schemas/CreateApiKeyRequest"}}})},
		there: []string{
			"additive request createApiKey: request body: content",
			"breaking request createApiKey: request body: content",
		},
		back: []string{
			"additive request createApiKey: request body: content",
			"breaking request createApiKey: request body: content",
		},
	},
	{name: "the request body has one more content type", edits: []edit{set(post+"requestBody>content>text/plain", object{"schema": object{"type": "string"}})},
		there: []string{
			"additive request createApiKey: request body: content",
		},
		back: []string{
			"breaking request createApiKey: request body: content",
		},
	},

	{name: "a required request field is new", edits: []edit{
		set(create+"required", []any{"name", "public_key", "purpose"}), set(create+"properties>purpose", object{"type": "string"})},
		there: []string{
			"breaking request createApiKey: request body /purpose: presence",
		},
		back: []string{
			"breaking request createApiKey: request body /purpose: presence",
		},
	},
	{name: "an optional request field is new", edits: []edit{set(create+"properties>expires", object{"type": "integer", "format": "int64"})},
		there: []string{
			"additive request createApiKey: request body /expires: presence",
		},
		back: []string{
			"breaking request createApiKey: request body /expires: presence",
		},
	},
	{name: "a request field is gone", edits: []edit{remove(generate + "properties>key_type")},
		there: []string{
			"breaking request generateApiKey: request body /key_type: presence",
		},
		back: []string{
			"additive request generateApiKey: request body /key_type: presence",
		},
	},
	{name: "a request field becomes required", edits: []edit{set(create+"required", []any{"name", "public_key", "subaccount"})},
		there: []string{
			"breaking request createApiKey: request body /subaccount: required",
		},
		back: []string{
			"additive request createApiKey: request body /subaccount: required",
		},
	},
	{name: "a request field is not required any more", edits: []edit{set(create+"required", []any{"name"})},
		there: []string{
			"additive request createApiKey: request body /public_key: required",
		},
		back: []string{
			"breaking request createApiKey: request body /public_key: required",
		},
	},
	{name: "a request field has another type", edits: []edit{set(create+"properties>name", object{"type": "integer"})},
		there: []string{
			"breaking request createApiKey: request body /name: type",
			"text request createApiKey: request body /name: description",
		},
		back: []string{
			"breaking request createApiKey: request body /name: type",
			"text request createApiKey: request body /name: description",
		},
	},
	{name: "a request field takes any number", edits: []edit{set(create+"properties>subaccount", object{"type": "number", "minimum": 0, "maximum": 63})},
		there: []string{
			"additive request createApiKey: request body /subaccount: type",
			"text request createApiKey: request body /subaccount: description",
		},
		back: []string{
			"breaking request createApiKey: request body /subaccount: type",
			"text request createApiKey: request body /subaccount: description",
		},
	},
	{name: "a request field may be null", edits: []edit{set(create+"properties>name>nullable", true)},
		there: []string{
			"additive request createApiKey: request body /name: nullable",
		},
		back: []string{
			"breaking request createApiKey: request body /name: nullable",
		},
	},
	{name: "a request field has a format", edits: []edit{set(create+"properties>name>format", "hostname")},
		there: []string{
			"breaking request createApiKey: request body /name: format",
		},
		back: []string{
			"additive request createApiKey: request body /name: format",
		},
	},
	{name: "a request field has a pattern", edits: []edit{set(create+"properties>name>pattern", "^[a-z]+$")},
		there: []string{
			"breaking request createApiKey: request body /name: pattern",
		},
		back: []string{
			"additive request createApiKey: request body /name: pattern",
		},
	},
	{name: "a request field has a longest length", edits: []edit{set(create+"properties>name>maxLength", 64)},
		there: []string{
			"breaking request createApiKey: request body /name: maxLength",
		},
		back: []string{
			"additive request createApiKey: request body /name: maxLength",
		},
	},
	{name: "a request field has a shortest length", edits: []edit{set(create+"properties>name>minLength", 1)},
		there: []string{
			"breaking request createApiKey: request body /name: minLength",
		},
		back: []string{
			"additive request createApiKey: request body /name: minLength",
		},
	},
	{name: "a request field has a lower maximum", edits: []edit{set(schemas+"Subaccount>maximum", 31)},
		there: []string{
			"breaking request createApiKey: request body /subaccount: maximum",
			"breaking request generateApiKey: request body /subaccount: maximum",
		},
		back: []string{
			"additive request createApiKey: request body /subaccount: maximum",
			"additive request generateApiKey: request body /subaccount: maximum",
		},
	},
	{name: "a request field has no minimum", edits: []edit{remove(schemas + "Subaccount>minimum")},
		there: []string{
			"additive request createApiKey: request body /subaccount: minimum",
			"additive request generateApiKey: request body /subaccount: minimum",
		},
		back: []string{
			"breaking request createApiKey: request body /subaccount: minimum",
			"breaking request generateApiKey: request body /subaccount: minimum",
		},
	},
	{name: "a request field has an exclusive minimum", edits: []edit{set(schemas+"Subaccount>exclusiveMinimum", true)},
		there: []string{
			"additive request createApiKey: request body /subaccount: minimum",
			"additive request generateApiKey: request body /subaccount: minimum",
			"breaking request createApiKey: request body /subaccount: exclusiveMinimum",
			"breaking request generateApiKey: request body /subaccount: exclusiveMinimum",
		},
		back: []string{
			"additive request createApiKey: request body /subaccount: exclusiveMinimum",
			"additive request generateApiKey: request body /subaccount: exclusiveMinimum",
			"breaking request createApiKey: request body /subaccount: minimum",
			"breaking request generateApiKey: request body /subaccount: minimum",
		},
	},
	{name: "a request field is a multiple", edits: []edit{set(schemas+"Subaccount>multipleOf", 2)},
		there: []string{
			"breaking request createApiKey: request body /subaccount: multipleOf",
			"breaking request generateApiKey: request body /subaccount: multipleOf",
		},
		back: []string{
			"additive request createApiKey: request body /subaccount: multipleOf",
			"additive request generateApiKey: request body /subaccount: multipleOf",
		},
	},
	{name: "a request list is limited", edits: []edit{set(schemas+"Scopes>maxItems", 4), set(schemas+"Scopes>minItems", 1)},
		there: []string{
			"breaking request createApiKey: request body /scopes: maxItems",
			"breaking request createApiKey: request body /scopes: minItems",
			"breaking request generateApiKey: request body /scopes: maxItems",
			"breaking request generateApiKey: request body /scopes: minItems",
		},
		back: []string{
			"additive request createApiKey: request body /scopes: maxItems",
			"additive request createApiKey: request body /scopes: minItems",
			"additive request generateApiKey: request body /scopes: maxItems",
			"additive request generateApiKey: request body /scopes: minItems",
		},
	},
	{name: "a request list has no doubles", edits: []edit{set(schemas+"Scopes>uniqueItems", true)},
		there: []string{
			"breaking request createApiKey: request body /scopes: uniqueItems",
			"breaking request generateApiKey: request body /scopes: uniqueItems",
		},
		back: []string{
			"additive request createApiKey: request body /scopes: uniqueItems",
			"additive request generateApiKey: request body /scopes: uniqueItems",
		},
	},
	{name: "a request enum loses a value", edits: []edit{set(schemas+"KeyType>enum", []any{"rsa"})},
		there: []string{
			"additive response generateApiKey: response 201 body /key_type: enum",
			"breaking request generateApiKey: request body /key_type: enum",
		},
		back: []string{
			"additive request generateApiKey: request body /key_type: enum",
			"breaking response generateApiKey: response 201 body /key_type: enum",
		},
	},
	{name: "a request enum gains a value", edits: []edit{set(schemas+"KeyType>enum", []any{"ed25519", "p256", "rsa"})},
		there: []string{
			"additive request generateApiKey: request body /key_type: enum",
			"breaking response generateApiKey: response 201 body /key_type: enum",
		},
		back: []string{
			"additive response generateApiKey: response 201 body /key_type: enum",
			"breaking request generateApiKey: request body /key_type: enum",
		},
	},
	{name: "a scope is new", edits: []edit{set(schemas+"Scope>enum", append(scopes(), "write::margin"))},
		there: []string{
			"additive request createApiKey: request body /scopes/items: enum",
			"additive request generateApiKey: request body /scopes/items: enum",
		},
		back: []string{
			"breaking request createApiKey: request body /scopes/items: enum",
			"breaking request generateApiKey: request body /scopes/items: enum",
		},
	},
	{name: "a request enum is opened", edits: []edit{remove(schemas + "KeyType>enum")},
		there: []string{
			"additive request generateApiKey: request body /key_type: enum",
			"breaking response generateApiKey: response 201 body /key_type: enum",
		},
		back: []string{
			"additive response generateApiKey: response 201 body /key_type: enum",
			"breaking request generateApiKey: request body /key_type: enum",
		},
	},
	{name: "a request field has a default", edits: []edit{set(generate+"properties>key_type>default", "ed25519")},
		there: []string{
			"breaking request generateApiKey: request body /key_type: default",
		},
		back: []string{
			"breaking request generateApiKey: request body /key_type: default",
		},
	},
	{name: "a request field has the default that the contract states in words", edits: []edit{
		set(generate+"properties>key_type>default", "rsa"), set(create+"properties>scopes>default", []any{"read", "write"})},
		there: []string{
			"additive request generateApiKey: request body /key_type: default",
			"additive request createApiKey: request body /scopes: default",
		},
		back: []string{
			"breaking request generateApiKey: request body /key_type: default",
			"breaking request createApiKey: request body /scopes: default",
		},
	},
	{name: "a request field has half of the default that the contract states in words", edits: []edit{set(create+"properties>scopes>default", []any{"write"})},
		there: []string{
			"breaking request createApiKey: request body /scopes: default",
		},
		back: []string{
			"breaking request createApiKey: request body /scopes: default",
		},
	},
	{name: "a request field is read only", edits: []edit{set(create+"properties>name>readOnly", true)},
		there: []string{
			"breaking request createApiKey: request body /name: readOnly",
		},
		back: []string{
			"additive request createApiKey: request body /name: readOnly",
		},
	},
	{name: "unknown request fields are refused", edits: []edit{set(create+"additionalProperties", false)},
		there: []string{
			"breaking request createApiKey: request body: additionalProperties",
		},
		back: []string{
			"additive request createApiKey: request body: additionalProperties",
		},
	},
	{name: "unknown request fields have a type", edits: []edit{set(create+"additionalProperties", object{"type": "string"})},
		there: []string{
			"breaking request createApiKey: request body /*: presence",
		},
		back: []string{
			"additive request createApiKey: request body /*: presence",
		},
	},
	{name: "what a request must not be is gone", edits: []edit{remove(create + "not")},
		there: []string{
			"additive request createApiKey: request body /not: presence",
		},
		back: []string{
			"breaking request createApiKey: request body /not: presence",
		},
	},
	{name: "what a request must not be is different", edits: []edit{set(create+"not", object{"required": []any{"name", "scopes"}})},
		there: []string{
			"breaking request createApiKey: request body /not: presence",
		},
		back: []string{
			"breaking request createApiKey: request body /not: presence",
		},
	},
	{name: "a request keyword of OpenAPI 3.1 is new", edits: []edit{set("openapi", "3.1.0"), set(create+"dependentRequired", object{"scopes": []any{"subaccount"}})},
		there: []string{
			"breaking request createApiKey: request body: dependentRequired",
		},
		back: []string{
			"additive request createApiKey: request body: dependentRequired",
		},
	},

	{name: "a keyword that nobody knows is new", edits: []edit{set(create+"exclusiveWith", []any{"scopes"}), set(key+"sometimes", true)},
		there: []string{
			"breaking request createApiKey: request body: exclusiveWith",
			"breaking response getApiKeys: response 200 body /api_keys/items: sometimes",
		},
		back: []string{
			"breaking request createApiKey: request body: exclusiveWith",
			"breaking response getApiKeys: response 200 body /api_keys/items: sometimes",
		},
	},
	{name: "a success status is another", edits: []edit{remove(remover + "responses>204"), set(remover+"responses>200", object{"description": "deleted"})},
		there: []string{
			"breaking response deleteApiKey: response 200: presence",
			"breaking response deleteApiKey: response 204: presence",
		},
		back: []string{
			"breaking response deleteApiKey: response 200: presence",
			"breaking response deleteApiKey: response 204: presence",
		},
	},
	{name: "an error status is gone", edits: []edit{remove(post + "responses>409")},
		there: []string{
			"additive response createApiKey: response 409: presence",
		},
		back: []string{
			"additive response createApiKey: response 409: presence",
		},
	},
	{name: "an error status is new", edits: []edit{set(get+"responses>429", object{"description": "too many"})},
		there: []string{
			"additive response getApiKeys: response 429: presence",
		},
		back: []string{
			"additive response getApiKeys: response 429: presence",
		},
	},
	{name: "other statuses are documented at once", edits: []edit{set(get+"responses>default", object{"description": "d"}), set(get+"responses>5XX", object{"description": "d"})},
		there: []string{
			"additive response getApiKeys: response 5XX: presence",
			"additive response getApiKeys: response default: presence",
		},
		back: []string{
			"additive response getApiKeys: response 5XX: presence",
			"additive response getApiKeys: response default: presence",
		},
	},
	{name: "other successes are documented at once", edits: []edit{set(get+"responses>2XX", object{"description": "d"})},
		there: []string{
			"breaking response getApiKeys: response 2XX: presence",
		},
		back: []string{
			"breaking response getApiKeys: response 2XX: presence",
		},
	},
	{name: "an error has no body", edits: []edit{set(get+"responses>500", object{"description": "Internal server error"})},
		there: []string{
			"known response getApiKeys: response 500 body: content",
		},
		back: []string{
			"additive response getApiKeys: response 500 body: content",
		},
	},
	{name: "a response has a body where there was none", edits: []edit{set(remover+"responses>204>content", object{"application/json": object{"schema": object{"type": "object"}}})},
		there: []string{
			"additive response deleteApiKey: response 204 body: content",
		},
		back: []string{
			"breaking response deleteApiKey: response 204 body: content",
		},
	},
	{name: "a response has another content type", edits: []edit{set(get+"responses>200>content", object{"application/xml": object{"schema": object{"$ref": "#/components/schemas/GetApiKeysResponse"}}})},
		there: []string{
			"additive response getApiKeys: response 200 body: content",
			"breaking response getApiKeys: response 200 body: content",
		},
		back: []string{
			"additive response getApiKeys: response 200 body: content",
			"breaking response getApiKeys: response 200 body: content",
		},
	},
	{name: "a response of a second content type changes", edits: []edit{set(get+"responses>200>content>application/xml", object{"schema": object{"type": "object"}})},
		there: []string{
			"additive response getApiKeys: response 200 body: content",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body: content",
		},
	},
	{name: "a response has a header", edits: []edit{set(get+"responses>200>headers", object{"Retry-After": object{"schema": object{"type": "integer"}}})},
		there: []string{
			"additive response getApiKeys: response 200 header retry-after: presence",
		},
		back: []string{
			"breaking response getApiKeys: response 200 header retry-after: presence",
		},
	},

	{name: "a response field is new", edits: []edit{set(key+"properties>created_ts", object{"type": "string", "format": "date-time"})},
		there: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/created_ts: presence",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/created_ts: presence",
		},
	},
	{name: "a response field is gone", edits: []edit{remove(key + "properties>subaccount")},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: presence",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: presence",
		},
	},
	{name: "a required response field is gone", edits: []edit{remove(key + "properties>name"), set(key+"required", []any{"api_key_id", "scopes"})},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/name: presence",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/name: presence",
		},
	},
	{name: "a response field is not required any more", edits: []edit{set(key+"required", []any{"api_key_id", "name"})},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/scopes: required",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/scopes: required",
		},
	},
	{name: "a response field has another type", edits: []edit{set(key+"properties>subaccount>type", "string"), remove(key + "properties>subaccount>minimum"), remove(key + "properties>subaccount>maximum")},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: maximum",
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: minimum",
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: type",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: maximum",
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: minimum",
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: type",
		},
	},
	{name: "a response field may be null", edits: []edit{set(key+"properties>name>nullable", true)},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/name: nullable",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/name: nullable",
		},
	},
	{name: "a response field has another format", edits: []edit{set(schemas+"GetApiKeysResponse>properties>api_key_region_expiration_ts>format", "int32")},
		there: []string{
			"additive response getApiKeys: response 200 body /api_key_region_expiration_ts: format",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body /api_key_region_expiration_ts: format",
		},
	},
	{name: "a response field has a higher maximum", edits: []edit{set(key+"properties>subaccount>maximum", 127)},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: maximum",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: maximum",
		},
	},
	{name: "a response enum gains a value", edits: []edit{set(schemas+"GenerateApiKeyResponse>properties>key_type", object{"type": "string", "enum": []any{"rsa", "ed25519", "p256"}})},
		there: []string{
			"breaking response generateApiKey: response 201 body /key_type: enum",
			"text response generateApiKey: response 201 body /key_type: description",
		},
		back: []string{
			"additive response generateApiKey: response 201 body /key_type: enum",
			"text response generateApiKey: response 201 body /key_type: description",
		},
	},
	{name: "the scopes of an answer become a closed set", edits: []edit{set(key+"properties>scopes>items>enum", []any{"read", "write"})},
		there: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/scopes/items: enum",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/scopes/items: enum",
		},
	},
	{name: "a response field is write only", edits: []edit{set(key+"properties>name>writeOnly", true)},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/name: writeOnly",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/name: writeOnly",
		},
	},
	{name: "what has no meaning in its direction is said", edits: []edit{set(key+"properties>name>readOnly", true), set(create+"properties>public_key>writeOnly", true)},
		there: []string{
			"text request createApiKey: request body /public_key: writeOnly",
			"text response getApiKeys: response 200 body /api_keys/items/name: readOnly",
		},
		back: []string{
			"text request createApiKey: request body /public_key: writeOnly",
			"text response getApiKeys: response 200 body /api_keys/items/name: readOnly",
		},
	},
	{name: "an optional response field is write only", edits: []edit{set(key+"properties>subaccount>writeOnly", true)},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: writeOnly",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: writeOnly",
		},
	},
	{name: "a parameter has no schema", edits: []edit{remove(get + "parameters>0>schema")},
		there: []string{
			"additive request getApiKeys: parameter query fcm_subtrader_id: presence",
		},
		back: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: presence",
		},
	},
	{name: "a choice comes beside a type", edits: []edit{set(create+"properties>name>anyOf", []any{object{"minLength": 3}, object{"pattern": "^x"}})},
		there: []string{
			"breaking request createApiKey: request body /name: oneOf",
		},
		back: []string{
			"additive request createApiKey: request body /name: oneOf",
		},
	},
	{name: "what a request must not be changes inside", edits: []edit{set(create+"not>required", []any{"subaccount"})},
		there: []string{
			"breaking request createApiKey: request body /not: presence",
		},
		back: []string{
			"breaking request createApiKey: request body /not: presence",
		},
	},
	{name: "a response field has a default", edits: []edit{set(key+"properties>name>default", "key")},
		there: []string{
			"text response getApiKeys: response 200 body /api_keys/items/name: default",
		},
		back: []string{
			"text response getApiKeys: response 200 body /api_keys/items/name: default",
		},
	},
	{name: "unknown response fields are ruled out", edits: []edit{set(key+"additionalProperties", false)}},
	{name: "an error body may be empty", edits: []edit{remove(schemas + "ErrorResponse>minProperties")},
		there: everyError("known response %s: response %s body: minProperties"),
		back:  everyError("additive response %s: response %s body: minProperties"),
	},
	{name: "an error is never a text", edits: []edit{set(schemas+"ErrorResponse>properties>error>oneOf", []any{
		object{"$ref": "#/components/schemas/ErrorObject"}})},
		there: everyError("additive response %s: response %s body /error: oneOf"),
		back:  everyError("breaking response %s: response %s body /error: oneOf"),
	},
	{name: "an error is one of its two forms", edits: []edit{set(schemas+"ErrorResponse>properties>error", object{"$ref": "#/components/schemas/ErrorObject"})},
		there: everyError("additive response %s: response %s body /error: oneOf",
			"text response %s: response %s body /error: description"),
		back: everyError("breaking response %s: response %s body /error: oneOf",
			"text response %s: response %s body /error: description"),
	},
	{name: "an error is another object", edits: []edit{set(schemas+"ErrorResponse>properties>error", object{"type": "integer", "description": "The error, as an object or, when rate limited, as a text."})},
		there: everyError("breaking response %s: response %s body /error: oneOf"),
		back:  everyError("breaking response %s: response %s body /error: oneOf"),
	},
	{name: "an error is a third thing too", edits: []edit{set(schemas+"ErrorResponse>properties>error>oneOf", []any{
		object{"$ref": "#/components/schemas/ErrorObject"}, object{"$ref": "#/components/schemas/ErrorText"}, object{"type": "integer"}})},
		there: everyError("breaking response %s: response %s body /error: oneOf"),
		back:  everyError("known response %s: response %s body /error: oneOf"),
	},
	{name: "an error object changes inside", edits: []edit{set(schemas+"ErrorObject>properties>code>type", "integer")},
		there: everyError("breaking response %s: response %s body /error/oneOf/0/code: type"),
		back:  everyError("breaking response %s: response %s body /error/oneOf/0/code: type"),
	},

	// What only other documents have: both sides are edited.
	{name: "a response header changes",
		before: []edit{set(headers, object{"Retry-After": header(object{"type": "integer"})})},
		edits:  []edit{set(headers, object{"retry-after": object{"description": "Wait", "required": true, "schema": object{"type": "string"}}})},
		there: []string{
			"additive response getApiKeys: response 200 header retry-after: required",
			"breaking response getApiKeys: response 200 header retry-after: type",
			"text response getApiKeys: response 200 header retry-after: description",
		},
	},
	{name: "another content type changes",
		before: []edit{set(xml, object{"schema": object{"type": "object"}})},
		edits:  []edit{set(xml, object{"schema": object{"type": "array", "items": object{}}})},
		there: []string{
			"additive response getApiKeys: response 200 body (application/xml) /items: presence",
			"breaking response getApiKeys: response 200 body (application/xml): type",
		},
	},
	{name: "the encoding of a form changes",
		before: []edit{set(post+"requestBody>content>multipart/form-data", object{"encoding": object{"name": object{"contentType": "text/plain"}}})},
		edits:  []edit{set(post+"requestBody>content>multipart/form-data", object{"encoding": object{"name": object{"contentType": "text/html"}}})},
		there:  []string{"breaking request createApiKey: request body (multipart/form-data): encoding"},
	},
	{name: "a default changes",
		before: []edit{set(generate+"properties>key_type>default", "rsa")},
		edits:  []edit{set(generate+"properties>key_type>default", "ed25519")},
		there:  []string{"breaking request generateApiKey: request body /key_type: default"},
	},
	{name: "a shortest length grows",
		before: []edit{set(create+"properties>name>minLength", 1)},
		edits:  []edit{set(create+"properties>name>minLength", 2)},
		there:  []string{"breaking request createApiKey: request body /name: minLength"},
	},
	{name: "a format changes to a wider one",
		before: []edit{set(schemas+"Subaccount>format", "int32")},
		edits:  []edit{set(schemas+"Subaccount>format", "int64")},
		there: []string{
			"additive request createApiKey: request body /subaccount: format",
			"additive request generateApiKey: request body /subaccount: format",
		},
	},
	{name: "a format changes to a foreign one",
		before: []edit{set(create+"properties>name>format", "hostname")},
		edits:  []edit{set(create+"properties>name>format", "email")},
		there:  []string{"breaking request createApiKey: request body /name: format"},
	},
	{name: "a multiple changes",
		before: []edit{set(create+"properties>n", object{"type": "number", "multipleOf": 2})},
		edits:  []edit{set(create+"properties>n", object{"type": "number", "multipleOf": 3})},
		there:  []string{"breaking request createApiKey: request body /n: multipleOf"},
	},
	{name: "a value is held to branches",
		before: []edit{set(create+"properties>v", object{})},
		edits:  []edit{set(create+"properties>v", object{"anyOf": []any{object{"type": "array", "items": object{"type": "string"}}, object{"type": "string", "nullable": true}}})},
		there: []string{
			"breaking request createApiKey: request body /v: oneOf",
		},
	},
	{name: "anyOf of branches that overlap is not oneOf",
		before: []edit{set(create+"properties>v", object{"oneOf": []any{object{"type": "integer"}, object{"type": "number"}}})},
		edits:  []edit{set(create+"properties>v", object{"anyOf": []any{object{"type": "integer"}, object{"type": "number"}}})},
		there: []string{
			"breaking request createApiKey: request body /v: oneOf",
		},
	},
	{name: "allOf contradicts itself",
		before: []edit{set(create+"properties>v", object{"allOf": []any{object{"type": "string"}, object{"type": "integer"}}})},
		edits:  []edit{set(create+"properties>v", object{"allOf": []any{object{"type": "string"}, object{"type": "boolean"}}})},
		there:  []string{"breaking request createApiKey: request body /v/allOf/1: type"},
	},
	{name: "allOf wraps words about a choice",
		before: []edit{set(create+"properties>v", object{"title": "V", "externalDocs": object{"url": "https://example.com"}, "oneOf": []any{object{"type": "string"}, object{"type": "integer"}}})},
		edits:  []edit{set(create+"properties>v", object{"title": "V", "externalDocs": object{"url": "https://example.com"}, "allOf": []any{object{"oneOf": []any{object{"type": "integer"}, object{"type": "string"}}}}})},
	},
	{name: "a constant is an enum of one",
		before: []edit{set(create+"properties>v", object{"enum": []any{"a"}})},
		edits:  []edit{set("openapi", "3.1.0"), set(create+"properties>v", object{"const": "a"})},
	},
	{name: "an exclusive bound is a number in OpenAPI 3.1",
		before: []edit{set(create+"properties>v", object{"type": "number", "minimum": 1, "exclusiveMinimum": true})},
		edits:  []edit{set("openapi", "3.1.0"), set(create+"properties>v", object{"type": "number", "exclusiveMinimum": 1})},
	},
	{name: "the operation's parameter wins over the path's",
		before: []edit{},
		edits:  []edit{set("paths>/api_keys/{api_key}>parameters", []any{object{"name": "api_key", "in": "path", "required": true, "schema": object{"type": "integer"}}})},
	},
	{name: "header names do not depend on case",
		before: []edit{set("paths>/api_keys>parameters", []any{object{"name": "X-Trace", "in": "header", "schema": object{"type": "string"}}})},
		edits:  []edit{set("paths>/api_keys>parameters", []any{object{"name": "x-trace", "in": "header", "schema": object{"type": "string"}}})},
	},
	{name: "a path has servers of its own",
		before: []edit{set("paths>/api_keys/generate>servers", []any{object{"url": "https://a.example"}})},
		edits:  []edit{set("paths>/api_keys/generate>servers", []any{object{"url": "https://b.example"}})},
		there: []string{
			"breaking generateApiKey: server: presence",
			"additive generateApiKey: server: presence",
		},
	},
	{name: "a key moves from query to cookie",
		before: []edit{set(keyQuery, object{"type": "apiKey", "in": "query", "name": "key"}), set(get+"security", []any{object{"key": []any{}}})},
		edits:  []edit{set(keyQuery, object{"type": "apiKey", "in": "cookie", "name": "key"}), set(get+"security", []any{object{"key": []any{}}})},
		there:  []string{"breaking getApiKeys: security: alternatives"},
	},
	{name: "a scheme is defined nowhere",
		before: []edit{set(keyQuery, object{"type": "openIdConnect", "openIdConnectUrl": "https://a.example"}), set(get+"security", []any{object{"key": []any{}}})},
		edits:  []edit{set(get+"security", []any{object{"key": []any{}}})},
		there:  []string{"breaking getApiKeys: security: alternatives"},
	},
	{name: "a body comes to an operation without",
		before: []edit{},
		edits:  []edit{set(get+"requestBody", object{"content": object{"application/json": object{}}})},
		there:  []string{"additive request getApiKeys: request body: presence"},
	},
	{name: "a body keeps no content type",
		before: []edit{},
		edits:  []edit{set(post+"requestBody>content", object{})},
		there:  []string{"breaking request createApiKey: request body: content"},
	},
	{name: "a list is new",
		before: []edit{},
		edits:  []edit{set(key+"properties>tags", object{"type": "array", "items": object{}})},
		there:  []string{"additive response getApiKeys: response 200 body /api_keys/items/tags: presence"},
	},
	{name: "a name has a slash",
		before: []edit{},
		edits:  []edit{set(key+"properties>a/b~c", object{"type": "boolean"})},
		there:  []string{"additive response getApiKeys: response 200 body /api_keys/items/a~1b~0c: presence"},
	},
}

func header(schema object) object { return object{"description": "Seconds", "schema": schema} }
