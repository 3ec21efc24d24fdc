package drift

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is one operation of a document, with what it inherits from its path and document.
type operation struct {
	method   string
	path     string
	item     *openapi3.PathItem
	node     *openapi3.Operation
	servers  []string // URLs, as serverURLs returns them
	security []alternative
}

// operationsOf lists the operations of a document, sorted by path and method.
func operationsOf(doc *openapi3.T) []operation {
	var all []operation
	for path, item := range doc.Paths.Map() {
		if item == nil {
			continue
		}
		for method, node := range item.Operations() {
			all = append(all, operation{
				method:   method,
				path:     path,
				item:     item,
				node:     node,
				servers:  serverURLs(effectiveServers(doc, item, node)),
				security: alternatives(doc, node),
			})
		}
	}
	slices.SortFunc(all, func(a, b operation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	return all
}

// find returns the operation of revision that ours is, by method and by the path relative to the
// server; failing that, by the path from the root of the host.
func find(ours operation, revision []operation) (operation, bool) {
	for _, paths := range []func(operation) []string{relativePath, rootPaths} {
		for _, theirs := range revision {
			if theirs.method == ours.method && slices.ContainsFunc(paths(theirs), func(p string) bool {
				return slices.Contains(paths(ours), p)
			}) {
				return theirs, true
			}
		}
	}
	return operation{}, false
}

func relativePath(o operation) []string { return []string{shape(o.path)} }

// rootPaths returns the path from the root of the host, once for each base path of a server.
func rootPaths(o operation) []string {
	paths := make([]string, 0, len(o.servers))
	for _, server := range o.servers {
		if u, err := url.Parse(server); err == nil {
			paths = append(paths, shape(strings.TrimSuffix(u.Path, "/")+o.path))
		}
	}
	return paths
}

var parameterInPath = regexp.MustCompile(`\{[^{}]*\}`)

// shape is a path without the names of its parameters.
func shape(path string) string { return parameterInPath.ReplaceAllString(path, "{}") }

// parameterNames maps the names of path parameters in one path to those in another of the same
// shape. The longer path may have a server's base path in front.
func parameterNames(from, to string) map[string]string {
	theirs, ours := parameterInPath.FindAllString(from, -1), parameterInPath.FindAllString(to, -1)
	names := map[string]string{}
	for i := 1; i <= min(len(theirs), len(ours)); i++ {
		names[strings.Trim(theirs[len(theirs)-i], "{}")] = strings.Trim(ours[len(ours)-i], "{}")
	}
	return names
}

// concernsAPIKeys says whether an operation that the contract lacks manages API keys: by its path,
// its operation ID or its tags, however they write the words.
func concernsAPIKeys(o operation) bool {
	separators := strings.NewReplacer("-", "", "_", "", " ", "")
	names := append([]string{o.path, o.node.OperationID}, o.node.Tags...)
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.Contains(strings.ToLower(separators.Replace(name)), "apikey")
	})
}
