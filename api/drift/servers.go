package drift

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxServerURLs bounds the URLs of one server with variables, which can be exponentially many.
const maxServerURLs = 1000

func effectiveServers(doc *openapi3.T, item *openapi3.PathItem, node *openapi3.Operation) openapi3.Servers {
	switch {
	case node.Servers != nil && len(*node.Servers) > 0:
		return *node.Servers
	case len(item.Servers) > 0:
		return item.Servers
	default:
		return doc.Servers
	}
}

// serverURLs returns the URLs of servers without trailing slash, sorted, one for each value that
// a variable may have.
func serverURLs(servers openapi3.Servers) []string {
	var urls []string
	for _, server := range servers {
		if server == nil {
			continue
		}
		for _, address := range expanded(server) {
			urls = append(urls, strings.TrimSuffix(address, "/"))
		}
	}
	slices.Sort(urls)
	return slices.Compact(urls)
}

// expanded writes the values of a server's variables into its URL. Variables that would make too
// many URLs have their default only.
func expanded(server *openapi3.Server) []string {
	urls := []string{server.URL}
	for _, name := range slices.Sorted(maps.Keys(server.Variables)) {
		variable, placeholder := server.Variables[name], "{"+name+"}"
		if variable == nil || !strings.Contains(server.URL, placeholder) {
			continue
		}
		values := append([]string{variable.Default}, variable.Enum...)
		if len(urls)*len(values) > maxServerURLs {
			values = values[:1]
		}
		var next []string
		for _, address := range urls {
			for _, value := range values {
				next = append(next, strings.ReplaceAll(address, placeholder, value))
			}
		}
		urls = next
	}
	return urls
}

// bases returns where the operations of a pair are served, with one path relative to them: a
// document may write a part of the base path in front of every path instead of into its servers.
func (p pair) bases() (ours, theirs []string) {
	a, b := shape(p.ours.path), shape(p.theirs.path)
	ours, theirs = p.ours.servers, p.theirs.servers
	if prefix, longer := strings.CutSuffix(b, a); longer {
		return ours, below(theirs, prefix)
	}
	if prefix, longer := strings.CutSuffix(a, b); longer {
		return below(ours, prefix), theirs
	}
	return ours, theirs
}

func below(servers []string, prefix string) []string {
	urls := make([]string, len(servers))
	for i, server := range servers {
		urls[i] = server + prefix
	}
	return urls
}

// servers compares where the operations are served: once for all if that is the same for all.
func (r *recorder) servers(pairs []pair) {
	different := func(p pair) bool {
		ours, theirs := p.bases()
		firstOurs, firstTheirs := pairs[0].bases()
		return !slices.Equal(ours, firstOurs) || !slices.Equal(theirs, firstTheirs)
	}
	if len(pairs) > 0 && !slices.ContainsFunc(pairs, different) {
		site{r: r}.servers(pairs[0])
		return
	}
	for _, p := range pairs {
		r.of(p.ours).servers(p)
	}
}

func (s site) servers(p pair) {
	s = s.at("server")
	ours, theirs := p.bases()
	for _, url := range ours {
		if !slices.Contains(theirs, url) {
			s.add(Breaking, "URL", url, "", "The revision does not name this server; programs that use it may find nobody there.")
		}
	}
	for _, url := range theirs {
		if !slices.Contains(ours, url) {
			s.add(Additive, "URL", "", url, "There is a server that this client does not name; it can be set as the base URL.")
		}
	}
}
