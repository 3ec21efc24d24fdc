package drift

import (
	"slices"
	"strings"
)

// maxServerURLs bounds the URLs of one server with variables, which can be exponentially many.
const maxServerURLs = 100

// servers returns the base URLs of an operation: without trailing slash, one for each value that
// a variable of the URL may have.
func (o operation) servers() (urls []string) {
	for _, holder := range []object{o.node, o.item, o.doc.root} {
		for _, server := range list(holder["servers"]) {
			urls = append(urls, serverURLs(objectOf(server))...)
		}
		if len(urls) > 0 {
			break
		}
	}
	return urls
}

// serverURLs writes the values of a server's variables into its URL. Variables that would make
// too many URLs have their default only.
func serverURLs(server object) []string {
	urls := []string{strings.TrimSuffix(text(server["url"]), "/")}
	variables := objectOf(server["variables"])
	for _, name := range keysOf(variables) {
		variable, placeholder := objectOf(variables[name]), "{"+name+"}"
		if !strings.Contains(urls[0], placeholder) {
			continue
		}
		values := append([]string{text(variable["default"])}, texts(variable["enum"])...)
		if len(urls)*len(values) > maxServerURLs {
			values = values[:1]
		}
		var next []string
		for _, url := range urls {
			for _, value := range values {
				next = append(next, strings.ReplaceAll(url, placeholder, value))
			}
		}
		urls = next
	}
	slices.Sort(urls)
	return slices.Compact(urls)
}

// serversBelow returns where an operation is served, with the path other relative to it. A
// document may write a part of the base path in front of every path instead of into its servers.
func (o operation) serversBelow(other string) object {
	prefix, longer := strings.CutSuffix(shape(o.path), shape(other))
	if !longer {
		prefix = ""
	}
	urls := object{}
	for _, url := range o.servers() {
		urls[url+prefix] = object{}
	}
	return urls
}
