package contract_test

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/api/contract"
)

// schemaRules are the rules of schemas, but for unknown properties.
var schemaRules = []contract.Rule{
	contract.RuleType, contract.RuleNull, contract.RuleRequired, contract.RuleEnum, contract.RulePattern,
	contract.RuleFormat, contract.RuleMinimum, contract.RuleMaximum, contract.RuleNot, contract.RuleOneOf,
	contract.RuleMinProperties,
}

// TestEveryRefusalOfASchemaIsReported holds what is reported of mutated bodies against what
// kin-openapi alone says: no refusal is lost, and nothing is refused that the schema admits. Two
// differences are on purpose and not generated: an integer written as 1.0, which Go clients cannot
// decode, and null where a schema names no type.
func TestEveryRefusalOfASchemaIsReported(t *testing.T) {
	schemas := loadContract(t).Components.Schemas
	for name, start := range map[string]struct {
		body     string
		exchange exchange
		status   int // 0 when the body is the request's
	}{
		"CreateApiKeyRequest":    {createBody(`,"scopes":["read"],"subaccount":3`), create(), 0},
		"GenerateApiKeyRequest":  {`{"name":"a","key_type":"rsa","scopes":["read"],"fcm_subtrader_id":"a_b"}`, generate(), 0},
		"GetApiKeysResponse":     {strings.ReplaceAll(listBody, `"name"`, `"subaccount":3,"fcm_subtrader_id":null,"name"`), list(), 200},
		"CreateApiKeyResponse":   {`{"api_key_id":"` + keyID + `","warning":"w"}`, create(), 201},
		"GenerateApiKeyResponse": {generatedBody("RSA PRIVATE KEY", `,"key_type":"rsa"`), generate(), 201},
		"ErrorResponse":          {`{"error":{"code":"c","message":"m"},"code":"c","msg":"m"}`, remove(), 404},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			bodies, refused := 2000, 0
			if testing.Short() {
				bodies = 200 // there is nothing here to race
			}
			for range bodies {
				body := jsonValue(t, start.body)
				for range 1 + random.IntN(3) {
					body = mutate(random, body)
				}
				agrees := kinAccepts(schemas[name].Value, body)
				if !agrees {
					refused++
				}
				if got := kitAccepts(t, start.exchange, start.status, body); got != agrees {
					t.Fatalf("accepted: %v, kin-openapi: %v, for %v", got, agrees, body)
				}
			}
			if refused < bodies/10 || refused == bodies {
				t.Errorf("%d of %d bodies were refused: the mutations do not test much", refused, bodies)
			}
		})
	}
}

func kinAccepts(schema *openapi3.Schema, body any) bool {
	return schema.VisitJSON(body, openapi3.EnableFormatValidation(), openapi3.FailFast(),
		openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC4122))) == nil
}

func kitAccepts(t *testing.T, e exchange, status int, body any) bool {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	scripted := response(500, nestedError)
	if status == 0 {
		e.body = string(text)
	} else {
		scripted = response(status, string(text))
	}
	collector := &contract.Collector{}
	answer, err := contract.Transport(scripted, collector).RoundTrip(e.request(t, "http://127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return !slices.ContainsFunc(collector.Violations(), func(v contract.Violation) bool {
		return slices.Contains(schemaRules, v.Rule)
	})
}

// replacements stand in for any value. None is what the two are known to differ in.
var replacements = []string{
	"true", "0", "-1", "63", "64", "1.5", "9223372036854775807", `""`, `"read"`, `"write"`, `"rsa"`, `"a_b"`,
	`"` + keyID + `"`, "[]", "{}", `["read"]`, `{"code":"c"}`, `[{"api_key_id":"` + keyID + `"}]`,
}

func mutate(random *rand.Rand, body any) any {
	if random.IntN(3) > 0 {
		switch node := body.(type) {
		case map[string]any:
			return mutateObject(random, node)
		case []any:
			if len(node) > 0 {
				i := random.IntN(len(node))
				node[i] = mutate(random, node[i])
				return node
			}
		}
	}
	if random.IntN(8) == 0 {
		return nil
	}
	var replacement any
	if err := json.Unmarshal([]byte(replacements[random.IntN(len(replacements))]), &replacement); err != nil {
		panic(err)
	}
	return replacement
}

func mutateObject(random *rand.Rand, node map[string]any) any {
	names := []string{"name", "subaccount", "fcm_subtrader_id", "scopes", "key_type", "error", "warning", "api_keys"}
	for name := range node {
		names = append(names, name)
	}
	slices.Sort(names)
	name := names[random.IntN(len(names))]
	if random.IntN(3) == 0 {
		delete(node, name)
	} else {
		node[name] = mutate(random, node[name])
	}
	return node
}

// response is a RoundTripper that answers without a network.
func response(status int, body string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
		}, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
