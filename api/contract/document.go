package contract

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/gen/spec"
)

// document is the contract, compiled. It never changes after that.
type document struct {
	basePath   string
	routes     []route
	operations []*operation // by path, then method, as the coverage table lists them
}

type route struct {
	segments   []string // a template segment keeps its braces
	operations map[string]*operation
}

type operation struct {
	id        string
	method    string
	path      string // the template, without the base path
	query     map[string]*openapi3.Parameter
	inPath    map[string]*openapi3.Parameter
	security  []string                 // names of headers, all of them needed
	canonical []string                 // the same names, as net/http writes them
	request   *openapi3.Schema         // nil when the contract has no request body
	responses map[int]*openapi3.Schema // nil for a status without a body
}

// statuses returns the documented statuses in ascending order.
func (o *operation) statuses() []int { return slices.Sorted(maps.Keys(o.responses)) }

// embedded compiles the embedded contract once. That cannot fail for a contract that passed
// this package's tests, so a failure is a defect of the program, not a condition to handle.
var embedded = sync.OnceValue(func() *document {
	from, err := spec.GetSpec()
	if err == nil {
		var compiled *document
		if compiled, err = compile(from); err == nil {
			return compiled
		}
	}
	panic("contract: the embedded contract cannot be checked: " + err.Error())
})

// compile takes a document over and changes it. It refuses whatever the checks would silently pass
// over.
func compile(from *openapi3.T) (*document, error) {
	to := &document{}
	err := prepare(from)
	if err != nil {
		return nil, err
	}
	if to.basePath, err = commonBasePath(from.Servers); err != nil {
		return nil, err
	}
	for _, path := range from.Paths.InMatchingOrder() {
		item := from.Paths.Value(path)
		if len(item.Parameters) > 0 || len(item.Servers) > 0 {
			return nil, fmt.Errorf("%s: parameters and servers of a path are not supported", path)
		}
		r := route{segments: strings.Split(path, "/"), operations: map[string]*operation{}}
		for method, op := range item.Operations() {
			if r.operations[method], err = compileOperation(from, method, path, op); err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			to.operations = append(to.operations, r.operations[method])
		}
		to.routes = append(to.routes, r)
	}
	slices.SortFunc(to.operations, func(a, b *operation) int {
		return strings.Compare(a.path+" "+a.method, b.path+" "+b.method)
	})
	return to, nil
}

func commonBasePath(servers openapi3.Servers) (string, error) {
	var paths []string
	for _, server := range servers {
		parsed, err := url.Parse(server.URL)
		if err != nil {
			return "", fmt.Errorf("server: %w", err)
		}
		paths = append(paths, strings.TrimSuffix(parsed.Path, "/"))
	}
	if paths = slices.Compact(paths); len(paths) != 1 {
		return "", errors.New("the servers have no path in common")
	}
	return paths[0], nil
}

func compileOperation(from *openapi3.T, method, path string, op *openapi3.Operation) (*operation, error) {
	to := &operation{
		id: op.OperationID, method: method, path: path,
		query: map[string]*openapi3.Parameter{}, inPath: map[string]*openapi3.Parameter{},
		responses: map[int]*openapi3.Schema{},
	}
	return to, errors.Join(
		to.compileParameters(op.Parameters),
		to.compileSecurity(from, op),
		to.compileRequest(op.RequestBody),
		to.compileResponses(op.Responses),
	)
}

func (o *operation) compileParameters(refs openapi3.Parameters) error {
	for _, ref := range refs {
		to := map[string]map[string]*openapi3.Parameter{"query": o.query, "path": o.inPath}[ref.Value.In]
		if to == nil || ref.Value.Schema == nil || !ref.Value.Schema.Value.Type.Is(openapi3.TypeString) {
			return fmt.Errorf("parameter %s: only strings in query and path are supported", ref.Value.Name)
		}
		to[ref.Value.Name] = ref.Value
	}
	return nil
}

func (o *operation) compileSecurity(from *openapi3.T, op *openapi3.Operation) error {
	requirements := from.Security
	if op.Security != nil {
		requirements = *op.Security
	}
	if len(requirements) != 1 {
		return errors.New("exactly one security requirement is supported")
	}
	for name := range requirements[0] {
		scheme := from.Components.SecuritySchemes[name].Value
		if scheme.Type != "apiKey" || scheme.In != "header" {
			return fmt.Errorf("security scheme %s: only API keys in headers are supported", name)
		}
		o.security = append(o.security, scheme.Name)
	}
	slices.Sort(o.security)
	for _, name := range o.security {
		o.canonical = append(o.canonical, http.CanonicalHeaderKey(name))
	}
	return nil
}

func (o *operation) compileRequest(ref *openapi3.RequestBodyRef) (err error) {
	if ref == nil {
		return nil
	}
	if !ref.Value.Required {
		return errors.New("an optional request body is not supported")
	}
	o.request, err = compileContent(ref.Value.Content)
	return err
}

func (o *operation) compileResponses(from *openapi3.Responses) error {
	for code, ref := range from.Map() {
		status, err := strconv.Atoi(code)
		if err != nil || len(ref.Value.Headers) > 0 {
			return fmt.Errorf("response %s: only single statuses without headers are supported", code)
		}
		o.responses[status] = nil
		if len(ref.Value.Content) > 0 {
			if o.responses[status], err = compileContent(ref.Value.Content); err != nil {
				return fmt.Errorf("response %s: %w", code, err)
			}
		}
	}
	return nil
}

const mediaTypeJSON = "application/json"

// compileContent wants a shared schema, because those are the ones that are prepared.
func compileContent(content openapi3.Content) (*openapi3.Schema, error) {
	media := content[mediaTypeJSON]
	if media == nil || len(content) != 1 || media.Schema == nil || media.Schema.Ref == "" {
		return nil, errors.New("only " + mediaTypeJSON + " with a schema of the components is supported")
	}
	return media.Schema.Value, nil
}
