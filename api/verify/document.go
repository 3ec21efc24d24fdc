package verify

import (
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const mediaTypeJSON = "application/json"

// operationOf returns an operation that the checks are about; the contract has it.
func operationOf(id protocol.Operation) *contract.Operation {
	all := contract.Operations()
	return all[slices.IndexFunc(all, func(op *contract.Operation) bool { return op.ID == string(id) })]
}

// success is the status that a right request is answered with, the lowest that is documented.
func success(op *contract.Operation) int { return op.Statuses()[0] }

// undocumented returns requests with a method that the contract does not have for a path. A DELETE
// that names no key is left out: a server that has it would delete all keys of the account.
func undocumented() []attempt {
	operations, last := contract.Operations(), ""
	var all []attempt
	for _, op := range operations {
		if op.Path == last {
			continue
		}
		last = op.Path
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			path := filled(op.Path)
			exists := slices.ContainsFunc(operations, func(op *contract.Operation) bool { return op.Method == method && op.Matches(path) })
			if !exists && (method != http.MethodDelete || path != op.Path) {
				all = append(all, attempt{method: method, path: path})
			}
		}
	}
	return all
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
