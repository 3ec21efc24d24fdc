package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/gen/spec"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// endpoint is an operation as the contract's document has it.
type endpoint struct {
	operation protocol.Operation
	method    string
	// segments are those of the path below the base path. One in braces stands for any text.
	segments []string
	// body is the schema of the request body, nil without one.
	body *openapi3.Schema
	// hasForbidden reports whether the document has a 403 among the answers.
	hasForbidden bool
}

// endpoints reads the document once. A path comes before those that could take the same text for a
// parameter: a brace sorts after all letters.
var endpoints = sync.OnceValue(func() []endpoint {
	document, err := spec.GetSpec()
	if err != nil {
		panic(fmt.Sprintf("sandbox: the embedded contract: %v", err))
	}
	paths := document.Paths.Map()
	var all []endpoint
	for _, template := range slices.Sorted(maps.Keys(paths)) {
		for method, operation := range paths[template].Operations() {
			e := endpoint{
				operation:    protocol.Operation(operation.OperationID),
				method:       method,
				segments:     strings.Split(template[1:], "/"),
				hasForbidden: operation.Responses.Value("403") != nil,
			}
			if operation.RequestBody != nil {
				e.body = operation.RequestBody.Value.Content.Get("application/json").Schema.Value
			}
			all = append(all, e)
		}
	}
	return all
})

func (e endpoint) matches(segments []string) bool {
	return slices.EqualFunc(e.segments, segments, func(want, got string) bool {
		return want == got || strings.HasPrefix(want, "{") && got != ""
	})
}

// find returns the endpoint of a request, or nil, and whether the document has the path at all.
func find(method, target string) (found *endpoint, hasPath bool) {
	rest, isBelow := strings.CutPrefix(target, BasePath+"/")
	// Dot segments name another path: the generated router would clean them away.
	if !isBelow || path.Clean(target) != strings.TrimSuffix(target, "/") {
		return nil, false
	}
	segments := strings.Split(rest, "/")
	for i, e := range endpoints() {
		if !e.matches(segments) {
			continue
		}
		hasPath = true
		if found == nil && e.method == method {
			found = &endpoints()[i]
		}
	}
	return found, hasPath
}

// operationIDs returns the names of all operations.
func operationIDs() []protocol.Operation {
	var all []protocol.Operation
	for _, e := range endpoints() {
		all = append(all, e.operation)
	}
	slices.Sort(all)
	return all
}

// route answers 301 to a trailing slash (source: published), and 404 as plain text to a method that a path
// of the contract does not have (source: observed) and to what is not below the base path. Neither needs
// authentication. Everything else goes on, with or without an endpoint.
func (s *Sandbox) route(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := rawPath(r)
		if without, found := strings.CutSuffix(target, "/"); found {
			if _, hasPath := find(r.Method, without); hasPath {
				tell(w, r, explain.Named("url_trailing_slash", ""))
				redirect(w, r, without)
				return
			}
		}
		call := callOf(r)
		if call.endpoint, _ = find(r.Method, target); call.endpoint != nil {
			call.log.Operation = call.endpoint.operation
		} else if !isOther(target) {
			refuseRoute(w, r, target)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuseRoute answers a request for a path that no endpoint of the service can have.
func refuseRoute(w http.ResponseWriter, r *http.Request, target string) {
	callOf(r).log.Refusal = RefusedNoOperation
	if without, _ := find(r.Method, BasePath+target); without != nil {
		tell(w, r, explain.Named("url_without_base_path", ""))
	}
	http.NotFound(w, r)
}

// rawPath returns the path with the bytes of the request line, which are what is signed.
func rawPath(r *http.Request) string {
	target, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(target, "/") {
		// The absolute form of a request line, or a request that never had one.
		return r.URL.EscapedPath()
	}
	return target
}

func redirect(w http.ResponseWriter, r *http.Request, target string) {
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusMovedPermanently)
}
