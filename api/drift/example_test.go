package drift_test

import (
	"fmt"
	"log"
	"os"
	"strings"

	"kalshi.internal/apikeys/api/drift"
)

// A revision of the service's document that documents only the deletion of keys, and that
// differently.
const revision = `
openapi: 3.0.3
info: {title: Trade API, version: 4.0.0}
servers:
  - url: https://api.elections.kalshi.com/trade-api/v2
paths:
  /api_keys/{id}:
    delete:
      operationId: DeleteApiKey
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, format: uuid}}
        - {name: reason, in: query, required: true, schema: {type: string}}
      security:
        - key: []
      responses:
        '204': {description: API key successfully deleted}
components:
  securitySchemes:
    key: {type: apiKey, in: query, name: key}
`

func ExampleCompare() {
	report, err := drift.Compare(strings.NewReader(revision))
	if err != nil {
		log.Fatal(err)
	}
	for _, change := range report.Changes {
		if change.Operation == "deleteApiKey" && change.Kind == drift.Breaking && change.Place != "server" {
			fmt.Printf("%s: %s\n", change.Place, change.Meaning)
		}
	}
	fmt.Println("worst:", report.Worst())
	// Output:
	// parameter query reason: Added the new required `query` request parameter `reason`.
	// security: What a program sends today may no longer authenticate a request.
	// worst: breaking
}

func ExampleReport_WriteText() {
	contract := `
openapi: 3.0.3
info: {title: Before, version: '1'}
paths:
  /api_keys:
    get:
      operationId: getApiKeys
      responses: {'200': {description: Keys}}
`
	revision := strings.NewReplacer("Before", "After", "Keys}}", "All keys}, '429': {description: Too many}}").Replace(contract)
	report, err := drift.CompareDocuments(strings.NewReader(contract), strings.NewReader(revision))
	if err != nil {
		log.Fatal(err)
	}
	if err := report.WriteText(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// contract: Before 1
	// revision: After 1
	// 0 breaking, 1 additive, 0 known, 1 text only
	//
	// ADDITIVE
	//
	//   response 429: presence [getApiKeys]
	//     was: (none)
	//     is:  429
	//     Any error status is to be expected, documented or not.
	//
	// TEXT
	//
	//   response 200: description [getApiKeys]
}
