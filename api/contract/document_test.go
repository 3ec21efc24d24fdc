package contract_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/api/contract"
)

// TestAContractThatAsksForMoreThanIsCheckedIsRefused guards against a constraint that is added
// to the contract and then silently not checked.
func TestAContractThatAsksForMoreThanIsCheckedIsRefused(t *testing.T) {
	if err := contract.Compile(loadContract(t)); err != nil {
		t.Fatalf("the contract itself is refused: %v", err)
	}
	name := func(doc *openapi3.T) *openapi3.Schema {
		return doc.Components.Schemas["ApiKey"].Value.Properties["name"].Value
	}
	remove := func(doc *openapi3.T) *openapi3.Operation { return doc.Paths.Find("/api_keys/{api_key}").Delete }
	for what, change := range map[string]func(*openapi3.T){
		"a number":                func(doc *openapi3.T) { name(doc).Type = &openapi3.Types{"number"} },
		"an unknown format":       func(doc *openapi3.T) { name(doc).Format = "date" },
		"a broken pattern":        func(doc *openapi3.T) { name(doc).Pattern = "(" },
		"several types":           func(doc *openapi3.T) { name(doc).Type = &openapi3.Types{"string", "null"} },
		"a schema without target": func(doc *openapi3.T) { name(doc).Items = &openapi3.SchemaRef{} },
		"a not without target":    func(doc *openapi3.T) { name(doc).Not = &openapi3.SchemaRef{} },
		"a oneOf without target":  func(doc *openapi3.T) { name(doc).OneOf = openapi3.SchemaRefs{{}} },
		"an allOf without target": func(doc *openapi3.T) { name(doc).AllOf = openapi3.SchemaRefs{{}} },
		"an allOf of objects": func(doc *openapi3.T) {
			name(doc).AllOf = openapi3.SchemaRefs{doc.Components.Schemas["ErrorObject"]}
		},
		"a header parameter": func(doc *openapi3.T) { remove(doc).Parameters[0].Value.In = "header" },
		"a number in the path": func(doc *openapi3.T) {
			remove(doc).Parameters[0].Value.Schema = openapi3.NewIntegerSchema().NewRef()
		},
		"a parameter without schema": func(doc *openapi3.T) { remove(doc).Parameters[0].Value.Schema = nil },
		"parameters of a path": func(doc *openapi3.T) {
			doc.Paths.Find("/api_keys/{api_key}").Parameters = remove(doc).Parameters
		},
		"a range of statuses": func(doc *openapi3.T) {
			remove(doc).Responses.Set("4XX", remove(doc).Responses.Value("404"))
		},
		"response headers": func(doc *openapi3.T) {
			remove(doc).Responses.Value("204").Value.Headers = openapi3.Headers{"Retry-After": nil}
		},
		"another media type": func(doc *openapi3.T) {
			remove(doc).Responses.Value("404").Value.Content["text/plain"] = &openapi3.MediaType{}
		},
		"alternative credentials": func(doc *openapi3.T) {
			remove(doc).Security = &openapi3.SecurityRequirements{{}, {}}
		},
		"credentials in the query": func(doc *openapi3.T) {
			doc.Components.SecuritySchemes["kalshiAccessKey"].Value.In = "query"
		},
		"an optional body": func(doc *openapi3.T) {
			doc.Paths.Find("/api_keys").Post.RequestBody.Value.Required = false
		},
		"servers without a common path": func(doc *openapi3.T) { doc.Servers[0].URL = "https://x.test/v3" },
		"a server that is no URL":       func(doc *openapi3.T) { doc.Servers[0].URL = ":" },
	} {
		t.Run(what, func(t *testing.T) {
			doc := loadContract(t)
			change(doc)
			if contract.Compile(doc) == nil {
				t.Error("accepted")
			}
		})
	}
}
