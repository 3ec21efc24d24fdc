package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/doctor"
)

type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// leadTo has every connection go to the server, whichever host is asked for.
func leadTo(server *httptest.Server) dial {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
}

// choosesTLS11 is a connection to a server that answers a handshake as those did that knew no later
// version: with a ServerHello of TLS 1.1.
func choosesTLS11(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		_, _ = server.Read(make([]byte, 1<<14))
		hello := append([]byte{0x02, 0, 0, 38, 0x03, 0x02}, make([]byte, 32+1+2+1)...)
		hello[39], hello[40] = 0xc0, 0x13 // a suite of that time
		_, _ = server.Write(append([]byte{0x16, 0x03, 0x02, 0, byte(len(hello))}, hello...))
		_, _ = io.Copy(io.Discard, server)
		_ = server.Close()
	}()
	return client, nil
}

func resolves(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil }

// startTLS starts a server whose certificate is for hosts, from an authority of its own.
func startTLS(t *testing.T, handler http.Handler, validFor time.Duration, hosts ...string) (*httptest.Server, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"Office Proxy"}}, DNSNames: hosts,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(validFor), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, certificate
}

func trust(certificates ...*x509.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	for _, certificate := range certificates {
		pool.AddCert(certificate)
	}
	return &tls.Config{RootCAs: pool}
}

// atDemo has a server with a certificate for host stand in for the demo environment.
func (p *patient) atDemo(validFor time.Duration, host string) {
	p.t.Helper()
	server, certificate := startTLS(p.t, p.box, validFor, host)
	p.BaseURL, p.LookupHost = string(wrapper.DemoFormerHost), resolves
	p.Transport.DialContext, p.Transport.TLSClientConfig = leadTo(server), trust(certificate)
}

func (p *patient) lookupFails(failure *net.DNSError) {
	p.LookupHost = func(_ context.Context, host string) ([]string, error) {
		failure.Name = host
		return nil, failure
	}
}

func proxyAt(address string) func(*http.Request) (*url.URL, error) {
	return func(*http.Request) (*url.URL, error) { return url.Parse(address) }
}

func TestEachFaultOnTheWayToTheServiceIsNamed(t *testing.T) {
	for _, row := range []struct {
		name, check string
		spoil       func(*patient)
		want        []string
	}{
		{"an unknown name", "name_resolution", func(p *patient) {
			p.BaseURL = "https://demo-api.kalshi.invalid/trade-api/v2"
			p.lookupFails(&net.DNSError{Err: "no such host", IsNotFound: true})
		}, []string{"there is no host demo-api.kalshi.invalid", "typing errors"}},
		{"no name server", "name_resolution", func(p *patient) {
			p.BaseURL = string(wrapper.Demo)
			p.lookupFails(&net.DNSError{Err: "timeout", IsTimeout: true})
		}, []string{"no name server answered", "DNS settings"}},
		{"an authority that nobody trusts", "tls", func(p *patient) {
			p.atDemo(time.Hour, "demo-api.kalshi.co")
			p.Transport.TLSClientConfig = nil
		}, []string{"Office Proxy, which this machine does not trust", "ca-certificates"}},
		{"a certificate for another host", "tls", func(p *patient) { p.atDemo(time.Hour, "hotel.test") },
			[]string{"for another host than demo-api.kalshi.co", "sign-in page"}},
		{"an expired certificate", "tls", func(p *patient) { p.atDemo(-time.Hour, "demo-api.kalshi.co") },
			[]string{"expired", "Check this machine's date"}},
		{"no TLS at the other end", "tls", func(p *patient) {
			p.atDemo(time.Hour, "demo-api.kalshi.co")
			server := httptest.NewServer(p.box)
			p.t.Cleanup(server.Close)
			p.Transport.DialContext = leadTo(server)
		}, []string{"does not speak TLS", "port"}},
		{"TLS 1.1 alone, at a server that refuses ours", "tls", func(p *patient) {
			p.atDemo(time.Hour, "demo-api.kalshi.co")
			server := httptest.NewUnstartedServer(p.box)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
			server.StartTLS()
			p.t.Cleanup(server.Close)
			p.Transport.DialContext = leadTo(server)
		}, []string{"only TLS 1.1", "old proxy"}},
		{"TLS 1.1 alone, at a server that chooses it", "tls", func(p *patient) {
			p.atDemo(time.Hour, "demo-api.kalshi.co")
			p.Transport.DialContext = choosesTLS11
		}, []string{"only TLS 1.1", "old proxy"}},
		{"nobody listens", "tls", func(p *patient) { p.BaseURL = "http://127.0.0.1:1/trade-api/v2" },
			[]string{"127.0.0.1:1 does not accept connections", "start it"}},
		{"a connection that is cut", "tls", func(p *patient) {
			if err := p.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultDrop}); err != nil {
				p.t.Fatal(err)
			}
		}, []string{"cut before an answer"}},
		{"a proxy that is not there", "tls", func(p *patient) {
			p.atDemo(time.Hour, "demo-api.kalshi.co")
			p.Transport.Proxy, p.Transport.DialContext = proxyAt("http://me:hunter2@127.0.0.1:1"), nil
		}, []string{"the proxy 127.0.0.1:1 cannot be reached", "NO_PROXY"}},
		{"a proxy that wants a password", "tls", func(p *patient) {
			p.atDemo(time.Hour, "demo-api.kalshi.co")
			proxy := httptest.NewServer(answering(http.StatusProxyAuthRequired, ""))
			p.t.Cleanup(proxy.Close)
			p.Transport.Proxy, p.Transport.DialContext = proxyAt(proxy.URL), nil
		}, []string{"does not let this through", "sign-in"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			row.spoil(p)
			got := p.examine()
			got.want(row.check, problem, row.want...)
			got.want("signed_request", unchecked, "cannot be reached")
			got.wantKind(wrapper.ErrUnavailable)
		})
	}
}

