package control

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// guard lets in only programs on this machine, and those on others that ask for one of the hosts.
// The checks of Host, Origin and Sec-Fetch-Site keep out the pages that a browser shows, also
// those whose name was made to resolve to this machine.
func guard(next http.Handler, hosts []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		host := hostOf(r.Host)
		isNamed := slices.ContainsFunc(hosts, func(name string) bool { return strings.EqualFold(name, host) })
		switch {
		case !isNamed && !protocol.IsLoopback(hostOf(r.RemoteAddr)):
			refuse(w, http.StatusForbidden, "requests must come from loopback")
		case !isNamed && !protocol.IsLoopback(host):
			refuse(w, http.StatusForbidden, "Host must be a loopback address or localhost")
		case isForeign(r):
			refuse(w, http.StatusForbidden, "Origin is another one than the sandbox's")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// isForeign reports whether a page of another origin sent the request. Following a link to the
// page is no such request: the other page sees nothing of the answer.
func isForeign(r *http.Request) bool {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	for _, text := range r.Header.Values("Origin") {
		if origin, err := url.Parse(text); err != nil || origin.Host != r.Host || origin.Scheme != scheme {
			return true
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	followsLink := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return site != "" && site != "same-origin" && site != "none" && !followsLink
}
