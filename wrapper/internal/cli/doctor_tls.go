package cli

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
	"time"
)

// probe is the answer to a request without credentials, and when it was asked and given.
type probe struct {
	response       *http.Response
	asked, arrived time.Time
}

func (e *examination) checkTLS(ctx context.Context) finding {
	s := &e.service
	if !s.named {
		return unchecked("the host has no address")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	answered, err := s.ask(ctx, e.network.time)
	if err != nil {
		text, advice := unreachable(err, s)
		return problem(exitUnavailable, text, advice)
	}
	s.probe = answered
	connection := answered.response.TLS
	if connection == nil || len(connection.PeerCertificates) == 0 {
		return fine("connected; http to this machine needs no TLS")
	}
	leaf := connection.PeerCertificates[0]
	return fine(fmt.Sprintf("%s; the certificate is from %s and valid until %s", tls.VersionName(connection.Version),
		issuerName(leaf), leaf.NotAfter.UTC().Format(time.DateOnly)))
}

func issuerName(certificate *x509.Certificate) string {
	if len(certificate.Issuer.Organization) > 0 {
		return certificate.Issuer.Organization[0]
	}
	return cmp.Or(certificate.Issuer.CommonName, "a nameless authority")
}

// ask sends a request without credentials. It follows no redirect.
func (s *doctorService) ask(ctx context.Context, now func() time.Time) (*probe, error) {
	asked := now()
	// Signing in to a proxy and the handshake take time before the service sees the request.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { asked = now() },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath("api_keys").String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := s.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close() // its status and headers are what is looked at
	return &probe{response: response, asked: asked, arrived: now()}, nil
}

// unreachable says why a connection failed and what to do. The order is from the most telling
// type on.
func unreachable(err error, s *doctorService) (text, advice string) {
	operation, isNetwork := errors.AsType[*net.OpError](err)
	if untrusted, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		issuer := "an unknown authority"
		if untrusted.Cert != nil {
			issuer = issuerName(untrusted.Cert)
		}
		return "the certificate is from " + issuer + ", which this machine does not trust",
			"If a proxy or a virus scanner intercepts TLS, have the host exempted or install its root certificate; " +
				"in a bare container, install the package ca-certificates. Never turn the verification off"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is for another host than " + s.base.Hostname(),
			"Check the base URL, /etc/hosts, and whether a network's sign-in page answers"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "the certificate has expired or is not valid yet",
			"Check this machine's date: " + time.Now().UTC().Format(time.DateTime) + " UTC"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the other side does not speak TLS", "Check the scheme and the port of the base URL"
	}
	switch {
	case s.proxy != nil && (!isNetwork || operation.Op == "proxyconnect"):
		return "the proxy " + s.proxy.Host + " cannot be reached or does not let this through",
			"Check HTTPS_PROXY and the proxy's sign-in, or add " + s.base.Hostname() + " to NO_PROXY"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time", "Check the network and any firewall, then try again"
	case isNetwork && operation.Op == "dial":
		return s.base.Host + " does not accept connections",
			"Check the port of the base URL, the network and any firewall; if it is a sandbox, start it"
	}
	return "the connection was cut before an answer", "Check what is between here and the service, then try again"
}
