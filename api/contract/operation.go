package contract

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"kalshi.internal/apikeys/gen/spec"
)

// Operation is one operation of the contract. It must not be changed.
type Operation struct {
	// ID is the operation ID, Method in upper case, and Path as the contract writes it, with the
	// names of parameters in braces.
	ID, Method, Path string
	// Headers are the names of those that identify the caller, all of them needed at once.
	Headers []string
	// Query has the parameters of the query by name.
	Query map[string]*openapi3.Parameter
	// Request describes the request body, nil when there is none.
	Request *openapi3.Schema
	// Responses has the documented statuses, each with the schema of its body or nil for none.
	Responses map[int]*openapi3.Schema

	inPath map[string]*openapi3.Parameter
}

// Operations returns the operations of the contract by path, then method.
func Operations() []*Operation { return slices.Clone(embedded().operations) }

// Statuses returns the documented statuses in ascending order.
func (o *Operation) Statuses() []int { return slices.Sorted(maps.Keys(o.Responses)) }

// document is the contract, compiled. It never changes after that.
type document struct {
	basePath   string
	operations []*Operation // by path, then method, so that a parameter comes after what is fixed
}

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
	basePath, err := commonBasePath(from.Servers)
	if err := errors.Join(err, prepare(from)); err != nil {
		return nil, err
	}
	to := &document{basePath: basePath}
	for path, item := range from.Paths.Map() {
		if len(item.Parameters) > 0 || len(item.Servers) > 0 {
			return nil, fmt.Errorf("%s: parameters and servers of a path are not supported", path)
		}
		for method, op := range item.Operations() {
			compiled, err := compileOperation(from, method, path, op)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			to.operations = append(to.operations, compiled)
		}
	}
	slices.SortFunc(to.operations, func(a, b *Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
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

func compileOperation(from *openapi3.T, method, path string, op *openapi3.Operation) (*Operation, error) {
	to := &Operation{
		ID: op.OperationID, Method: method, Path: path,
		Query: map[string]*openapi3.Parameter{}, inPath: map[string]*openapi3.Parameter{},
		Responses: map[int]*openapi3.Schema{},
	}
	return to, errors.Join(
		to.compileParameters(op.Parameters),
		to.compileSecurity(from, op),
		to.compileRequest(op.RequestBody),
		to.compileResponses(op.Responses),
	)
}

func (o *Operation) compileParameters(refs openapi3.Parameters) error {
	for _, ref := range refs {
		to := map[string]map[string]*openapi3.Parameter{"query": o.Query, "path": o.inPath}[ref.Value.In]
		if to == nil || ref.Value.Schema == nil || !ref.Value.Schema.Value.Type.Is(openapi3.TypeString) {
			return fmt.Errorf("parameter %s: only strings in query and path are supported", ref.Value.Name)
		}
		to[ref.Value.Name] = ref.Value
	}
	return nil
}

func (o *Operation) compileSecurity(from *openapi3.T, op *openapi3.Operation) error {
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
		o.Headers = append(o.Headers, scheme.Name)
	}
	slices.Sort(o.Headers)
	return nil
}

func (o *Operation) compileRequest(ref *openapi3.RequestBodyRef) (err error) {
	if ref == nil {
		return nil
	}
	if !ref.Value.Required {
		return errors.New("an optional request body is not supported")
	}
	o.Request, err = compileContent(ref.Value.Content)
	return err
}

func (o *Operation) compileResponses(from *openapi3.Responses) error {
	for code, ref := range from.Map() {
		status, err := strconv.Atoi(code)
		if err != nil || len(ref.Value.Headers) > 0 {
			return fmt.Errorf("response %s: only single statuses without headers are supported", code)
		}
		o.Responses[status] = nil
		if len(ref.Value.Content) > 0 {
			if o.Responses[status], err = compileContent(ref.Value.Content); err != nil {
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
