package verify

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/gen/spec"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// document is what the checks need of the contract.
type document struct {
	operations []*operation // by path, then method
	paths      []string     // with the names of parameters in braces
}

type operation struct {
	id       protocol.Operation
	method   string
	path     string
	headers  []string // all of them are needed to be let in
	query    map[string]*openapi3.Schema
	request  *openapi3.Schema // nil without a request body
	statuses []int            // the documented ones
}

// contractDocument reads the embedded contract once. The tests of package contract hold it to be
// readable, so a failure is a defect of the program.
var contractDocument = sync.OnceValue(func() *document {
	from, err := spec.GetSpec()
	if err != nil {
		panic("verify: the embedded contract cannot be read: " + err.Error())
	}
	return newDocument(from)
})

func newDocument(from *openapi3.T) *document {
	d := &document{}
	for path, item := range from.Paths.Map() {
		d.paths = append(d.paths, path)
		for method, op := range item.Operations() {
			d.operations = append(d.operations, newOperation(from, method, path, op))
		}
	}
	slices.Sort(d.paths)
	slices.SortFunc(d.operations, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	return d
}

func newOperation(from *openapi3.T, method, path string, op *openapi3.Operation) *operation {
	to := &operation{
		id: protocol.Operation(op.OperationID), method: method, path: path,
		query: map[string]*openapi3.Schema{},
	}
	requirements := from.Security
	if op.Security != nil {
		requirements = *op.Security
	}
	for _, requirement := range requirements {
		for name := range requirement {
			to.headers = append(to.headers, from.Components.SecuritySchemes[name].Value.Name)
		}
	}
	slices.Sort(to.headers)
	for _, parameter := range op.Parameters {
		if parameter.Value.In == openapi3.ParameterInQuery {
			to.query[parameter.Value.Name] = resolved(parameter.Value.Schema)
		}
	}
	if op.RequestBody != nil {
		to.request = op.RequestBody.Value.Content.Get(mediaTypeJSON).Schema.Value
	}
	for status := 200; status < 600; status++ {
		if op.Responses.Status(status) != nil {
			to.statuses = append(to.statuses, status)
		}
	}
	return to
}

const mediaTypeJSON = "application/json"

// success is the status that a right request is answered with, the lowest that is documented.
func (o *operation) success() int { return o.statuses[0] }

// operation returns an operation that the checks are about; the contract has it.
func (d *document) operation(id protocol.Operation) *operation {
	return d.operations[slices.IndexFunc(d.operations, func(op *operation) bool { return op.id == id })]
}

// undocumented returns requests with a method that the contract does not have for a path. A DELETE
// that names no key is left out: a server that has it would delete all keys of the account.
func (d *document) undocumented() []attempt {
	var all []attempt
	for _, template := range d.paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			path := filled(template)
			if method == http.MethodDelete && path == template || d.has(method, path) {
				continue
			}
			all = append(all, attempt{method: method, path: path})
		}
	}
	return all
}

func (d *document) has(method, path string) bool {
	return slices.ContainsFunc(d.operations, func(op *operation) bool {
		return op.method == method && fits(op.path, path)
	})
}

// fits reports whether path is template with its parameters filled in.
func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(want, got string) bool {
		return want == got || strings.HasPrefix(want, "{") && got != ""
	})
}

// filled returns a path with the ID of no key in place of each parameter.
func filled(template string) string {
	segments := strings.Split(template, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = randomUUID()
		}
	}
	return strings.Join(segments, "/")
}

// resolved returns the schema that describes the value itself: for a property that is an allOf
// around one shared schema, that schema. It returns an empty schema for a property that is missing.
func resolved(ref *openapi3.SchemaRef) *openapi3.Schema {
	for ref != nil && ref.Value.Type == nil && len(ref.Value.AllOf) == 1 {
		ref = ref.Value.AllOf[0]
	}
	if ref == nil {
		return &openapi3.Schema{}
	}
	return ref.Value
}
