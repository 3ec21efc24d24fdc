package sandbox

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// guardControl lets in only programs on this machine, and those on others that ask for a host
// of [WithControlHosts]. The checks of Host, Origin and Sec-Fetch-Site keep out the pages that
// a browser shows, also those whose name was made to resolve to this machine.
func (s *Sandbox) guardControl(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		host := hostOf(r.Host)
		isNamed := slices.ContainsFunc(s.settings.controlHosts, func(name string) bool { return strings.EqualFold(name, host) })
		switch {
		case !isNamed && !isLoopback(hostOf(r.RemoteAddr)):
			controlError(w, http.StatusForbidden, "requests must come from loopback")
		case !isNamed && !strings.EqualFold(host, "localhost") && !isLoopback(host):
			controlError(w, http.StatusForbidden, "Host must be a loopback address or localhost")
		case isForeign(r):
			controlError(w, http.StatusForbidden, "Origin is another one than the sandbox's")
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

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// isForeign reports whether a page of another origin sent the request. Following a link to the
// page is no such request: the other page sees nothing of the answer.
func isForeign(r *http.Request) bool {
	for _, text := range r.Header.Values("Origin") {
		if origin, err := url.Parse(text); err != nil || origin.Host != r.Host || origin.Scheme != schemeOf(r) {
			return true
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	followsLink := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return site != "" && site != "same-origin" && site != "none" && !followsLink
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
