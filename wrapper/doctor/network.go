package doctor

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

// lookupTimeout bounds resolving a name (our own choice).
const lookupTimeout = 10 * time.Second

// checkProxy shows only the proxy's host: the settings may hold a password.
func (e *examination) checkProxy(context.Context) Check {
	var err error
	if e.Transport.Proxy != nil {
		e.proxy, err = e.Transport.Proxy(&http.Request{URL: e.base})
	}
	if err != nil || !endsAfterHost(e.proxy) {
		return unusable("the proxy settings cannot be read",
			"Set HTTPS_PROXY to a URL such as http://proxy.example:3128, with special characters of a password percent-encoded, or unset it")
	}
	if e.proxy == nil {
		return e.withoutProxy()
	}
	return fine(fmt.Sprintf("requests to %s go through %s, which HTTPS_PROXY names", e.base.Hostname(), e.proxy.Host))
}

// withoutProxy says that no proxy is used, and which settings may have meant one. Nothing of a value is
// shown: it may hold a password.
func (e *examination) withoutProxy() Check {
	none := "none for " + e.base.Hostname()
	names := []string{"HTTPS_PROXY", "https_proxy"}
	if e.base.Scheme == "http" {
		names = append(names, "HTTP_PROXY", "http_proxy")
	}
	isSet := false
	for _, name := range names {
		value := e.Getenv(name)
		isSet = isSet || value != ""
		switch {
		case value == "" || isProxyAddress(value):
		case isProxyAddress(unwrapped(value)):
			return warning(none+": "+name+" is set, but cannot be read for what is around its value, so it is left out",
				"Set "+name+" without blanks, line breaks and quotes around it")
		default:
			return warning(none+": "+name+" is set, but cannot be read as a URL, so it is left out",
				"Set "+name+" to a URL such as http://proxy.example:3128, with special characters of a password percent-encoded, or unset it")
		}
	}
	for _, name := range []string{"ALL_PROXY", "all_proxy"} {
		if !isSet && e.Getenv(name) != "" {
			return warning(none+": "+name+" is set, but this program does not read it",
				"If requests have to go through that proxy, set HTTPS_PROXY to it too")
		}
	}
	return fine(none)
}

// isProxyAddress reports whether net/http reads a proxy's variable: it leaves out one that it cannot, in
// silence, and takes HOST:PORT for http.
func isProxyAddress(value string) bool {
	proxy, err := url.Parse(value)
	if err != nil || proxy.Scheme == "" || proxy.Host == "" {
		proxy, err = url.Parse("http://" + value)
	}
	return err == nil && proxy.Host != "" && endsAfterHost(proxy)
}

// unwrapped returns a value without what env files leave around it.
func unwrapped(value string) string { return strings.Trim(value, "\"' \t\r\n") }

// endsAfterHost reports whether a proxy's URL has nothing after the host. A password with a # or a /
// in it makes a URL of other parts, and its beginning would pass for the host.
func endsAfterHost(proxy *url.URL) bool {
	return proxy == nil || (strings.Trim(proxy.Path, "/") == "" && proxy.RawQuery == "" && proxy.Fragment == "")
}

func (e *examination) checkName(ctx context.Context) Check {
	host := e.base.Hostname()
	switch {
	case e.proxy != nil:
		made := unchecked("the proxy resolves names")
		made.suffices = true
		return made
	case net.ParseIP(host) != nil:
		return fine(host + " is an address")
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addresses, err := e.LookupHost(ctx, host)
	if err != nil {
		return unavailable(unresolved(host, err))
	}
	return fine(fmt.Sprintf("%s has %d addresses", host, len(addresses)))
}

func unresolved(host string, err error) (text, advice string) {
	if failure, ok := errors.AsType[*net.DNSError](err); ok && failure.IsNotFound {
		return "there is no host " + host, "Check the base URL for typing errors. " + adviceForURL
	}
	return "no name server answered for " + host, "Check this machine's network, VPN and DNS settings"
}
