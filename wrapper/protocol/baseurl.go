package protocol

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// ErrInsecure reports plain http to another machine: whoever reads the traffic sees the signature.
var ErrInsecure = errors.New("insecure")

var errUserInBaseURL = errors.New("base URL: must not hold a user name or password; requests are signed instead")

const baseURLForm = "it must be absolute, such as https://external-api.demo.kalshi.co/trade-api/v2"

// ParseBaseURL reads a base URL such as https://host/trade-api/v2 and returns it in the one form
// in which base URLs are compared: cleaned as by [CleanSetting], without slashes at its end, scheme and
// host in lower case. Its errors begin with "base URL:" and say what to do. One that is plain http
// to another machine is [ErrInsecure].
func ParseBaseURL(text string) (*url.URL, error) {
	text, err := CleanSetting(text, os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	text = strings.TrimRight(text, "/")
	switch {
	case text == "":
		return nil, errors.New("base URL: is empty; is a variable not set? " + baseURLForm)
	case !strings.Contains(text, "://"):
		return nil, errors.New("base URL: lacks https:// (or http:// for this machine) at its beginning; " + baseURLForm)
	}
	base, err := url.Parse(text)
	switch {
	case err != nil && strings.Contains(text, "@"): // its text could show a part of a password
		return nil, errUserInBaseURL
	case err != nil:
		return nil, fmt.Errorf("base URL: %w", errors.Unwrap(err))
	case base.Host == "" || (base.Scheme != "https" && base.Scheme != "http"):
		return nil, errors.New("base URL: " + baseURLForm)
	case base.User != nil:
		return nil, errUserInBaseURL
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return nil, errors.New("base URL: must not have a query or fragment")
	}
	base.Host = strings.ToLower(base.Host)
	// url.Parse accepts characters that net/http sends in another form, as another path.
	if !strings.EqualFold(base.String(), text) {
		return nil, errors.New("base URL: holds characters that must be percent-encoded")
	}
	return base, RequireSecure(base)
}

// RequireSecure returns nil if a signature may be sent to u: over https or wss, or over plain http or
// ws to this machine. It returns [ErrInsecure] for everything else, because whoever reads a
// signature on the way can send it again.
func RequireSecure(u *url.URL) error {
	scheme := HTTPScheme(u)
	if scheme == "https" || (scheme == "http" && IsLoopback(u.Hostname())) {
		return nil
	}
	secure := map[string]string{"ws": "wss"}[u.Scheme]
	return fmt.Errorf("%w: %s to %s would show the signature on the way; use %s (%s is for loopback only)",
		ErrInsecure, u.Scheme, u.Host, cmp.Or(secure, "https"), u.Scheme)
}

// HTTPScheme returns the scheme of u, and for a WebSocket that of the request that opens it.
func HTTPScheme(u *url.URL) string {
	switch u.Scheme {
	case "wss":
		return "https"
	case "ws":
		return "http"
	}
	return u.Scheme
}

// IsLoopback reports whether host, a name or an IP address without port, is certainly this machine:
// localhost or a loopback address. Other names do not count, because what they resolve to can
// change.
func IsLoopback(host string) bool {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