func TestAProxySettingThatIsNotUsedIsSaid(t *testing.T) {
	for name, row := range map[string]struct {
		env    map[string]string
		status doctor.Status
		want   string
	}{
		"none":                              {nil, ok, "none for 127.0.0.1"},
		"one that is good":                  {map[string]string{"HTTP_PROXY": "http://me:hunter2@proxy.test:3128"}, ok, "none for 127.0.0.1"},
		"one without a scheme":              {map[string]string{"HTTPS_PROXY": "proxy.test:3128"}, ok, "none for 127.0.0.1"},
		"a line break at its end":           {map[string]string{"HTTPS_PROXY": "http://me:hunter2@proxy.test:3128\n"}, warning, "HTTPS_PROXY is set, but cannot be read for what is around its value"},
		"a blank before it":                 {map[string]string{"https_proxy": " http://proxy.test:3128"}, warning, "https_proxy is set, but cannot be read for what is around its value"},
		"quotes around it":                  {map[string]string{"HTTP_PROXY": `"http://proxy.test:3128"`}, warning, "HTTP_PROXY is set, but cannot be read for what is around its value"},
		"a password that is not encoded":    {map[string]string{"HTTPS_PROXY": "http://me:hunter2%@proxy.test"}, warning, "HTTPS_PROXY is set, but cannot be read as a URL"},
		"ALL_PROXY":                         {map[string]string{"ALL_PROXY": "socks5://me:hunter2@proxy.test"}, warning, "ALL_PROXY is set, but this program does not read it"},
		"all_proxy":                         {map[string]string{"all_proxy": "socks5://proxy.test"}, warning, "set HTTPS_PROXY to it too"},
		"ALL_PROXY beside one that is read": {map[string]string{"ALL_PROXY": "socks5://proxy.test", "HTTPS_PROXY": "http://proxy.test"}, ok, "none for 127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			maps.Copy(p.env, row.env)
			got := p.examine()
			got.want("proxy", row.status, row.want)
			got.wantKind(nil)
		})
	}
}

func TestNoPasswordOfAProxyIsShown(t *testing.T) {
	for name, proxy := range map[string]func(*http.Request) (*url.URL, error){
		"that does not parse": func(*http.Request) (*url.URL, error) {
			return nil, errors.New(`invalid proxy address "http://me:hunter2@["`)
		},
		"with a # in its password":     proxyAt("http://hunter2#@proxy.test:3128"),
		"with a slash in its password": proxyAt("http://hunter2/@proxy.test:3128"),
		"with a ? in its password":     proxyAt("http://hunter2?@proxy.test:3128"),
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.Transport.Proxy = proxy
			got := p.examine()
			got.want("proxy", problem, "cannot be read", "percent-encoded")
			got.wantKind(doctor.ErrSettings)
		})
	}
}

func TestThisMachinesNetworkIsTheDefault(t *testing.T) {
	p := newPatient(t)
	p.Transport = nil
	p.BaseURL = strings.Replace(p.BaseURL, "127.0.0.1", "localhost", 1)
	got := p.examine()
	got.want("name_resolution", ok, "localhost has ")
	got.want("signed_request", ok)
}

func TestAHostThatCouldPassRequestsOnIsAWarning(t *testing.T) {
	p := newPatient(t)
	p.atDemo(time.Hour, "kalshi.test")
	p.BaseURL = "https://kalshi.test/trade-api/v2"
	got := p.examine()
	got.want("base_url", warning, "not a known host", "pass your requests on")
	got.want("tls", ok, "TLS 1.3; the certificate is from Office Proxy")
	p.BaseURL = "https://kalshi.test"
	got = p.examine()
	got.want("base_url", warning, "does not end in /trade-api/v2")
	got.want("service", problem, "HTTP 404", "must end in /trade-api/v2")
	got.wantKind(wrapper.ErrNotFound)
}
