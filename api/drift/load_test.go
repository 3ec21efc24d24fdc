package drift_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/api/drift"
)

func TestADocumentThatCannotBeComparedIsRefused(t *testing.T) {
	op := func(operation string) string {
		return `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/api_keys":{"get":` + operation + `}}}`
	}
	for name, row := range map[string]struct{ document, says string }{
		"it is empty":                       {"", "not an OpenAPI 3 document"},
		"it is text":                        {"no document at all", ""},
		"it is neither YAML nor JSON":       {"{\"openapi\": [", ""},
		"it is a list":                      {"[]", ""},
		"it is HTML":                        {"\n<!DOCTYPE html><html></html>", "it is HTML or XML"},
		"its aliases explode":               {bomb(), "alias"},
		"an alias is inside itself":         {"openapi: &a [*a]\npaths: {/a: {}}", ""},
		"a schema is nested without an end": {strings.Replace(op(`{"responses":{"200":{"description":"d","content":{"application/json":{"schema":SCHEMA}}}}}`), "SCHEMA", strings.Repeat(`{"items":`, 5000)+"{}"+strings.Repeat("}", 5000), 1), "100 levels"},
		"references lead on and on":         {chain(50_000), "without an end"},
		"it differs everywhere":             {op(`{"parameters":[` + parameters(2000) + `]}`), "more than 1000 places"},
		"it is Swagger 2.0":                 {`{"swagger":"2.0","info":{},"paths":{"/a":{}}}`, "not an OpenAPI 3 document"},
		"it is from the future":             {`{"openapi":"4.0.0","info":{},"paths":{"/a":{}}}`, `"4.0.0"`},
		"it has no paths":                   {`{"openapi":"3.0.3","info":{"title":"t","version":"1"}}`, "no paths"},
		"a reference leads nowhere":         {op(`{"responses":{"200":{"$ref":"#/components/responses/Gone"}}}`), "Gone"},
		"a schema reference leads nowhere":  {op(`{"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Gone"}}}}}}`), "Gone"},
		"a reference leads to itself":       {strings.Replace(op(`{"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}}`), `"paths"`, `"components":{"schemas":{"A":{"$ref":"#/components/schemas/A"}}},"paths"`, 1), ""},
		"a response is null":                {op(`{"responses":{"200":null}}`), ""},
		"a parameter is null":               {op(`{"parameters":[null],"responses":{}}`), ""},
		"a property has no schema":          {op(`{"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"properties":{"a":null}}}}}}}`), ""},
		"an operation is a list":            {op(`[]`), ""},
		"written out, it would be endless":  {endless(inResponse), "more than 20000 parts"},
		"endless in a parameter":            {endless(`parameters: [{name: a, in: query, schema: SCHEMA}]`), "parameters: "},
		"endless in a parameter's content":  {endless(`parameters: [{name: a, in: query, content: {a/b: {schema: SCHEMA}}}]`), "parameters: content a/b: "},
		"endless in the request body":       {endless(`requestBody: {content: {a/b: {schema: SCHEMA}}}`), "content a/b: "},
		"endless in a response header":      {endless(`responses: {'200': {description: d, headers: {A: {schema: SCHEMA}}}}`), "responses 200: headers A: "},
		"endless in a branch":               {endless(strings.Replace(inResponse, "SCHEMA", "{oneOf: [SCHEMA]}", 1)), "more than 20000 parts"},
		"endless in the items":              {endless(strings.Replace(inResponse, "SCHEMA", "{items: SCHEMA}", 1)), "more than 20000 parts"},
		"its YAML is nested without an end": {strings.Repeat("[", 200_000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := drift.Compare(strings.NewReader(row.document))
			if !errors.Is(err, drift.ErrDocument) || report != nil {
				t.Fatalf("report %v, error %v", report, err)
			}
			if !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %q does not say %q", err, row.says)
			}
		})
	}
}

// bomb is a small document whose aliases stand for 10 to the power of 12 values.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 11 {
		fmt.Fprintf(&b, "a%d: &a%[1]d [%s]\n", i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	return b.String() + "openapi: 3.0.3\npaths: {/a: {}}\n"
}

// chain is a document with references that lead to references.
func chain(length int) string {
	var b strings.Builder
	b.WriteString(`{"openapi":"3.0.3","paths":{"/api_keys":{"get":{"responses":{"200":{"$ref":"#/components/responses/0"}}}}},"components":{"responses":{`)
	for i := range length {
		fmt.Fprintf(&b, `"%d":{"$ref":"#/components/responses/%d"},`, i, i+1)
	}
	return b.String() + `"end":{}}}}`
}

func parameters(count int) string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprintf(`{"in":"query","name":"%d"}`, i))
	}
	return strings.Join(all, ",")
}

const inResponse = `responses: {'200': {description: d, content: {application/json: {schema: SCHEMA}}}}`

