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

// rows are single edits of the contract. There lists what they change when the edited document
// is the revision, back what they change when it is the contract.
var rows = []struct {
	name        string
	edits       []edit
	there, back []string
}{
	{name: "an operation is gone", edits: []edit{remove("paths>/api_keys/generate")},
		there: []string{
			"breaking generateApiKey: operation: presence: POST /api_keys/generate -> ",
		},
		back: []string{
			"additive generateApiKey: operation: presence:  -> POST /api_keys/generate",
		},
	},
	{name: "a method is gone", edits: []edit{remove("paths>/api_keys>post")},
		there: []string{
			"breaking createApiKey: operation: presence: POST /api_keys -> ",
		},
		back: []string{
			"additive createApiKey: operation: presence:  -> POST /api_keys",
		},
	},
	{name: "an operation is new under /api_keys", edits: []edit{set("paths>/api_keys/{api_key}>patch", object{
		"operationId": "updateApiKey", "responses": object{"204": object{"description": "done"}}})},
		there: []string{
			"additive updateApiKey: operation: presence:  -> PATCH /api_keys/{api_key}",
		},
		back: []string{
			"breaking updateApiKey: operation: presence: PATCH /api_keys/{api_key} -> ",
		},
	},
	{name: "an operation is new by its tag", edits: []edit{set("paths>/scopes", object{"get": object{
		"tags": []any{"API Keys"}, "operationId": "getScopes", "responses": object{"200": object{"description": "all"}}}})},
		there: []string{
			"additive getScopes: operation: presence:  -> GET /scopes",
		},
		back: []string{
			"breaking getScopes: operation: presence: GET /scopes -> ",
		},
	},
	{name: "an operation is new by its path in another spelling", edits: []edit{set("paths>/api-keys/rotate", object{"post": object{
		"operationId": "rotate", "responses": object{"204": object{"description": "done"}}}})},
		there: []string{
			"additive rotate: operation: presence:  -> POST /api-keys/rotate",
		},
		back: []string{
			"breaking rotate: operation: presence: POST /api-keys/rotate -> ",
		},
	},
	{name: "an operation is new by its ID", edits: []edit{set("paths>/account/key_limits", object{"get": object{
		"operationId": "getApiKeyLimits", "responses": object{"200": object{"description": "all"}}}})},
		there: []string{
			"additive getApiKeyLimits: operation: presence:  -> GET /account/key_limits",
		},
		back: []string{
			"breaking getApiKeyLimits: operation: presence: GET /account/key_limits -> ",
		},
	},
	{name: "an operation about something else is new", edits: []edit{set("paths>/markets", object{"get": object{
		"operationId": "getMarkets", "responses": object{"200": object{"description": "all"}}}})},
		back: []string{
			"breaking getMarkets: operation: presence: GET /markets -> ",
		},
	},
	{name: "an operation has another ID", edits: []edit{set(get+"operationId", "listApiKeys")},
		there: []string{
			"text getApiKeys: operation: operation ID: getApiKeys -> listApiKeys",
		},
		back: []string{
			"text listApiKeys: operation: operation ID: listApiKeys -> getApiKeys",
		},
	},
	{name: "an operation is deprecated", edits: []edit{set(get+"deprecated", true)},
		there: []string{
			"additive getApiKeys: operation: deprecated:  -> true",
		},
		back: []string{
			"text getApiKeys: operation: deprecated: true -> ",
		},
	},

	{name: "a server is gone", edits: []edit{set("servers", []any{
		object{"url": "https://api.elections.kalshi.com/trade-api/v2"},
		object{"url": "https://external-api.kalshi.com/trade-api/v2"},
		object{"url": "https://external-api.demo.kalshi.co/trade-api/v2"}})},
		there: []string{
			"breaking: server: URL: https://demo-api.kalshi.co/trade-api/v2 -> ",
		},
		back: []string{
			"additive: server: URL:  -> https://demo-api.kalshi.co/trade-api/v2",
		},
	},
	{name: "a server is new for one operation", edits: []edit{set(get+"servers", []any{
		object{"url": "https://read.kalshi.com/trade-api/v2"}})},
		there: []string{
			"additive getApiKeys: server: URL:  -> https://read.kalshi.com/trade-api/v2",
			"breaking getApiKeys: server: URL: https://api.elections.kalshi.com/trade-api/v2 -> ",
			"breaking getApiKeys: server: URL: https://demo-api.kalshi.co/trade-api/v2 -> ",
			"breaking getApiKeys: server: URL: https://external-api.demo.kalshi.co/trade-api/v2 -> ",
			"breaking getApiKeys: server: URL: https://external-api.kalshi.com/trade-api/v2 -> ",
		},
		back: []string{
			"additive getApiKeys: server: URL:  -> https://api.elections.kalshi.com/trade-api/v2",
			"additive getApiKeys: server: URL:  -> https://demo-api.kalshi.co/trade-api/v2",
			"additive getApiKeys: server: URL:  -> https://external-api.demo.kalshi.co/trade-api/v2",
			"additive getApiKeys: server: URL:  -> https://external-api.kalshi.com/trade-api/v2",
			"breaking getApiKeys: server: URL: https://read.kalshi.com/trade-api/v2 -> ",
		},
	},

	{name: "one header of the three is not asked for", edits: []edit{set(get+"security", []any{object{
		"kalshiAccessKey": []any{}, "kalshiAccessSignature": []any{}}})},
		there: []string{
			"additive getApiKeys: security: alternatives: header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP -> header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE",
		},
		back: []string{
			"breaking getApiKeys: security: alternatives: header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE -> header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP",
		},
	},
	{name: "an operation asks for no credentials", edits: []edit{set(get+"security", []any{})},
		there: []string{
			"additive getApiKeys: security: alternatives: header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP -> no credentials",
		},
		back: []string{
			"breaking getApiKeys: security: alternatives: no credentials -> header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP",
		},
	},
	{name: "a credential goes in another header", edits: []edit{set("components>securitySchemes>kalshiAccessKey>name", "X-KEY")},
		there: everyOperation("breaking %s: security: alternatives: header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP -> header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP + header X-KEY"),
		back:  everyOperation("breaking %s: security: alternatives: header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP + header X-KEY -> header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP"),
	},
	{name: "there is another way to authenticate", edits: []edit{
		set("components>securitySchemes>bearer", object{"type": "http", "scheme": "Bearer"}),
		set(get+"security", []any{
			object{"kalshiAccessKey": []any{}, "kalshiAccessSignature": []any{}, "kalshiAccessTimestamp": []any{}},
			object{"bearer": []any{"keys"}}})},
		there: []string{
			"additive getApiKeys: security: alternatives: header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP -> HTTP bearer (keys) or header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP",
		},
		back: []string{
			"breaking getApiKeys: security: alternatives: HTTP bearer (keys) or header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP -> header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP",
		},
	},

	{name: "an optional parameter is gone", edits: []edit{set(get+"parameters", []any{})},
		there: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: presence: string -> ",
		},
		back: []string{
			"additive request getApiKeys: parameter query fcm_subtrader_id: presence:  -> string",
		},
	},
	{name: "a parameter becomes required", edits: []edit{set(get+"parameters>0>required", true)},
		there: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: required: false -> true",
		},
		back: []string{
			"additive request getApiKeys: parameter query fcm_subtrader_id: required: true -> false",
		},
	},
	{name: "a required parameter is new", edits: []edit{set(remover+"parameters", []any{
		object{"name": "api_key", "in": "path", "required": true, "description": "API key ID to delete",
			"schema":  object{"$ref": "#/components/schemas/ApiKeyId"},
			"example": "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"},
		object{"name": "reason", "in": "query", "required": true, "schema": object{"type": "string"}}})},
		there: []string{
			"breaking request deleteApiKey: parameter query reason: presence:  -> required string",
		},
		back: []string{
			"breaking request deleteApiKey: parameter query reason: presence: string -> ",
		},
	},
	{name: "an optional parameter is new", edits: []edit{set("paths>/api_keys>parameters", []any{
		object{"name": "trace", "in": "query", "schema": object{"type": "string"}}})},
		there: []string{
			"additive request createApiKey: parameter query trace: presence:  -> string",
			"additive request getApiKeys: parameter query trace: presence:  -> string",
		},
		back: []string{
			"breaking request createApiKey: parameter query trace: presence: string -> ",
			"breaking request getApiKeys: parameter query trace: presence: string -> ",
		},
	},
	{name: "a parameter has another type", edits: []edit{set(get+"parameters>0>schema", object{"type": "integer"})},
		there: []string{
			"additive request getApiKeys: parameter query fcm_subtrader_id: pattern: ^.+_[0-9A-Za-z]{1,16}$ -> ",
			"breaking request getApiKeys: parameter query fcm_subtrader_id: type: string -> integer",
			"text request getApiKeys: parameter query fcm_subtrader_id: description: {user_id}_{suffix}, with a suffix of 1 to 16 ASCII letters and digits. Case-sensitive. -> ",
		},
		back: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: pattern:  -> ^.+_[0-9A-Za-z]{1,16}$",
			"breaking request getApiKeys: parameter query fcm_subtrader_id: type: integer -> string",
			"text request getApiKeys: parameter query fcm_subtrader_id: description:  -> {user_id}_{suffix}, with a suffix of 1 to 16 ASCII letters and digits. Case-sensitive.",
		},
	},
	{name: "a parameter has another pattern", edits: []edit{set(get+"parameters>0>schema", object{"type": "string", "pattern": "^[a-z]+$"})},
		there: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: pattern: ^.+_[0-9A-Za-z]{1,16}$ -> ^[a-z]+$",
			"text request getApiKeys: parameter query fcm_subtrader_id: description: {user_id}_{suffix}, with a suffix of 1 to 16 ASCII letters and digits. Case-sensitive. -> ",
		},
		back: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: pattern: ^[a-z]+$ -> ^.+_[0-9A-Za-z]{1,16}$",
			"text request getApiKeys: parameter query fcm_subtrader_id: description:  -> {user_id}_{suffix}, with a suffix of 1 to 16 ASCII letters and digits. Case-sensitive.",
		},
	},
	{name: "a parameter is written in another style", edits: []edit{set(get+"parameters>0>explode", false)},
		there: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: explode: true -> false",
		},
		back: []string{
			"breaking request getApiKeys: parameter query fcm_subtrader_id: explode: false -> true",
		},
	},

	{name: "the request body is gone", edits: []edit{remove(post + "requestBody")},
		there: []string{
			"breaking request createApiKey: request body: presence: application/json -> ",
		},
		back: []string{
			"breaking request createApiKey: request body: presence:  -> application/json",
		},
	},
	{name: "the request body is optional", edits: []edit{remove(post + "requestBody>required")},
		there: []string{
			"additive request createApiKey: request body: required: true -> false",
		},
		back: []string{
			"breaking request createApiKey: request body: required: false -> true",
		},
	},
	{name: "the request body has another content type", edits: []edit{set(post+"requestBody>content", object{
		"application/x-www-form-urlencoded": object{"schema": object{"$ref": "#/components/schemas/CreateApiKeyRequest"}}})},
		there: []string{
			"additive request createApiKey: request body: content:  -> application/x-www-form-urlencoded",
			"breaking request createApiKey: request body: content: application/json -> ",
		},
		back: []string{
			"additive request createApiKey: request body: content:  -> application/json",
			"breaking request createApiKey: request body: content: application/x-www-form-urlencoded -> ",
		},
	},
	{name: "the request body has one more content type", edits: []edit{set(post+"requestBody>content>text/plain", object{"schema": object{"type": "string"}})},
		there: []string{
			"additive request createApiKey: request body: content:  -> text/plain",
		},
		back: []string{
			"breaking request createApiKey: request body: content: text/plain -> ",
		},
	},

	{name: "a required request field is new", edits: []edit{
		set(create+"required", []any{"name", "public_key", "purpose"}), set(create+"properties>purpose", object{"type": "string"})},
		there: []string{
			"breaking request createApiKey: request body /purpose: presence:  -> required string",
		},
		back: []string{
			"breaking request createApiKey: request body /purpose: presence: string -> ",
		},
	},
	{name: "an optional request field is new", edits: []edit{set(create+"properties>expires", object{"type": "integer", "format": "int64"})},
		there: []string{
			"additive request createApiKey: request body /expires: presence:  -> integer (int64)",
		},
		back: []string{
			"breaking request createApiKey: request body /expires: presence: integer (int64) -> ",
		},
	},
	{name: "a request field is gone", edits: []edit{remove(generate + "properties>key_type")},
		there: []string{
			"breaking request generateApiKey: request body /key_type: presence: string (rsa, ed25519) -> ",
		},
		back: []string{
			"additive request generateApiKey: request body /key_type: presence:  -> string (rsa, ed25519)",
		},
	},
	{name: "a request field becomes required", edits: []edit{set(create+"required", []any{"name", "public_key", "subaccount"})},
		there: []string{
			"breaking request createApiKey: request body /subaccount: required:  -> true",
		},
		back: []string{
			"additive request createApiKey: request body /subaccount: required: true -> ",
		},
	},
	{name: "a request field is not required any more", edits: []edit{set(create+"required", []any{"name"})},
		there: []string{
			"additive request createApiKey: request body /public_key: required: true -> ",
		},
		back: []string{
			"breaking request createApiKey: request body /public_key: required:  -> true",
		},
	},
	{name: "a request field has another type", edits: []edit{set(create+"properties>name", object{"type": "integer"})},
		there: []string{
			"breaking request createApiKey: request body /name: type: string -> integer",
			"text request createApiKey: request body /name: description: Name for the API key. This helps identify the key's purpose. -> ",
		},
		back: []string{
			"breaking request createApiKey: request body /name: type: integer -> string",
			"text request createApiKey: request body /name: description:  -> Name for the API key. This helps identify the key's purpose.",
		},
	},
	{name: "a request field takes any number", edits: []edit{set(create+"properties>subaccount", object{"type": "number", "minimum": 0, "maximum": 63})},
		there: []string{
			"additive request createApiKey: request body /subaccount: type: integer -> number",
			"text request createApiKey: request body /subaccount: description: Restricts the key to this subaccount, 0 to 63. -> ",
		},
		back: []string{
			"breaking request createApiKey: request body /subaccount: type: number -> integer",
			"text request createApiKey: request body /subaccount: description:  -> Restricts the key to this subaccount, 0 to 63.",
		},
	},
	{name: "a request field may be null", edits: []edit{set(create+"properties>name>nullable", true)},
		there: []string{
			"additive request createApiKey: request body /name: nullable: false -> true",
		},
		back: []string{
			"breaking request createApiKey: request body /name: nullable: true -> false",
		},
	},
	{name: "a request field has a format", edits: []edit{set(create+"properties>name>format", "hostname")},
		there: []string{
			"breaking request createApiKey: request body /name: format:  -> hostname",
		},
		back: []string{
			"additive request createApiKey: request body /name: format: hostname -> ",
		},
	},
	{name: "a request field has a pattern", edits: []edit{set(create+"properties>name>pattern", "^[a-z]+$")},
		there: []string{
			"breaking request createApiKey: request body /name: pattern:  -> ^[a-z]+$",
		},
		back: []string{
			"additive request createApiKey: request body /name: pattern: ^[a-z]+$ -> ",
		},
	},
	{name: "a request field has a longest length", edits: []edit{set(create+"properties>name>maxLength", 64)},
		there: []string{
			"breaking request createApiKey: request body /name: maxLength:  -> 64",
		},
		back: []string{
			"additive request createApiKey: request body /name: maxLength: 64 -> ",
		},
	},
	{name: "a request field has a shortest length", edits: []edit{set(create+"properties>name>minLength", 1)},
		there: []string{
			"breaking request createApiKey: request body /name: minLength:  -> 1",
		},
		back: []string{
			"additive request createApiKey: request body /name: minLength: 1 -> ",
		},
	},
	{name: "a request field has a lower maximum", edits: []edit{set(schemas+"Subaccount>maximum", 31)},
		there: []string{
			"breaking request createApiKey: request body /subaccount: maximum: 63 -> 31",
			"breaking request generateApiKey: request body /subaccount: maximum: 63 -> 31",
		},
		back: []string{
			"additive request createApiKey: request body /subaccount: maximum: 31 -> 63",
			"additive request generateApiKey: request body /subaccount: maximum: 31 -> 63",
		},
	},
	{name: "a request field has no minimum", edits: []edit{remove(schemas + "Subaccount>minimum")},
		there: []string{
			"additive request createApiKey: request body /subaccount: minimum: 0 -> ",
			"additive request generateApiKey: request body /subaccount: minimum: 0 -> ",
		},
		back: []string{
			"breaking request createApiKey: request body /subaccount: minimum:  -> 0",
			"breaking request generateApiKey: request body /subaccount: minimum:  -> 0",
		},
	},
	{name: "a request field has an exclusive minimum", edits: []edit{set(schemas+"Subaccount>exclusiveMinimum", true)},
		there: []string{
			"additive request createApiKey: request body /subaccount: minimum: 0 -> ",
			"additive request generateApiKey: request body /subaccount: minimum: 0 -> ",
			"breaking request createApiKey: request body /subaccount: exclusiveMinimum:  -> 0",
			"breaking request generateApiKey: request body /subaccount: exclusiveMinimum:  -> 0",
		},
		back: []string{
			"additive request createApiKey: request body /subaccount: exclusiveMinimum: 0 -> ",
			"additive request generateApiKey: request body /subaccount: exclusiveMinimum: 0 -> ",
			"breaking request createApiKey: request body /subaccount: minimum:  -> 0",
			"breaking request generateApiKey: request body /subaccount: minimum:  -> 0",
		},
	},
	{name: "a request field is a multiple", edits: []edit{set(schemas+"Subaccount>multipleOf", 2)},
		there: []string{
			"breaking request createApiKey: request body /subaccount: multipleOf:  -> 2",
			"breaking request generateApiKey: request body /subaccount: multipleOf:  -> 2",
		},
		back: []string{
			"additive request createApiKey: request body /subaccount: multipleOf: 2 -> ",
			"additive request generateApiKey: request body /subaccount: multipleOf: 2 -> ",
		},
	},
	{name: "a request list is limited", edits: []edit{set(schemas+"Scopes>maxItems", 4), set(schemas+"Scopes>minItems", 1)},
		there: []string{
			"breaking request createApiKey: request body /scopes: maxItems:  -> 4",
			"breaking request createApiKey: request body /scopes: minItems:  -> 1",
			"breaking request generateApiKey: request body /scopes: maxItems:  -> 4",
			"breaking request generateApiKey: request body /scopes: minItems:  -> 1",
		},
		back: []string{
			"additive request createApiKey: request body /scopes: maxItems: 4 -> ",
			"additive request createApiKey: request body /scopes: minItems: 1 -> ",
			"additive request generateApiKey: request body /scopes: maxItems: 4 -> ",
			"additive request generateApiKey: request body /scopes: minItems: 1 -> ",
		},
	},
	{name: "a request list has no doubles", edits: []edit{set(schemas+"Scopes>uniqueItems", true)},
		there: []string{
			"breaking request createApiKey: request body /scopes: uniqueItems: false -> true",
			"breaking request generateApiKey: request body /scopes: uniqueItems: false -> true",
		},
		back: []string{
			"additive request createApiKey: request body /scopes: uniqueItems: true -> false",
			"additive request generateApiKey: request body /scopes: uniqueItems: true -> false",
		},
	},
	{name: "a request enum loses a value", edits: []edit{set(schemas+"KeyType>enum", []any{"rsa"})},
		there: []string{
			"additive response generateApiKey: response 201 body /key_type: enum: ed25519 -> ",
			"breaking request generateApiKey: request body /key_type: enum: ed25519 -> ",
		},
		back: []string{
			"additive request generateApiKey: request body /key_type: enum:  -> ed25519",
			"breaking response generateApiKey: response 201 body /key_type: enum:  -> ed25519",
		},
	},
	{name: "a request enum gains a value", edits: []edit{set(schemas+"KeyType>enum", []any{"ed25519", "p256", "rsa"})},
		there: []string{
			"additive request generateApiKey: request body /key_type: enum:  -> p256",
			"breaking response generateApiKey: response 201 body /key_type: enum:  -> p256",
		},
		back: []string{
			"additive response generateApiKey: response 201 body /key_type: enum: p256 -> ",
			"breaking request generateApiKey: request body /key_type: enum: p256 -> ",
		},
	},
	{name: "a scope is new", edits: []edit{set(schemas+"Scope>enum", append(scopes(), "write::margin"))},
		there: []string{
			"additive request createApiKey: request body /scopes/items: enum:  -> write::margin",
			"additive request generateApiKey: request body /scopes/items: enum:  -> write::margin",
		},
		back: []string{
			"breaking request createApiKey: request body /scopes/items: enum: write::margin -> ",
			"breaking request generateApiKey: request body /scopes/items: enum: write::margin -> ",
		},
	},
	{name: "a request enum is opened", edits: []edit{remove(schemas + "KeyType>enum")},
		there: []string{
			"additive request generateApiKey: request body /key_type: enum: rsa, ed25519 -> ",
			"breaking response generateApiKey: response 201 body /key_type: enum: rsa, ed25519 -> ",
		},
		back: []string{
			"additive response generateApiKey: response 201 body /key_type: enum:  -> rsa, ed25519",
			"breaking request generateApiKey: request body /key_type: enum:  -> rsa, ed25519",
		},
	},
	{name: "a request field has a default", edits: []edit{set(generate+"properties>key_type>default", "ed25519")},
		there: []string{
			"breaking request generateApiKey: request body /key_type: default:  -> ed25519",
		},
		back: []string{
			"breaking request generateApiKey: request body /key_type: default: ed25519 -> ",
		},
	},
	{name: "a request field has the default that the contract states in words", edits: []edit{
		set(generate+"properties>key_type>default", "rsa"), set(create+"properties>scopes>default", []any{"read", "write"})},
		there: []string{
			"additive request generateApiKey: request body /key_type: default:  -> rsa",
			`additive request createApiKey: request body /scopes: default:  -> ["read","write"]`,
		},
		back: []string{
			"breaking request generateApiKey: request body /key_type: default: rsa -> ",
			`breaking request createApiKey: request body /scopes: default: ["read","write"] -> `,
		},
	},
	{name: "a request field has half of the default that the contract states in words", edits: []edit{set(create+"properties>scopes>default", []any{"write"})},
		there: []string{
			`breaking request createApiKey: request body /scopes: default:  -> ["write"]`,
		},
		back: []string{
			`breaking request createApiKey: request body /scopes: default: ["write"] -> `,
		},
	},
	{name: "a request field is read only", edits: []edit{set(create+"properties>name>readOnly", true)},
		there: []string{
			"breaking request createApiKey: request body /name: readOnly: false -> true",
		},
		back: []string{
			"additive request createApiKey: request body /name: readOnly: true -> false",
		},
	},
	{name: "unknown request fields are refused", edits: []edit{set(create+"additionalProperties", false)},
		there: []string{
			"breaking request createApiKey: request body: additionalProperties:  -> false",
		},
		back: []string{
			"additive request createApiKey: request body: additionalProperties: false -> ",
		},
	},
	{name: "unknown request fields have a type", edits: []edit{set(create+"additionalProperties", object{"type": "string"})},
		there: []string{
			"breaking request createApiKey: request body /*: schema:  -> string",
		},
		back: []string{
			"additive request createApiKey: request body /*: schema: string -> ",
		},
	},
	{name: "what a request must not be is gone", edits: []edit{remove(create + "not")},
		there: []string{
			"additive request createApiKey: request body: not: {\"required\":[\"subaccount\",\"fcm_subtrader_id\"]} -> ",
		},
		back: []string{
			"breaking request createApiKey: request body: not:  -> {\"required\":[\"subaccount\",\"fcm_subtrader_id\"]}",
		},
	},
	{name: "what a request must not be is different", edits: []edit{set(create+"not", object{"required": []any{"name", "scopes"}})},
		there: []string{
			"breaking request createApiKey: request body: not: {\"required\":[\"subaccount\",\"fcm_subtrader_id\"]} -> {\"required\":[\"name\",\"scopes\"]}",
		},
		back: []string{
			"breaking request createApiKey: request body: not: {\"required\":[\"name\",\"scopes\"]} -> {\"required\":[\"subaccount\",\"fcm_subtrader_id\"]}",
		},
	},
	{name: "a request keyword without a rule is new", edits: []edit{set("openapi", "3.1.0"), set(create+"dependentRequired", object{"scopes": []any{"subaccount"}})},
		there: []string{
			"breaking request createApiKey: request body: dependentRequired:  -> {\"added\":{\"scopes\":[\"subaccount\"]}}",
		},
		back: []string{
			"breaking request createApiKey: request body: dependentRequired:  -> {\"deleted\":{\"scopes\":[\"subaccount\"]}}",
		},
	},

	{name: "a success status is another", edits: []edit{remove(remover + "responses>204"), set(remover+"responses>200", object{"description": "deleted"})},
		there: []string{
			"breaking response deleteApiKey: response 200: presence:  -> 200",
			"breaking response deleteApiKey: response 204: presence: 204 -> ",
		},
		back: []string{
			"breaking response deleteApiKey: response 200: presence: 200 -> ",
			"breaking response deleteApiKey: response 204: presence:  -> 204",
		},
	},
	{name: "an error status is gone", edits: []edit{remove(post + "responses>409")},
		there: []string{
			"additive response createApiKey: response 409: presence: 409 -> ",
		},
		back: []string{
			"additive response createApiKey: response 409: presence:  -> 409",
		},
	},
	{name: "an error status is new", edits: []edit{set(get+"responses>429", object{"description": "too many"})},
		there: []string{
			"additive response getApiKeys: response 429: presence:  -> 429",
		},
		back: []string{
			"additive response getApiKeys: response 429: presence: 429 -> ",
		},
	},
	{name: "an error has no body", edits: []edit{set(get+"responses>500", object{"description": "Internal server error"})},
		there: []string{
			"breaking response getApiKeys: response 500 body: content: application/json -> ",
		},
		back: []string{
			"additive response getApiKeys: response 500 body: content:  -> application/json",
		},
	},
	{name: "a response has a body where there was none", edits: []edit{set(remover+"responses>204>content", object{"application/json": object{"schema": object{"type": "object"}}})},
		there: []string{
			"additive response deleteApiKey: response 204 body: content:  -> application/json",
		},
		back: []string{
			"breaking response deleteApiKey: response 204 body: content: application/json -> ",
		},
	},
	{name: "a response has another content type", edits: []edit{set(get+"responses>200>content", object{"application/xml": object{"schema": object{"$ref": "#/components/schemas/GetApiKeysResponse"}}})},
		there: []string{
			"additive response getApiKeys: response 200 body: content:  -> application/xml",
			"breaking response getApiKeys: response 200 body: content: application/json -> ",
		},
		back: []string{
			"additive response getApiKeys: response 200 body: content:  -> application/json",
			"breaking response getApiKeys: response 200 body: content: application/xml -> ",
		},
	},
	{name: "a response of a second content type changes", edits: []edit{set(get+"responses>200>content>application/xml", object{"schema": object{"type": "object"}})},
		there: []string{
			"additive response getApiKeys: response 200 body: content:  -> application/xml",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body: content: application/xml -> ",
		},
	},
	{name: "a response has a header", edits: []edit{set(get+"responses>200>headers", object{"Retry-After": object{"schema": object{"type": "integer"}}})},
		there: []string{
			"additive response getApiKeys: response 200 header Retry-After: presence:  -> integer",
		},
		back: []string{
			"breaking response getApiKeys: response 200 header Retry-After: presence: integer -> ",
		},
	},

	{name: "a response field is new", edits: []edit{set(key+"properties>created_ts", object{"type": "string", "format": "date-time"})},
		there: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/created_ts: presence:  -> string (date-time)",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/created_ts: presence: string (date-time) -> ",
		},
	},
	{name: "a response field is gone", edits: []edit{remove(key + "properties>subaccount")},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: presence: integer or null -> ",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: presence:  -> integer or null",
		},
	},
	{name: "a required response field is gone", edits: []edit{remove(key + "properties>name"), set(key+"required", []any{"api_key_id", "scopes"})},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/name: presence: string -> ",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/name: presence:  -> string",
		},
	},
	{name: "a response field is not required any more", edits: []edit{set(key+"required", []any{"api_key_id", "name"})},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/scopes: required: true -> ",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/scopes: required:  -> true",
		},
	},
	{name: "a response field has another type", edits: []edit{set(key+"properties>subaccount>type", "string"), remove(key + "properties>subaccount>minimum"), remove(key + "properties>subaccount>maximum")},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: maximum: 63 -> ",
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: minimum: 0 -> ",
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: type: integer -> string",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: maximum:  -> 63",
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: minimum:  -> 0",
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: type: string -> integer",
		},
	},
	{name: "a response field may be null", edits: []edit{set(key+"properties>name>nullable", true)},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/name: nullable: false -> true",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/name: nullable: true -> false",
		},
	},
	{name: "a response field has another format", edits: []edit{set(schemas+"GetApiKeysResponse>properties>api_key_region_expiration_ts>format", "int32")},
		there: []string{
			"additive response getApiKeys: response 200 body /api_key_region_expiration_ts: format: int64 -> int32",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body /api_key_region_expiration_ts: format: int32 -> int64",
		},
	},
	{name: "a response field has a higher maximum", edits: []edit{set(key+"properties>subaccount>maximum", 127)},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/subaccount: maximum: 63 -> 127",
		},
		back: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/subaccount: maximum: 127 -> 63",
		},
	},
	{name: "a response enum gains a value", edits: []edit{set(schemas+"GenerateApiKeyResponse>properties>key_type", object{"type": "string", "enum": []any{"rsa", "ed25519", "p256"}})},
		there: []string{
			"breaking response generateApiKey: response 201 body /key_type: enum:  -> p256",
			"text response generateApiKey: response 201 body /key_type: description: Algorithm of the pair. -> ",
		},
		back: []string{
			"additive response generateApiKey: response 201 body /key_type: enum: p256 -> ",
			"text response generateApiKey: response 201 body /key_type: description:  -> Algorithm of the pair.",
		},
	},
	{name: "the scopes of an answer become a closed set", edits: []edit{set(key+"properties>scopes>items>enum", []any{"read", "write"})},
		there: []string{
			"additive response getApiKeys: response 200 body /api_keys/items/scopes/items: enum:  -> read, write",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/scopes/items: enum: read, write -> ",
		},
	},
	{name: "a response field is write only", edits: []edit{set(key+"properties>name>writeOnly", true)},
		there: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/name: writeOnly: false -> true",
		},
		back: []string{
			"breaking response getApiKeys: response 200 body /api_keys/items/name: writeOnly: true -> false",
		},
	},
	{name: "a response field has a default", edits: []edit{set(key+"properties>name>default", "key")},
		there: []string{
			"text response getApiKeys: response 200 body /api_keys/items/name: default:  -> key",
		},
		back: []string{
			"text response getApiKeys: response 200 body /api_keys/items/name: default: key -> ",
		},
	},
	{name: "unknown response fields are ruled out", edits: []edit{set(key+"additionalProperties", false)}},
	{name: "an error body may be empty", edits: []edit{remove(schemas + "ErrorResponse>minProperties")},
		there: everyError("breaking response %s: response %s body: minProperties: 1 -> "),
		back:  everyError("additive response %s: response %s body: minProperties:  -> 1"),
	},
	{name: "an error is never a text", edits: []edit{set(schemas+"ErrorResponse>properties>error>oneOf", []any{
		object{"$ref": "#/components/schemas/ErrorObject"}})},
		there: everyError("additive response %s: response %s body /error: oneOf: string -> "),
		back:  everyError("breaking response %s: response %s body /error: oneOf:  -> string"),
	},
	{name: "an error is one of its two forms", edits: []edit{set(schemas+"ErrorResponse>properties>error", object{"$ref": "#/components/schemas/ErrorObject"})},
		there: everyError("additive response %s: response %s body /error: oneOf: string -> ",
			"text response %s: response %s body /error: description: The error, as an object or, when rate limited, as a text. -> The nested form of an error."),
		back: everyError("breaking response %s: response %s body /error: oneOf:  -> string",
			"text response %s: response %s body /error: description: The nested form of an error. -> The error, as an object or, when rate limited, as a text."),
	},
	{name: "an error is another object", edits: []edit{set(schemas+"ErrorResponse>properties>error", object{"type": "integer", "description": "The error, as an object or, when rate limited, as a text."})},
		there: everyError("breaking response %s: response %s body /error: oneOf: object -> ",
			"breaking response %s: response %s body /error: oneOf: string -> ",
			"additive response %s: response %s body /error: type:  -> integer"),
		back: everyError("additive response %s: response %s body /error: oneOf:  -> object",
			"additive response %s: response %s body /error: oneOf:  -> string",
			"breaking response %s: response %s body /error: type: integer -> "),
	},
	{name: "an error is a third thing too", edits: []edit{set(schemas+"ErrorResponse>properties>error>oneOf", []any{
		object{"$ref": "#/components/schemas/ErrorObject"}, object{"$ref": "#/components/schemas/ErrorText"}, object{"type": "integer"}})},
		there: everyError("breaking response %s: response %s body /error: oneOf:  -> integer"),
		back:  everyError("additive response %s: response %s body /error: oneOf: integer -> "),
	},
	{name: "an error object changes inside", edits: []edit{set(schemas+"ErrorObject>properties>code>type", "integer")},
		there: everyError("breaking response %s: response %s body /error/oneOf/0/code: type: string -> integer"),
		back:  everyError("breaking response %s: response %s body /error/oneOf/0/code: type: integer -> string"),
	},
}
