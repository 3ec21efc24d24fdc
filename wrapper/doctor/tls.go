package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// contactTimeout bounds the request without credentials (our own choice).
const contactTimeout = 15 * time.Second

// contact is the answer to a request without credentials, and when it was asked and given.
type contact struct {
	*http.Response

	asked, arrived time.Time
}

func (e *examination) checkTLS(ctx context.Context) Check {
	ctx, cancel := context.WithTimeout(ctx, contactTimeout)
	defer cancel()
	if err := e.ask(ctx); err != nil {
		return unavailable(e.unreachable(err))
	}
	connection := e.contact.TLS
	if connection == nil || len(connection.PeerCertificates) == 0 {
		return fine("connected; http to this machine needs no TLS")
	}
	leaf := connection.PeerCertificates[0]
	return fine(fmt.Sprintf("%s; the certificate is from %s and valid until %s", tls.VersionName(connection.Version),
		issuerName(leaf), leaf.NotAfter.UTC().Format(time.DateOnly)))
}

func issuerName(certificate *x509.Certificate) string {
	switch {
	case certificate == nil:
		return "an unknown authority"
	case len(certificate.Issuer.Organization) > 0:
		return certificate.Issuer.Organization[0]
	}
	return cmp.Or(certificate.Issuer.CommonName, "a nameless authority")
}

// ask sends a request without credentials. It follows no redirect.
func (e *examination) ask(ctx context.Context) error {
	asked := e.Now()
	// Signing in to a proxy and the handshake take time before the service sees the request.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { asked = e.Now() },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.base.String()+protocol.KeysPath, http.NoBody)
	if err != nil {
		return err
	}
	response, err := e.Transport.RoundTrip(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close() // only its status and headers matter
	e.contact = contact{response, asked, e.Now()}
	return nil
}

// Unreachable says why a request to base got no answer, and what to do. The error is that of the
// transport, which uses the proxy settings of the environment.
func Unreachable(base *url.URL, err error) (text, advice string) {
	// An error is one of the settings, whose text would hold the proxy's password.
	proxy, _ := http.ProxyFromEnvironment(&http.Request{URL: base})
	e := examination{base: base, proxy: proxy, Config: Config{Now: time.Now}}
	return e.unreachable(err)
}

// unreachable looks at the most telling type first.
func (e *examination) unreachable(err error) (text, advice string) {
	untrusted, isUntrusted := errors.AsType[x509.UnknownAuthorityError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	operation, isNetwork := errors.AsType[*net.OpError](err)
	switch {
	case isUntrusted:
		return "the certificate is from " + issuerName(untrusted.Cert) + ", which this machine does not trust",
			"If a proxy or a virus scanner intercepts TLS, have the host exempted or install its root certificate; " +
				"in a bare container, install the package ca-certificates. Never turn the verification off"
	case is[x509.HostnameError](err):
		return "the certificate is for another host than " + e.base.Hostname(),
			"Check the base URL, /etc/hosts, and whether a network's sign-in page answers"
	case isInvalid && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not valid yet",
			"Check this machine's date: " + e.Now().UTC().Format(time.DateTime) + " UTC"
	case isOldTLS(err):
		return "the other side speaks only TLS 1.1 or older, which nobody may use any more",
			"The service speaks TLS 1.2 and 1.3, so something else answers, such as an old proxy or virus scanner: have it brought up to date " +
				"or the host exempted"
	case is[tls.RecordHeaderError](err):
		return "the other side does not speak TLS", "Check the scheme and the port of the base URL"
	case e.proxy != nil && (!isNetwork || operation.Op == "proxyconnect"):
		return "the proxy " + e.proxy.Host + " cannot be reached or does not let this through",
			"Check HTTPS_PROXY and the proxy's sign-in, or add " + e.base.Hostname() + " to NO_PROXY"
	case is[*net.DNSError](err):
		return unresolved(e.base.Hostname(), err)
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time", "Check the network and any firewall, then try again"
	case isNetwork && operation.Op == "dial":
		return e.base.Host + " does not accept connections",
			"Check the port of the base URL, the network and any firewall; if it is a sandbox, start it"
	}
	return "the connection was cut before an answer", "Check what is between here and the service, then try again"
}

// isOldTLS tells by the text: crypto/tls has no type for it, neither where it refuses the other side's
// version nor where the other side refuses ours.
func isOldTLS(err error) bool {
	return strings.Contains(err.Error(), "tls: server selected unsupported protocol version") ||
		strings.Contains(err.Error(), "tls: protocol version not supported")
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
