package drift

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// operation is one operation of a document, with what it inherits from its path and document.
type operation struct {
	doc          document
	method, path string
	item, node   object
}

func (o operation) id() string { return text(o.node["operationId"]) }

// maxOperations bounds those of a document. The service has about a hundred.
const maxOperations = 5000

// operations lists the operations of a document, sorted by path and method. One that is broken is
// an error only in a path for API keys.
func (d document) operations() (all []operation, err error) {
	for path, raw := range objectOf(d.root["paths"]) {
		item, _, err := d.resolve(raw)
		if err != nil && isAboutAPIKeys(path) {
			return nil, fmt.Errorf("%w: path %s: %w", ErrDocument, path, err)
		}
		for _, method := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
			switch node, there := objectOf(item)[method]; {
			case objectOf(node) != nil:
				all = append(all, operation{d, strings.ToUpper(method), path, objectOf(item), objectOf(node)})
			case there && isAboutAPIKeys(path):
				return nil, fmt.Errorf("%w: %s %s is not an object", ErrDocument, strings.ToUpper(method), path)
			}
		}
	}
	if len(all) > maxOperations {
		return nil, fmt.Errorf("%w: it has more than %d operations", ErrDocument, maxOperations)
	}
	slices.SortFunc(all, func(a, b operation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	return all, nil
}

// find returns the operation of revision that ours is, by method and by the path relative to the
// server; failing that, by the path from the root of the host.
func find(ours operation, revision []operation) (operation, bool) {
	for _, same := range []func(a, b operation) bool{sameRelativePath, sameRootPath} {
		for _, theirs := range revision {
			if theirs.method == ours.method && same(ours, theirs) {
				return theirs, true
			}
		}
	}
	return operation{}, false
}

func sameRelativePath(a, b operation) bool { return shape(a.path) == shape(b.path) }

func sameRootPath(a, b operation) bool {
	if !strings.HasSuffix(shape(a.path), shape(b.path)) && !strings.HasSuffix(shape(b.path), shape(a.path)) {
		return false
	}
	return slices.ContainsFunc(a.rootPaths(), func(p string) bool { return slices.Contains(b.rootPaths(), p) })
}

// rootPaths returns the path from the root of the host, once for each base path of a server.
func (o operation) rootPaths() (paths []string) {
	for _, server := range o.servers() {
		if u, err := url.Parse(server); err == nil {
			paths = append(paths, shape(u.Path+o.path))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
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

// concernsAPIKeys says whether an operation manages API keys: by its path, its operation ID or
// its tags, however they write the words.
func (o operation) concernsAPIKeys() bool {
	return isAboutAPIKeys(o.path) || isAboutAPIKeys(o.id()) ||
		slices.ContainsFunc(list(o.node["tags"]), func(tag any) bool { return isAboutAPIKeys(text(tag)) })
}

func isAboutAPIKeys(name string) bool {
	plain := strings.NewReplacer("-", "", "_", "", " ", "").Replace(name)
	return strings.Contains(strings.ToLower(plain), "apikey")
}
