package contract

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// match finds the operation for a request, and the values of its path parameters. A violation says
// why there is no operation.
func (d *document) match(basePath, method, path string) (*Operation, map[string]string, *Violation) {
	rest, ok := strings.CutPrefix(path, basePath)
	if !ok || !strings.HasPrefix(rest, "/") {
		return nil, nil, &Violation{Where: "path", Rule: RulePath, Expected: "a path below " + basePath + "/", Got: safePath(path)}
	}
	var methods []string
	knowsStem := false
	for _, op := range d.operations {
		values, ok := op.match(rest)
		if ok && op.Method == method {
			return op, values, nil
		}
		if ok {
			methods = append(methods, op.Method)
		}
		_, matchesStem := op.match(strings.TrimSuffix(rest, "/"))
		knowsStem = knowsStem || matchesStem
	}
	switch {
	case len(methods) > 0:
		slices.Sort(methods)
		return nil, nil, &Violation{Where: "method", Rule: RuleMethod, Expected: "one of " + strings.Join(methods, ", "), Got: describeMethod(method)}
	case knowsStem:
		return nil, nil, &Violation{Where: "path", Rule: RuleTrailingSlash, Expected: "no slash at the end", Got: safePath(path)}
	}
	return nil, nil, &Violation{Where: "path", Rule: RulePath, Expected: "a documented path", Got: safePath(path)}
}

// Matches reports whether a path below the base path is one of the operation, which then takes a
// request with its method.
func (o *Operation) Matches(path string) bool {
	_, ok := o.match(path)
	return ok
}

func (o *Operation) match(path string) (map[string]string, bool) {
	template, segments := strings.Split(o.Path, "/"), strings.Split(path, "/")
	if len(segments) != len(template) {
		return nil, false
	}
	values := map[string]string{}
	for i, step := range template {
		name, isParameter := strings.CutPrefix(step, "{")
		content, err := url.PathUnescape(segments[i])
		switch {
		case !isParameter && segments[i] != step, isParameter && (err != nil || content == ""):
			return nil, false
		case isParameter:
			values[strings.TrimSuffix(name, "}")] = content
		}
	}
	return values, true
}

func describeMethod(method string) string {
	known := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace,
	}
	if slices.Contains(known, method) {
		return method
	}
	return describeText(method)
}
