package contract

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// match finds the operation for a request. Values of path parameters are those of the
// operation's template. A finding says why there is no operation.
func (d *document) match(basePath, method, path string) (*operation, map[string]string, *finding) {
	rest, ok := strings.CutPrefix(path, basePath)
	if !ok || !strings.HasPrefix(rest, "/") {
		return nil, nil, &finding{"path", RulePath, "a path below " + basePath + "/", safePath(path)}
	}
	segments := strings.Split(rest, "/")
	methods := map[string]bool{}
	for _, r := range d.routes {
		values, ok := r.match(segments)
		if !ok {
			continue
		}
		if op := r.operations[method]; op != nil {
			return op, values, nil
		}
		for documented := range r.operations {
			methods[documented] = true
		}
	}
	switch {
	case len(methods) > 0:
		return nil, nil, &finding{"method", RuleMethod, "one of " + strings.Join(slices.Sorted(maps.Keys(methods)), ", "), describeMethod(method)}
	case strings.HasSuffix(rest, "/") && d.knows(strings.TrimSuffix(rest, "/")):
		return nil, nil, &finding{"path", RuleTrailingSlash, "no slash at the end", safePath(path)}
	}
	return nil, nil, &finding{"path", RulePath, "a documented path", safePath(path)}
}

func (d *document) knows(path string) bool {
	segments := strings.Split(path, "/")
	return slices.ContainsFunc(d.routes, func(r route) bool { _, ok := r.match(segments); return ok })
}

func (r route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	var values map[string]string
	for i, template := range r.segments {
		name, isParameter := strings.CutPrefix(template, "{")
		if !isParameter {
			if segments[i] != template {
				return nil, false
			}
			continue
		}
		content, err := url.PathUnescape(segments[i])
		if err != nil || content == "" {
			return nil, false
		}
		if values == nil {
			values = map[string]string{}
		}
		values[strings.TrimSuffix(name, "}")] = content
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
