package drift_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/drift"
)

func TestEachEditIsReportedWhereItIs(t *testing.T) {
	for i, row := range rows {
		// The race tier needs a few of them: a comparison runs in one goroutine.
		if testing.Short() && i%10 != 0 {
			continue
		}
		before, after := encode(t, edited(t, row.before...)), encode(t, edited(t, row.edits...))
		t.Run(row.name, func(t *testing.T) { wantLines(t, between(t, before, after), row.there) })
		if row.before == nil {
			t.Run(row.name+", undone", func(t *testing.T) { wantLines(t, between(t, after, before), row.back) })
		}
	}
}

func between(t *testing.T, before, after []byte) *drift.Report {
	t.Helper()
	report, err := drift.CompareDocuments(bytes.NewReader(before), bytes.NewReader(after))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func wantLines(t *testing.T, report *drift.Report, want []string) {
	t.Helper()
	got := linesOf(report)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("changes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range report.Changes {
		if c.Meaning == "" {
			t.Errorf("no meaning: %+v", c)
		}
	}
}

func TestWordsAreTextOnly(t *testing.T) {
	edits := []struct {
		place, aspect string
		edit          edit
	}{
		{"operation", "summary", set(get+"summary", "List keys")},
		{"operation", "description", set(get+"description", "All of them.")},
		{"operation", "tags", set(get+"tags", []any{"api-keys", "keys"})},
		{"operation", "externalDocs", set(get+"externalDocs", object{"url": "https://example.com"})},
		{"parameter query fcm_subtrader_id", "description", set(get+"parameters>0>description", "Subtrader")},
		{"parameter query fcm_subtrader_id", "example", set(get+"parameters>0>example", "a_b")},
		{"parameter query fcm_subtrader_id", "examples", set(get+"parameters>0>examples", object{"a": object{"value": "a_b"}})},
		{"response 200", "description", set(get+"responses>200>description", "The keys")},
		{"response 200 body", "examples", remove(get + "responses>200>content>application/json>examples")},
		{"response 200 body", "example", set(get+"responses>200>content>application/json>example", object{"api_keys": []any{}})},
		{"response 200 body /api_keys/items", "description", set(key+"description", "A key")},
		{"response 200 body /api_keys/items", "title", set(key+"title", "Key")},
		{"response 200 body /api_keys/items", "example", set(key+"example", object{})},
		{"response 200 body /api_keys/items", "externalDocs", set(key+"externalDocs", object{"url": "https://example.com"})},
	}
	for _, row := range edits {
		t.Run(row.place+" "+row.aspect, func(t *testing.T) {
			report := compareWith(t, edited(t, row.edit))
			if len(report.Changes) != 1 {
				t.Fatalf("changes: %q", linesOf(report))
			}
			c := report.Changes[0]
			if c.Kind != drift.Text || c.Operation != "getApiKeys" || c.Place != row.place || c.Aspect != row.aspect {
				t.Errorf("change: %+v", c)
			}
			if report.Worst() != drift.Text {
				t.Errorf("the worst change is %q", report.Worst())
			}
		})
	}
}

func TestAnotherSpellingOfTheSameContractIsNoChange(t *testing.T) {
	for name, edits := range map[string][]edit{
		"nothing is edited":                  nil,
		"operation IDs in another case":      {set(get+"operationId", "GetApiKeys"), set(post+"operationId", "CREATEAPIKEY")},
		"extensions come and go":             {set("x-new", 1), set(get+"x-source", "elsewhere"), set(key+"properties>name>x-order", 1), remove(key + "x-source")},
		"a schema is wrapped in allOf":       {set(schemas+"GetApiKeysResponse>properties>api_keys>items", object{"allOf": []any{object{"$ref": "#/components/schemas/ApiKey"}}})},
		"allOf and $ref are written out":     {set(generate+"properties>key_type", object{"type": "string", "enum": []any{"rsa", "ed25519"}, "description": "Algorithm of the pair. `rsa` when omitted."})},
		"enum values are in another order":   {set(schemas+"KeyType>enum", []any{"ed25519", "rsa"})},
		"required is in another order":       {set(key+"required", []any{"scopes", "name", "api_key_id"})},
		"allOf of two parts says the same":   {set(key+"required", []any{"name"}), set(key+"allOf", []any{object{"required": []any{"api_key_id"}}, object{"required": []any{"scopes"}}})},
		"lines of a description break":       {set(get+"description", "Lists all API keys of the\n authenticated user. There is no paging, and the order of\nthe list is not documented. "), set(key+"properties>name>description", " User-provided name\nfor the API key.")},
		"security is inherited":              {remove(get + "security")},
		"a security scheme has another name": {set("components>securitySchemes>keyID", object{"type": "apiKey", "in": "header", "name": "kalshi-access-key"}), set(get+"security", []any{object{"keyID": []any{}, "kalshiAccessSignature": []any{}, "kalshiAccessTimestamp": []any{}}})},
		"servers end in a slash and a name":  {set("servers>0", object{"url": "https://{host}/trade-api/v2/", "variables": object{"host": object{"default": "api.elections.kalshi.com"}}})},
		"a server variable has an enum": {set("servers", []any{
			object{"url": "https://{host}.kalshi.{domain}/trade-api/v2", "variables": object{
				"host":   object{"default": "external-api", "enum": []any{"external-api", "api.elections"}},
				"domain": object{"default": "com", "enum": []any{"com"}}, "unused": object{"default": "x", "enum": []any{"y", "z"}}}},
			object{"url": "https://{host}.kalshi.co/trade-api/{version}", "variables": object{
				"host":    object{"default": "demo-api", "enum": []any{"demo-api", "external-api.demo"}},
				"version": object{"default": "v2"}}}})},
		"unknown request fields are allowed":  {set(create+"additionalProperties", true), set(generate+"additionalProperties", object{})},
		"an error is one of two with anyOf":   {set(schemas+"ErrorResponse>properties>error>anyOf", errorBranches()), remove(schemas + "ErrorResponse>properties>error>oneOf")},
		"the charset is named":                {set(get+"responses>200>content", object{"application/json; charset=utf-8": contentOf(t, "get", "200")})},
		"style and explode are written out":   {set(get+"parameters>0>style", "form"), set(get+"parameters>0>explode", true)},
		"a minimum is not exclusive":          {set(schemas+"Subaccount>exclusiveMinimum", false)},
		"parameters are moved to the path":    {remove(remover + "parameters"), set("paths>/api_keys/{api_key}>parameters", parameterOf(t, "api_key"))},
		"allOf wraps what may be null":        {set(schemas+"Nullable", object{"type": "string", "nullable": true}), set(key+"properties>fcm_subtrader_id", object{"description": "Subtrader that the key is bound to.", "allOf": []any{object{"$ref": "#/components/schemas/Nullable"}}})},
		"nothing is required, said at length": {set(schemas+"ErrorObject>required", []any{})},
		"an unused component is new":          {set(schemas+"Market", object{"type": "object"})},
		"null is a type, as in OpenAPI 3.1":   {set("openapi", "3.1.0"), set(key+"properties>fcm_subtrader_id>type", []any{"string", "null"}), remove(key + "properties>fcm_subtrader_id>nullable")},
		"null is a branch, as in OpenAPI 3.1": {set("openapi", "3.1.0"), set(key+"properties>fcm_subtrader_id", object{"description": "Subtrader that the key is bound to.", "anyOf": []any{object{"type": "string"}, object{"type": "null"}}})},
		"a schema of no operation contains itself": {
			set(schemas+"Node", object{"type": "object", "properties": object{"next": object{"$ref": "#/components/schemas/Node"}}})},
	} {
		t.Run(name, func(t *testing.T) {
			doc := edited(t, edits...)
			wantLines(t, compareWith(t, doc), nil)
			wantLines(t, between(t, encode(t, doc), encode(t, contract(t))), nil)
		})
	}
}

func contentOf(t *testing.T, method, status string) any {
	t.Helper()
	operation := contract(t)["paths"].(object)["/api_keys"].(object)[method].(object)
	return operation["responses"].(object)[status].(object)["content"].(object)["application/json"]
}

// parameterOf is the parameter of the delete operation under another name.
func parameterOf(t *testing.T, name string) []any {
	t.Helper()
	operation := contract(t)["paths"].(object)["/api_keys/{api_key}"].(object)["delete"].(object)
	parameter := operation["parameters"].([]any)[0].(object)
	parameter["name"] = name
	return []any{parameter}
}

func TestNamesOfPathParametersAreNoChange(t *testing.T) {
	for _, name := range []string{"apiKey", "id"} {
		doc := contract(t)
		paths := doc["paths"].(object)
		item := paths["/api_keys/{api_key}"].(object)
		item["delete"].(object)["parameters"] = parameterOf(t, name)
		delete(paths, "/api_keys/{api_key}")
		paths["/api_keys/{"+name+"}"] = item
		wantLines(t, compareWith(t, doc), nil)
	}
}

func TestPathsAreRelativeToTheServer(t *testing.T) {
	doc := contract(t)
	paths := object{"/": nil}
	for path, item := range doc["paths"].(object) {
		paths["/trade-api/v2"+path] = item
	}
	doc["paths"] = paths
	doc["servers"] = []any{
		object{"url": "https://api.elections.kalshi.com/"}, object{"url": "https://external-api.kalshi.com"},
		object{"url": "https://external-api.demo.kalshi.co"}, object{"url": "https://demo-api.kalshi.co"},
	}
	wantLines(t, compareWith(t, doc), nil)
	wantLines(t, between(t, encode(t, doc), encode(t, contract(t))), nil)

	doc["servers"] = []any{object{"url": "https://api.elections.kalshi.com"}, object{"url": "https://new.kalshi.com"}}
	wantLines(t, compareWith(t, doc), slices.Concat(everyOperation("breaking %s: server: presence"), everyOperation("breaking %s: server: presence"),
		everyOperation("breaking %s: server: presence"), everyOperation("additive %s: server: presence")))
}

func TestAServerWithTooManyValuesIsComparedByItsDefaults(t *testing.T) {
	variables, address := object{}, "https://api.elections.kalshi.com"
	for i := range 20 {
		name := fmt.Sprintf("v%d", i)
		variables[name] = object{"default": "", "enum": []any{"", "a", "b", "c"}}
		address += "{" + name + "}"
	}
	report := compareWith(t, edited(t, set("servers>0", object{"url": address + "/trade-api/v2", "variables": variables})))
	if lines := linesOf(report); len(lines) == 0 || len(lines) > 1000 || report.Worst() != drift.Additive {
		t.Errorf("%d changes, the worst %s", len(lines), report.Worst())
	}
}

func errorBranches() []any {
	return []any{object{"$ref": "#/components/schemas/ErrorText"}, object{"$ref": "#/components/schemas/ErrorObject"}}
}

// TestWhatTheContractAddsIsKnown is about the form in which the service publishes: errors without
// bodies, and no formats.
func TestWhatTheContractAddsIsKnown(t *testing.T) {
	published := []edit{remove(schemas + "ApiKeyId>format")}
	for path, item := range contract(t)["paths"].(object) {
		for method, operation := range item.(object) {
			for status := range operation.(object)["responses"].(object) {
				if status >= "400" {
					published = append(published, set("paths>"+path+">"+method+">responses>"+status, object{"description": "d"}))
				}
			}
		}
	}
	report := compareWith(t, edited(t, published...))
	if s := report.Summary(); report.Worst() != drift.Known || s.Known != 20 {
		t.Errorf("summary %+v, changes %q", s, linesOf(report))
	}
	for name, e := range map[string]edit{
		"a field that was published is gone": remove(key + "properties>subaccount"),
		"a request field is new":             set(create+"required", []any{"name", "public_key", "purpose"}),
		"what was observed is different":     set(schemas+"ApiKeyId>format", "ulid"),
		"a published field has no type":      remove(schemas + "ApiKeyId>type"),
	} {
		t.Run(name, func(t *testing.T) {
			if report := compareWith(t, edited(t, append(slices.Clone(published), e)...)); report.Worst() != drift.Breaking {
				t.Errorf("changes %q", linesOf(report))
			}
		})
	}
}

func TestAChangeSaysWhatWasAndWhatIs(t *testing.T) {
	for name, row := range map[string]struct {
		edit    edit
		was, is string
	}{
		"a field that went":  {remove(key + "properties>subaccount"), `{"maximum":63,"minimum":0,"nullable":true,"type":"integer"}`, ""},
		"a field that came":  {set(key+"properties>tags", object{"type": "array", "description": "Tags"}), "", `{"type":"array"}`},
		"a bound":            {set(key+"properties>subaccount>maximum", 127), "63", "127"},
		"a value of an enum": {set(schemas+"Scope>enum", append(scopes(), "write::margin")), "", "write::margin"},
		"a status":           {set(get+"responses>429", object{"description": "d"}), "", "429"},
		"a content type":     {set(get+"responses>200>content>text/csv", object{}), "", "text/csv"},
		"security":           {set("components>securitySchemes>kalshiAccessKey>name", "X-KEY"), "header KALSHI-ACCESS-KEY + header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP", "header KALSHI-ACCESS-SIGNATURE + header KALSHI-ACCESS-TIMESTAMP + header X-KEY"},
		"a server":           {set("servers>0>url", "https://new.kalshi.com/"), "", "https://new.kalshi.com"},
	} {
		t.Run(name, func(t *testing.T) {
			report := compareWith(t, edited(t, row.edit))
			if !slices.ContainsFunc(report.Changes, func(c drift.Change) bool { return c.Was == row.was && c.Is == row.is }) {
				t.Errorf("changes: %+v", report.Changes)
			}
		})
	}
}

// TestWhatIsTakenOutOfTheContractIsSeen takes out each keyword, name and element of what the
// operations consist of.
func TestWhatIsTakenOutOfTheContractIsSeen(t *testing.T) {
	var places []string
	for _, top := range []string{"paths", "components>schemas", "components>responses", "servers"} {
		var v any = contract(t)
		for key := range strings.SplitSeq(top, ">") {
			v = v.(object)[key]
		}
		places = append(places, placesIn(top, v)...)
	}
	if testing.Short() {
		places = places[:20]
	}
	pristine := encode(t, contract(t))
	for _, place := range places {
		doc := contract(t)
		if err := apply(doc, strings.Split(place, ">"), nil); err != nil {
			t.Fatal(err)
		}
		report, err := drift.CompareDocuments(bytes.NewReader(pristine), bytes.NewReader(encode(t, doc)))
		if err == nil && (report.Worst() == "" || report.Worst() == drift.Text) {
			t.Errorf("without %s: changes %q", place, linesOf(report))
		}
	}
	t.Logf("%d places", len(places))
}

// placesIn lists the places below one, but for words, for extensions, and for what says the
// default or is said elsewhere as well.
func placesIn(at string, v any) (places []string) {
	add := func(key string, child any) {
		place := at + ">" + key
		words := []string{"summary", "description", "title", "example", "examples", "tags", "operationId", "x-source", "security"}
		if slices.Contains(words, key) && !strings.HasSuffix(at, ">properties") || child == false {
			return
		}
		places = append(append(places, place), placesIn(place, child)...)
	}
	switch v := v.(type) {
	case object:
		for key, child := range v {
			add(key, child)
		}
	case []any:
		for i, child := range v {
			add(strconv.Itoa(i), child)
		}
	}
	return places
}

func TestADocumentWithoutOurOperationsHasLostThem(t *testing.T) {
	report := compareWith(t, object{
		"openapi": "3.0.3", "info": object{"title": "Weather", "version": "1"},
		"paths": object{"/rain": object{"get": object{"responses": object{"200": object{"description": "wet"}}}}},
	})
	wantLines(t, report, []string{
		"breaking createApiKey: operation: presence",
		"breaking deleteApiKey: operation: presence",
		"breaking generateApiKey: operation: presence",
		"breaking getApiKeys: operation: presence",
	})
}

func TestTheContractFileInYAMLIsTheEmbeddedContract(t *testing.T) {
	document, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	report, err := drift.Compare(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, report, nil)
}

func TestTheSameComparisonGivesTheSameReport(t *testing.T) {
	doc := encode(t, edited(t, set(key+"title", "Key"), remove(schemas+"ErrorResponse>minProperties"), remove(create+"not")))
	var first bytes.Buffer
	for i := range 5 {
		report, err := drift.Compare(bytes.NewReader(doc))
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := report.WriteJSON(&again); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = again
		} else if !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Fatalf("report %d differs:\n%s\nfrom\n%s", i, again.String(), first.String())
		}
	}
}