// endless is a small document whose schemas double at each of 40 levels.
func endless(operation string) string {
	ref := func(i int) string { return fmt.Sprintf("{$ref: '#/components/schemas/S%d'}", i) }
	var b strings.Builder
	b.WriteString("openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/api_keys: {get: {" +
		strings.Replace(operation, "SCHEMA", ref(0), 1) + "}}}\ncomponents:\n  schemas:\n    S40: {type: string}\n")
	for i := range 40 {
		fmt.Fprintf(&b, "    S%d: {type: object, properties: {l: %s, r: %[2]s}}\n", i, ref(i+1))
	}
	return b.String()
}

func TestReferencesToOtherDocumentsAreNotFollowed(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, `{"type":"string"}`)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, ref := range map[string]string{
		"over HTTP": server.URL + "/schema.json", "a fragment over HTTP": server.URL + "/schema.json#/a",
		"by path": file, "by file URL": "file://" + file, "relative": "schema.json", "of a file": "../../openapi.yaml#/components/schemas/ApiKey",
	} {
		t.Run(name, func(t *testing.T) {
			doc := edited(t, set(key+"properties>name", object{"$ref": ref}))
			_, err := drift.Compare(bytes.NewReader(encode(t, doc)))
			if !errors.Is(err, drift.ErrDocument) || !strings.Contains(err.Error(), "not followed") {
				t.Errorf("error %v", err)
			}
		})
	}
	if asked.Load() != 0 {
		t.Errorf("the server was asked %d times", asked.Load())
	}
}

func TestADocumentThatIsTooLargeIsNotReadToTheEnd(t *testing.T) {
	source := &endlessReader{}
	_, err := drift.Compare(source)
	if !errors.Is(err, drift.ErrDocument) || !strings.Contains(err.Error(), "16 MiB") {
		t.Fatalf("error %v", err)
	}
	if source.read > 17<<20 {
		t.Errorf("%d bytes were read", source.read)
	}
}

type endlessReader struct{ read int }

func (r *endlessReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	r.read += len(p)
	return len(p), nil
}

func TestAFailingReaderIsNamed(t *testing.T) {
	broken := errors.New("the disk is gone")
	_, err := drift.Compare(io.MultiReader(strings.NewReader("openapi: "), failing{broken}))
	if !errors.Is(err, broken) || !errors.Is(err, drift.ErrDocument) {
		t.Fatalf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestTheErrorSaysWhichOfTwoDocumentsIsBroken(t *testing.T) {
	good := string(encode(t, contract(t)))
	for name, row := range map[string]struct{ contract, revision, says string }{
		"the first":  {"[]", good, "the contract: "},
		"the second": {good, "[]", "the revision: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := drift.CompareDocuments(strings.NewReader(row.contract), strings.NewReader(row.revision))
			if !errors.Is(err, drift.ErrDocument) || !strings.HasPrefix(err.Error(), row.says) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestASchemaInsideItselfIsCompared(t *testing.T) {
	doc := edited(t,
		set(schemas+"Node", object{"type": "object", "properties": object{
			"next": object{"$ref": "#/components/schemas/Node"},
			"all":  object{"type": "array", "items": object{"$ref": "#/components/schemas/Node"}}}}),
		set(key+"properties>tree", object{"$ref": "#/components/schemas/Node"}),
	)
	wantLines(t, compareWith(t, doc), []string{
		"additive response getApiKeys: response 200 body /api_keys/items/tree: presence",
	})
}

func TestWhatIsBrokenElsewhereDoesNoHarm(t *testing.T) {
	wantLines(t, compareWith(t, edited(t,
		set("paths>/markets", object{"get": object{"responses": object{"200": object{"$ref": "#/components/responses/Gone"}}}}),
		set("paths>/orders", object{"$ref": "orders.yaml"}),
		set("paths>/exchange", "down"),
		set(schemas+"Market", object{"$ref": "#/components/schemas/Gone"}))), nil)
}

func TestADocumentInYAMLNeedsNoQuotes(t *testing.T) {
	const document = `
openapi: 3.0.3
info: {title: t, version: 2026-11-25}
paths:
  /api_keys:
    get: {responses: {200: {description: d}}}
`
	report, err := drift.CompareDocuments(strings.NewReader(document), strings.NewReader(strings.Replace(document, "200", "'200'", 1)))
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, report, nil)
	if report.Contract.Version != "2026-11-25" {
		t.Errorf("version %q", report.Contract.Version)
	}
}

func FuzzCompare(f *testing.F) {
	f.Add([]byte(revision))
	f.Add([]byte(endless(inResponse)))
	f.Add([]byte("openapi: 3.1.0\ninfo: {title: t}\npaths: {/api_keys: {get: {responses: {200: null}}}}"))
	f.Add([]byte(`{"openapi":"3.0.3","paths":{"/api_keys":{"post":{"requestBody":{"content":{"a/b":{"schema":{"allOf":[{"oneOf":[{"type":"null"}]}]}}}},"responses":{"200":{"description":"d"}}}}}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		report, err := drift.Compare(bytes.NewReader(document))
		if (report == nil) == (err == nil) {
			t.Fatalf("report %v, error %v", report, err)
		}
		if err != nil {
			if !errors.Is(err, drift.ErrDocument) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if err := report.WriteText(io.Discard); err != nil {
			t.Fatal(err)
		}
		if err := report.WriteJSON(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
}
