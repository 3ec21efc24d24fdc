package wrapper

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"kalshi.internal/apikeys/gen"
)

// Environment is the base URL of one of the service's hosts. Keys belong to one environment:
// production does not know a demo key, nor demo a production key (source: published).
type Environment string

const (
	// Production is the default (source: seed; published as still supported).
	Production Environment = gen.ServerURLProduction
	// ProductionExternalAPI is what the service recommends to API traders (source: published).
	ProductionExternalAPI Environment = gen.ServerURLProductionExternalAPI
	// Demo is the recommended host of the demo environment (source: published).
	Demo Environment = gen.ServerURLDemo
	// DemoFormerHost is the demo environment's other host (source: published).
	DemoFormerHost Environment = gen.ServerURLDemoFormerHost
)

const baseURLForm = "it must be absolute, such as https://external-api.demo.kalshi.co/trade-api/v2"

// parseBaseURL reads a base URL such as https://host/trade-api/v2. A slash at its end does not
// matter. Plain http is for loopback only.
func parseBaseURL(text string) (*url.URL, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	switch {
	case text == "":
		return nil, errors.New("base URL: is empty; is a variable not set? " + baseURLForm)
	case !strings.Contains(text, "://"):
		return nil, errors.New("base URL: lacks https:// (or http:// for this machine) at its beginning; " + baseURLForm)
	}
	base, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", errors.Unwrap(err))
	}
	switch {
	case base.Host == "" || (base.Scheme != "https" && base.Scheme != "http"):
		return nil, errors.New("base URL: " + baseURLForm)
	case base.User != nil:
		return nil, errors.New("base URL: must not hold a user name or password; requests are signed instead")
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return nil, errors.New("base URL: must not have a query or fragment")
	}
	return base, requireSecure(base)
}

// requireSecure refuses plain http to any machine but this one: a signature that is read on
// the way can be sent again.
func requireSecure(u *url.URL) error {
	if u.Scheme == "https" || (u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("%w: %s to %s would show the signature on the way; use https (http is for loopback only)",
		ErrInsecure, u.Scheme, u.Host)
}

func isLoopback(host string) bool {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
