package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of single steps (our own choices).
const (
	lookupTimeout = 10 * time.Second
	probeTimeout  = 15 * time.Second
)

// network is how doctor reaches hosts, and measures when. The zero network is the system's.
type network struct {
	transport  *http.Transport
	lookupHost func(ctx context.Context, host string) ([]string, error)
	now        func() time.Time
}

func (n network) time() time.Time {
	if n.now != nil {
		return n.now()
	}
	return time.Now()
}

// newTransport returns a transport that finds proxies and trusts authorities as the client's
// does.
func (n network) newTransport() *http.Transport {
	if n.transport != nil {
		return n.transport.Clone()
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: probeTimeout,
		ForceAttemptHTTP2:   true,
	}
}

func (n network) lookup(ctx context.Context, host string) ([]string, error) {
	if n.lookupHost != nil {
		return n.lookupHost(ctx, host)
	}
	return net.DefaultResolver.LookupHost(ctx, host)
}

// doctorService is what is known about the way to the service.
type doctorService struct {
	base      *url.URL
	transport *http.Transport
	// proxy is nil where none is used, and route is false until that is known.
	proxy *url.URL
	route bool
	// named: there is no name to resolve, or it resolves.
	named bool
	probe *probe
}

func (s *doctorService) close() {
	if s.transport != nil {
		s.transport.CloseIdleConnections()
	}
}

// checkProxy repeats nothing of the settings but the proxy's host: they may hold a password.
func (e *examination) checkProxy(ctx context.Context) finding {
	s := &e.service
	if s.base == nil {
		return unchecked("there is no usable base URL")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.String(), http.NoBody)
	if err != nil {
		return unchecked("there is no usable base URL")
	}
	s.transport = e.network.newTransport()
	if s.transport.Proxy != nil {
		s.proxy, err = s.transport.Proxy(request)
	}
	switch {
	case err != nil || !isPlainProxy(s.proxy):
		return problem(exitUsage, "the proxy settings cannot be read",
			"Set HTTPS_PROXY to a URL such as http://proxy.example:3128, with special characters of a password percent-encoded, or unset it")
	case s.proxy == nil:
		s.route = true
		return fine("none for " + s.base.Hostname())
	}
	s.route = true
	return fine(fmt.Sprintf("requests to %s go through %s, which HTTPS_PROXY names", s.base.Hostname(), s.proxy.Host))
}

// isPlainProxy reports whether a proxy's URL ends after the host. A password with a # or a / in
// it makes a URL of other parts, and its beginning would pass for the host.
func isPlainProxy(proxy *url.URL) bool {
	return proxy == nil || (strings.Trim(proxy.Path, "/") == "" && proxy.RawQuery == "" && proxy.Fragment == "")
}

func (e *examination) checkName(ctx context.Context) finding {
	s := &e.service
	host := ""
	if s.base != nil {
		host = s.base.Hostname()
	}
	switch {
	case !s.route:
		return unchecked("it is not known where to connect to")
	case s.proxy != nil:
		s.named = true
		return unchecked("the proxy resolves names")
	case net.ParseIP(host) != nil:
		s.named = true
		return fine(host + " is an address")
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addresses, err := e.network.lookup(ctx, host)
	if err != nil {
		return unresolved(host, err)
	}
	s.named = true
	return fine(fmt.Sprintf("%s has %d addresses", host, len(addresses)))
}

func unresolved(host string, err error) finding {
	if failure, ok := errors.AsType[*net.DNSError](err); ok && failure.IsNotFound {
		return problem(exitUnavailable, "there is no host "+host, "Check the base URL for typing errors. "+adviceForURL)
	}
	return problem(exitUnavailable, "no name server answered for "+host, "Check this machine's network, VPN and DNS settings")
}
