package cli_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// patient is what doctor examines: a sandbox, a key of it, and the settings to use it. Each
// test makes one of them ill.
type patient struct {
	t          *testing.T
	world      program.World
	network    program.Network
	box        *sandbox.Sandbox
	key, other sandbox.Key
}

func newPatient(t *testing.T, options ...sandbox.Option) *patient {
	t.Helper()
	box := sandbox.New(options...)
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	p := &patient{t: t, box: box}
	p.key, p.other = p.newKey(), p.newKey()
	p.world.Env = map[string]string{"KALSHI_BASE_URL": server.URL + sandbox.BasePath}
	p.use(p.key)
	p.network.Transport = &http.Transport{DisableKeepAlives: true}
	return p
}

func (p *patient) newKey(options ...sandbox.KeyOption) sandbox.Key {
	p.t.Helper()
	key, err := p.box.Bootstrap(append([]sandbox.KeyOption{sandbox.OfType(sandbox.Ed25519)}, options...)...)
	if err != nil {
		p.t.Fatal(err)
	}
	return key
}

func (p *patient) use(key sandbox.Key) {
	p.world.Env[wrapper.EnvAPIKeyID] = key.ID
	p.world.Env[wrapper.EnvPrivateKey] = key.PrivateKey.RevealPrivateKey()
}

// useFile puts the private key into a file.
func (p *patient) useFile(text string, mode os.FileMode) string {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "key.pem")
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		p.t.Fatal(err)
	}
	p.world.Env[wrapper.EnvPrivateKey] = ""
	p.world.Env[wrapper.EnvPrivateKeyPath] = path
	return path
}

// diagnosis is doctor's output, by check ID.
type diagnosis struct {
	outcome

	order  []string
	checks map[string]doctorCheck
}

type doctorCheck struct {
	ID, Status, Finding, Advice string
}

func (p *patient) examine(args ...string) diagnosis {
	p.t.Helper()
	return p.examineUntil(p.t.Context(), args...)
}

// examineUntil examines until the context is cancelled, as an interrupt does it.
func (p *patient) examineUntil(ctx context.Context, args ...string) diagnosis {
	p.t.Helper()
	args = append([]string{"doctor", "--output", "json"}, args...)
	var stdout, stderr bytes.Buffer
	p.world.Stdout, p.world.Stderr = &stdout, &stderr
	code := program.RunOn(ctx, p.world, p.network, args...)
	got := diagnosis{outcome: outcome{code, stdout.String(), stderr.String()}, checks: map[string]doctorCheck{}}
	var report struct{ Checks []doctorCheck }
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		p.t.Fatalf("%v: %s%s", err, stdout.String(), stderr.String())
	}
	for _, check := range report.Checks {
		got.order = append(got.order, check.ID)
		got.checks[check.ID] = check
	}
	p.mustShowNoSecret(got.stdout + got.stderr)
	return got
}

// signatureLike is as long as the shortest signature, that of Ed25519, in base64.
var signatureLike = regexp.MustCompile(`[A-Za-z0-9+/]{80,}`)

// mustShowNoSecret looks for the lines of the private keys, and for anything as long as a
// signature. A path may be so long too.
func (p *patient) mustShowNoSecret(shown string) {
	p.t.Helper()
	shown = strings.ReplaceAll(shown, os.TempDir(), "")
	for _, key := range []sandbox.Key{p.key, p.other} {
		for line := range strings.Lines(key.PrivateKey.RevealPrivateKey()) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-") && strings.Contains(shown, line) {
				p.t.Errorf("key material is shown:\n%s", shown)
			}
		}
	}
	for _, secret := range []string{"-----BEGIN", "hunter2"} {
		if strings.Contains(shown, secret) {
			p.t.Errorf("%q is shown:\n%s", secret, shown)
		}
	}
	if signed := signatureLike.FindString(shown); signed != "" {
		p.t.Errorf("what may be a signature is shown: %s", signed)
	}
}

// want checks the outcome of one check: its finding or its advice says each of the texts.
func (d diagnosis) want(t *testing.T, id, status string, texts ...string) {
	t.Helper()
	check, ok := d.checks[id]
	if !ok || check.Status != status {
		t.Errorf("%s is %+v, want %s", id, check, status)
	}
	for _, text := range texts {
		if !strings.Contains(check.Finding+" | "+check.Advice, text) {
			t.Errorf("%s does not say %q: %+v", id, text, check)
		}
	}
	if (status == "problem" || status == "warning") && check.Advice == "" {
		t.Errorf("%s gives no advice: %+v", id, check)
	}
}

var doctorIDs = []string{
	"variables", "key_id", "private_key", "file_mode", "base_url", "proxy", "name_resolution", "tls", "service",
	"clock", "signed_request", "other_environments", "scopes", "bindings", "attestation",
}

func TestDoctorFindsNothingWhereNothingIsWrong(t *testing.T) {
	p := newPatient(t)
	p.useFile(p.key.PrivateKey.RevealPrivateKey(), 0o600)
	got := p.examine()
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
	if !slices.Equal(got.order, doctorIDs) {
		t.Errorf("the checks are %q", got.order)
	}
	for id, check := range got.checks {
		want := "ok"
		if id == "other_environments" {
			want = "not_checked"
		}
		if check.Status != want {
			t.Errorf("%s is %+v", id, check)
		}
	}
	got.want(t, "private_key", "ok", "Ed25519 key of 256 bits, PKCS#8")
	got.want(t, "signed_request", "ok", "accepted; API keys of the account: 2")
}

// Each row makes a fault for real and reads what doctor says about it. The checks that follow
// from a fault are not made.
func TestDoctorNamesEachFaultOfTheSettings(t *testing.T) {
	uuid := func(p *patient) string { return p.key.ID }
	set := func(name string, value func(*patient) string) func(*patient) {
		return func(p *patient) { p.world.Env[name] = value(p) }
	}
	private := func(p *patient) string { return p.key.PrivateKey.RevealPrivateKey() }
	constant := func(text string) func(*patient) string { return func(*patient) string { return text } }
	for _, row := range []struct {
		name, check string
		harm        func(*patient)
		args        []string
		status      string
		code        int
		want        []string
	}{
		{"no key ID", "variables", set(wrapper.EnvAPIKeyID, constant("")), nil, "problem", 2, []string{"KALSHI_API_KEY_ID not set", "Set KALSHI_API_KEY_ID to the ID of the API key, or give --key-id. If the key is in a store"}},
		{"no private key", "variables", set(wrapper.EnvPrivateKey, constant("")), nil, "problem", 2, []string{
			"KALSHI_PRIVATE_KEY_PATH not set",
			"Set KALSHI_PRIVATE_KEY_PATH to the path of the private key's file, or KALSHI_PRIVATE_KEY to the private key itself, as PEM, or give --private-key-file. If the key is in a store",
		}},
		{"neither", "variables", func(p *patient) { clear(p.world.Env) }, []string{"--base-url", "http://127.0.0.1:1/trade-api/v2"}, "problem", 2, []string{
			"KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH not set", "or give --key-id. Set KALSHI_PRIVATE_KEY_PATH to the path",
		}},
		{"a key ID under another name", "variables", func(p *patient) {
			p.world.Env[wrapper.EnvAPIKeyID], p.world.Env["KALSHI_KEY_ID"] = "", p.key.ID
		}, nil, "problem", 2, []string{"KALSHI_KEY_ID is set, and nothing here reads it"}},
		{"two private keys", "variables", set(wrapper.EnvPrivateKeyPath, constant("key.pem")), nil, "problem", 2, []string{"both set", "unset KALSHI_PRIVATE_KEY"}},
		{"a flag against a variable", "variables", set(wrapper.EnvAPIKeyID, constant(madeKeyID)), []string{"--key-id", ownKeyID}, "warning", 3, []string{"wins over KALSHI_API_KEY_ID"}},
		{"quotes around the ID", "key_id", set(wrapper.EnvAPIKeyID, func(p *patient) string { return `"` + uuid(p) + `"` }), nil, "problem", 2, []string{"without quotes, brackets or spaces"}},
		{"a bracket at the ID", "key_id", set(wrapper.EnvAPIKeyID, func(p *patient) string { return uuid(p) + "]" }), nil, "problem", 2, []string{"alone"}},
		{"a space in the ID", "key_id", set(wrapper.EnvAPIKeyID, constant("my key")), nil, "problem", 2, []string{"not the key's name"}},
		{"spaces around the ID", "key_id", set(wrapper.EnvAPIKeyID, func(p *patient) string { return " " + uuid(p) + "\n" }), nil, "warning", 0, []string{"white space"}},
		{"an ID that is no UUID", "key_id", set(wrapper.EnvAPIKeyID, constant("hunter2")), nil, "warning", 3, []string{"7 characters", "Copy the ID again"}},
		{"a private key as the ID", "key_id", set(wrapper.EnvAPIKeyID, private), nil, "problem", 2, []string{"nor the private key"}},
		{"a cut private key", "private_key", set(wrapper.EnvPrivateKey, func(p *patient) string { return private(p)[:60] }), nil, "problem", 2, []string{"truncated", "Copy the private key again"}},
		{"escaped line breaks", "private_key", set(wrapper.EnvPrivateKey, func(p *patient) string {
			return strings.ReplaceAll(private(p), "\n", `\n`)
		}), nil, "warning", 0, []string{"turned escaped line breaks into line breaks", "kalshi-keys doctor --mend"}},
		{"a private key as its path", "private_key", func(p *patient) {
			p.world.Env[wrapper.EnvPrivateKeyPath], p.world.Env[wrapper.EnvPrivateKey] = private(p), ""
		}, nil, "problem", 2, []string{"where a path belongs", "--mend FILE"}},
		{"a missing file", "private_key", func(p *patient) {
			p.world.Env[wrapper.EnvPrivateKeyPath], p.world.Env[wrapper.EnvPrivateKey] = "/nonexistent/key.pem", ""
		}, nil, "problem", 2, []string{"/nonexistent/key.pem", "Check the path"}},
		{"a path with ~", "private_key", func(p *patient) {
			p.world.Env[wrapper.EnvPrivateKeyPath], p.world.Env[wrapper.EnvPrivateKey] = "~/key.pem", ""
		}, nil, "problem", 2, []string{"write the home directory out"}},
		{"a directory", "private_key", func(p *patient) {
			p.world.Env[wrapper.EnvPrivateKeyPath], p.world.Env[wrapper.EnvPrivateKey] = "/", ""
		}, nil, "problem", 2, []string{"not a regular file"}},
		{"a file that others may read", "file_mode", func(p *patient) { p.useFile(private(p), 0o644) }, nil, "problem", 2, []string{"mode is 0644", "chmod 600 "}},
		{"two base URLs", "base_url", func(*patient) {}, []string{"--base-url", "https://x.test", "--environment", "demo"}, "problem", 2, []string{"Give one of them"}},
		{"a relative base URL", "base_url", set("KALSHI_BASE_URL", constant("nonsense")), nil, "problem", 2, []string{"must be absolute", "--environment"}},
		{"a base URL with a password", "base_url", set("KALSHI_BASE_URL", constant("https://me:hunter2@x.test/")), nil, "problem", 2, []string{"holds a user name"}},
		{"a password with a #", "base_url", set("KALSHI_BASE_URL", constant("https://me:hunter2#@x.test/")), nil, "problem", 2, []string{"cannot be read"}},
		{"http to the service", "base_url", set("KALSHI_BASE_URL", constant("http://demo-api.kalshi.co/trade-api/v2")), nil, "problem", 2, []string{"insecure", "https://demo-api.kalshi.co/trade-api/v2"}},
		{"no path", "base_url", set("KALSHI_BASE_URL", constant("https://demo-api.kalshi.co")), nil, "problem", 2, []string{"does not end in /trade-api/v2", "https://demo-api.kalshi.co/trade-api/v2"}},
		{"a slash at the end", "base_url", func(p *patient) { p.world.Env["KALSHI_BASE_URL"] += "/" }, nil, "warning", 0, []string{"without them"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			row.harm(p)
			got := p.examine(row.args...)
			got.want(t, row.check, row.status, row.want...)
			if got.code != row.code {
				t.Errorf("exit code %d, want %d", got.code, row.code)
			}
		})
	}
}

func TestDoctorGoesOnWhereALaterCheckCanBeMade(t *testing.T) {
	p := newPatient(t)
	p.useFile(p.key.PrivateKey.RevealPrivateKey(), 0o644)
	got := p.examine()
	got.want(t, "file_mode", "problem")
	got.want(t, "signed_request", "ok")

	p.world.Env[wrapper.EnvAPIKeyID] = ""
	got = p.examine()
	got.want(t, "clock", "ok")
	got.want(t, "signed_request", "not_checked", "there is no usable key ID")
	got.want(t, "scopes", "not_checked", "could not be listed")

	p.world.Env[wrapper.EnvAPIKeyID], p.world.Env[wrapper.EnvPrivateKeyPath] = p.key.ID, ""
	p.world.Env["KALSHI_BASE_URL"] = "nonsense"
	got = p.examine()
	got.want(t, "key_id", "ok")
	for _, id := range []string{"private_key", "file_mode", "proxy", "name_resolution", "tls", "service", "clock", "signed_request", "other_environments", "scopes", "bindings", "attestation"} {
		got.want(t, id, "not_checked", "not checked: ")
	}
}

// leadTo has every connection go to the server, whichever host is asked for.
func leadTo(server *httptest.Server) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
}

func resolves(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil }

// startTLS starts a server whose certificate is for hosts, from an authority of its own.
func startTLS(t *testing.T, handler http.Handler, validUntil time.Time, hosts ...string) (*httptest.Server, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"Office Proxy"}}, DNSNames: hosts,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: validUntil, IsCA: true, BasicConstraintsValid: true,
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

func TestDoctorNamesEachFaultOfTheWay(t *testing.T) {
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	const demo = "https://demo-api.kalshi.co/trade-api/v2"
	atDemo := func(p *patient) {
		p.world.Env["KALSHI_BASE_URL"] = demo
		p.network.LookupHost = resolves
	}
	for _, row := range []struct {
		name, check string
		harm        func(*patient)
		want        []string
	}{
		{"an unknown name", "name_resolution", func(p *patient) {
			p.world.Env["KALSHI_BASE_URL"] = "https://demo-api.kalshi.invalid/trade-api/v2"
			p.network.LookupHost = func(_ context.Context, host string) ([]string, error) {
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			}
		}, []string{"there is no host demo-api.kalshi.invalid", "typing errors"}},
		{"no name server", "name_resolution", func(p *patient) {
			atDemo(p)
			p.network.LookupHost = func(_ context.Context, host string) ([]string, error) {
				return nil, &net.DNSError{Err: "timeout", Name: host, IsTimeout: true}
			}
		}, []string{"no name server answered", "DNS settings"}},
		{"an authority that nobody trusts", "tls", func(p *patient) {
			atDemo(p)
			server, _ := startTLS(p.t, p.box, tomorrow, "demo-api.kalshi.co")
			p.network.Transport.DialContext = leadTo(server)
		}, []string{"Office Proxy, which this machine does not trust", "ca-certificates"}},
		{"a certificate for another host", "tls", func(p *patient) {
			atDemo(p)
			server, certificate := startTLS(p.t, p.box, tomorrow, "hotel.test")
			p.network.Transport.DialContext = leadTo(server)
			p.network.Transport.TLSClientConfig = trust(certificate)
		}, []string{"for another host than demo-api.kalshi.co", "sign-in page"}},
		{"an expired certificate", "tls", func(p *patient) {
			atDemo(p)
			server, certificate := startTLS(p.t, p.box, yesterday, "demo-api.kalshi.co")
			p.network.Transport.DialContext = leadTo(server)
			p.network.Transport.TLSClientConfig = trust(certificate)
		}, []string{"expired", "Check this machine's date"}},
		{"no TLS at the other end", "tls", func(p *patient) {
			atDemo(p)
			server := httptest.NewServer(p.box)
			p.t.Cleanup(server.Close)
			p.network.Transport.DialContext = leadTo(server)
		}, []string{"does not speak TLS", "port"}},
		{"nobody listens", "tls", func(p *patient) {
			p.world.Env["KALSHI_BASE_URL"] = "http://127.0.0.1:1/trade-api/v2"
		}, []string{"127.0.0.1:1 does not accept connections", "start it"}},
		{"a connection that is cut", "tls", func(p *patient) {
			if err := p.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultDrop}); err != nil {
				p.t.Fatal(err)
			}
		}, []string{"cut before an answer"}},
		{"a proxy that is not there", "tls", func(p *patient) {
			atDemo(p)
			p.network.Transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1", User: url.UserPassword("me", "hunter2")})
		}, []string{"the proxy 127.0.0.1:1 cannot be reached", "NO_PROXY"}},
		{"a proxy that wants a password", "tls", func(p *patient) {
			atDemo(p)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusProxyAuthRequired)
			}))
			p.t.Cleanup(server.Close)
			p.network.Transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(server.URL) }
		}, []string{"does not let this through", "sign-in"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			row.harm(p)
			got := p.examine()
			got.want(t, row.check, "problem", row.want...)
			got.want(t, "signed_request", "not_checked", "cannot be reached")
			if got.code != 5 {
				t.Errorf("exit code %d, want 5", got.code)
			}
		})
	}
}

func TestDoctorShowsNoPasswordOfAProxy(t *testing.T) {
	broken := errors.New(`invalid proxy address "http://me:hunter2@["`)
	for name, proxy := range map[string]func(*http.Request) (*url.URL, error){
		"that does not parse":          func(*http.Request) (*url.URL, error) { return nil, broken },
		"with a # in its password":     func(*http.Request) (*url.URL, error) { return url.Parse("http://hunter2#@proxy.test:3128") },
		"with a slash in its password": func(*http.Request) (*url.URL, error) { return url.Parse("http://hunter2/@proxy.test:3128") },
		"with a ? in its password":     func(*http.Request) (*url.URL, error) { return url.Parse("http://hunter2?@proxy.test:3128") },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.network.Transport.Proxy = proxy
			got := p.examine()
			got.want(t, "proxy", "problem", "cannot be read", "percent-encoded")
			if got.code != 2 {
				t.Errorf("exit code %d", got.code)
			}
		})
	}
}

func TestDoctorUsesThisMachinesNetworkByDefault(t *testing.T) {
	p := newPatient(t)
	p.network = program.Network{}
	p.world.Env["KALSHI_BASE_URL"] = strings.Replace(p.world.Env["KALSHI_BASE_URL"], "127.0.0.1", "localhost", 1)
	got := p.examine()
	got.want(t, "name_resolution", "ok", "localhost has ")
	got.want(t, "signed_request", "ok")
}

func TestDoctorTellsTheKindOfAnRSAKey(t *testing.T) {
	p := newPatient(t)
	p.use(p.newKey(sandbox.OfType(sandbox.RSA)))
	got := p.examine()
	got.want(t, "private_key", "ok", "RSA key of 2048 bits, PKCS#1")
	got.want(t, "signed_request", "ok")
}

func TestDoctorWarnsOfAHostThatCouldPassRequestsOn(t *testing.T) {
	p := newPatient(t)
	server, certificate := startTLS(t, p.box, time.Now().Add(time.Hour), "kalshi.test")
	p.network = program.Network{LookupHost: resolves, Transport: &http.Transport{
		DisableKeepAlives: true, DialContext: leadTo(server), TLSClientConfig: trust(certificate),
	}}
	p.world.Env["KALSHI_BASE_URL"] = "https://kalshi.test/trade-api/v2"
	got := p.examine()
	got.want(t, "base_url", "warning", "none of the known hosts", "pass your requests on")
	got.want(t, "tls", "ok", "TLS 1.3; the certificate is from Office Proxy")
	p.world.Env["KALSHI_BASE_URL"] = "https://kalshi.test"
	got = p.examine()
	got.want(t, "base_url", "warning", "does not end in /trade-api/v2")
	got.want(t, "service", "problem", "HTTP 404", "must end in /trade-api/v2")
	if got.code != 4 {
		t.Errorf("exit code %d", got.code)
	}
}

func TestDoctorTellsWhoAnswers(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer sandbox.Fault
		status string
		code   int
		want   []string
	}{
		{"a sign-in page", page(200, "<html>"), "problem", 5, []string{"HTTP 200 (text/html)", "sign-in page"}},
		{"a redirect", sandbox.Fault{Status: 302, Header: map[string]string{"Location": "https://hotel.test/hunter2?session=hunter2"}}, "problem", 5, []string{"leading to https://hotel.test", "redirects are not followed"}},
		{"a redirect of the service", sandbox.Fault{Status: 301, Header: map[string]string{"Location": "/trade-api/v2/api_keys"}}, "problem", 5, []string{"/trade-api/v2/api_keys"}},
		{"a redirect to nowhere", sandbox.Fault{Status: 302}, "problem", 5, []string{"HTTP 302"}},
		{"a firewall", page(403, "<html>"), "problem", 7, []string{"HTTP 403", "country"}},
		{"a service that fails", page(503, ""), "problem", 5, []string{"HTTP 503", "try again later"}},
		{"too many requests", sandbox.Fault{Status: 429, Times: 1}, "warning", 0, []string{"HTTP 429", "fewer"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			row.answer.Kind = sandbox.FaultStatus
			if err := p.box.SetFaults(row.answer); err != nil {
				t.Fatal(err)
			}
			got := p.examine()
			got.want(t, "service", row.status, row.want...)
			if got.code != row.code {
				t.Errorf("exit code %d, want %d", got.code, row.code)
			}
		})
	}
}

func page(status int, body string) sandbox.Fault {
	return sandbox.Fault{Status: status, Body: body, Header: map[string]string{"Content-Type": "text/html"}}
}

func TestDoctorMeasuresTheClock(t *testing.T) {
	for _, row := range []struct {
		name   string
		ahead  time.Duration
		status string
		code   int
		want   []string
	}{
		{"a second", 700 * time.Millisecond, "ok", 0, []string{"within 2 seconds"}},
		{"some seconds", 6 * time.Second, "warning", 0, []string{"seconds behind the service's", "up to 10"}},
		{"more than is accepted for sure", 13 * time.Second, "problem", 3, []string{" seconds behind"}},
		{"a minute late", 61 * time.Second, "problem", 3, []string{" seconds behind the service's", "set-ntp"}},
		{"a minute early", -61 * time.Second, "problem", 3, []string{" seconds ahead of the service's", "other programs do not"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			now := time.Now()
			p := newPatient(t, sandbox.WithClock(func() time.Time { return now.Add(row.ahead) }))
			p.network.Now = func() time.Time { return now }
			got := p.examine()
			got.want(t, "clock", row.status, row.want...)
			if row.ahead.Abs() > time.Minute {
				got.want(t, "signed_request", "ok", "after the time was corrected by ")
			}
			if got.code != row.code {
				t.Errorf("exit code %d, want %d", got.code, row.code)
			}
		})
	}
}

// A handshake that takes long must not pass for a clock that is wrong.
func TestDoctorMeasuresTheClockFromWhenTheConnectionStands(t *testing.T) {
	now := time.Now()
	p := newPatient(t, sandbox.WithClock(func() time.Time { return now }))
	var connected atomic.Bool
	p.network.Now = func() time.Time {
		if connected.Load() {
			return now
		}
		return now.Add(-20 * time.Second)
	}
	p.network.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		defer connected.Store(true)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	p.examine().want(t, "clock", "ok", "within 2 seconds")
}

// Nobody can tell when in the course of a slow answer its Date was written.
func TestDoctorDoesNotBlameTheClockForASlowAnswer(t *testing.T) {
	now := time.Now()
	for _, dated := range []time.Duration{0, 12 * time.Second} {
		p := newPatient(t, sandbox.WithClock(func() time.Time { return now.Add(dated) }))
		asked := false
		p.network.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			asked = false
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		p.network.Now = func() time.Time {
			if asked {
				return now.Add(12 * time.Second)
			}
			asked = true
			return now
		}
		p.examine().want(t, "clock", "ok", "within 8 seconds")
	}
}

func TestDoctorTrustsNoDateFromACacheAndNoneAtAll(t *testing.T) {
	for want, header := range map[string]http.Header{
		"came from a cache": {"Age": {"120"}},
		"has no Date":       {"Date": nil},
	} {
		p := newPatient(t)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(protocol.HeaderKey) != "" {
				p.box.ServeHTTP(w, r)
				return
			}
			maps.Copy(w.Header(), header)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
		}))
		t.Cleanup(server.Close)
		p.world.Env["KALSHI_BASE_URL"] = server.URL + sandbox.BasePath
		p.examine().want(t, "clock", "not_checked", want)
	}
}

func TestDoctorReadsTheAnswerToASignedRequest(t *testing.T) {
	for _, row := range []struct {
		name string
		harm func(*patient)
		code int
		want []string
	}{
		{"the PEM of another key", func(p *patient) {
			p.world.Env[wrapper.EnvPrivateKey] = p.other.PrivateKey.RevealPrivateKey()
		}, 3, []string{"bad signature", "belongs to this key ID", "The service knows the key ID"}},
		{"an unknown ID", func(p *patient) { p.world.Env[wrapper.EnvAPIKeyID] = ownKeyID }, 3,
			[]string{"unknown API key", "it was deleted", "--try-other-environments"}},
		{"a malformed ID", func(p *patient) { p.world.Env[wrapper.EnvAPIKeyID] += "x" }, 3, []string{"malformed key ID", "copy it again"}},
		{"no right to list", func(p *patient) {
			p.mustFail(sandbox.Fault{Status: 403, Body: `{"error":{"code":"forbidden"}}`})
		}, 7, []string{"forbidden", "The signature was accepted"}},
		{"a service that fails", func(p *patient) { p.mustFail(sandbox.Fault{Status: 500}) }, 5, []string{"service unavailable", "Try again later"}},
		{"an answer that cannot be", func(p *patient) { p.mustFail(sandbox.Fault{Status: 200, Body: `{}`}) }, 1, []string{"unexpected response"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			row.harm(p)
			got := p.examine()
			got.want(t, "signed_request", "problem", row.want...)
			got.want(t, "attestation", "not_checked", "could not be listed")
			if got.code != row.code {
				t.Errorf("exit code %d, want %d", got.code, row.code)
			}
		})
	}
}

// mustFail has every request with credentials fail, and no other.
func (p *patient) mustFail(fault sandbox.Fault) {
	p.t.Helper()
	fault.Kind, fault.Point = sandbox.FaultStatus, sandbox.AfterProcessing
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(protocol.HeaderKey) == "" {
			p.box.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(fault.Status)
		_, _ = io.WriteString(w, fault.Body)
	}))
	p.t.Cleanup(failing.Close)
	p.world.Env["KALSHI_BASE_URL"] = failing.URL + sandbox.BasePath
}

func TestDoctorLooksForAKeyElsewhereOnlyIfAsked(t *testing.T) {
	elsewhere := sandbox.New()
	foreign, err := elsewhere.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	other, otherCertificate := startTLS(t, elsewhere, time.Now().Add(time.Hour), "external-api.demo.kalshi.co")
	for _, row := range []struct {
		name    string
		prepare func(*patient)
		args    []string
		status  string
		asked   int
		want    []string
	}{
		{name: "not asked for", prepare: func(p *patient) { p.use(foreign) }, status: "not_checked", want: []string{"--try-other-environments is not given"}},
		{name: "found", prepare: func(p *patient) { p.use(foreign) }, args: []string{"--try-other-environments"}, status: "problem", asked: 1,
			want: []string{"belongs to the demo environment", "https://external-api.demo.kalshi.co/trade-api/v2"}},
		{name: "found with another private key", prepare: func(p *patient) { p.world.Env[wrapper.EnvAPIKeyID] = foreign.ID },
			args: []string{"--try-other-environments"}, status: "problem", asked: 1, want: []string{"another private key", "saved with this ID"}},
		{name: "found nowhere", prepare: func(p *patient) { p.world.Env[wrapper.EnvAPIKeyID] = ownKeyID },
			args: []string{"--try-other-environments"}, status: "warning", asked: 1, want: []string{"demo does not know it", "was deleted"}},
		{name: "known here", prepare: func(*patient) {}, args: []string{"--try-other-environments"}, status: "not_checked", want: []string{"known here"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			here, certificate := startTLS(t, p.box, time.Now().Add(time.Hour), "api.elections.kalshi.com")
			p.network.LookupHost = resolves
			p.network.Transport.TLSClientConfig = trust(certificate, otherCertificate)
			p.network.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "external-api.demo.kalshi.co:") {
					return leadTo(other)(ctx, network, address)
				}
				return leadTo(here)(ctx, network, address)
			}
			p.world.Env["KALSHI_BASE_URL"] = ""
			row.prepare(p)
			before := len(elsewhere.Exchanges())
			got := p.examine(row.args...)
			got.want(t, "base_url", "ok", "the production environment")
			got.want(t, "other_environments", row.status, row.want...)
			if asked := len(elsewhere.Exchanges()) - before; asked != row.asked {
				t.Errorf("the other environment was asked %d times, want %d", asked, row.asked)
			}
		})
	}
}

func TestDoctorSaysWhereAnotherEnvironmentCannotBeAsked(t *testing.T) {
	p := newPatient(t)
	p.world.Env[wrapper.EnvAPIKeyID] = ownKeyID
	sandboxAddress := strings.TrimSuffix(strings.TrimPrefix(p.world.Env["KALSHI_BASE_URL"], "http://"), sandbox.BasePath)
	busy, certificate := startTLS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}), time.Now().Add(time.Hour), "external-api.kalshi.com")
	p.network.Transport.TLSClientConfig = trust(certificate)
	p.network.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		switch address {
		case sandboxAddress:
			return new(net.Dialer).DialContext(ctx, network, address)
		case "external-api.kalshi.com:443":
			return leadTo(busy)(ctx, network, address)
		}
		return nil, &net.OpError{Op: "dial", Err: errors.New("unreachable")}
	}
	p.examine("--try-other-environments").
		want(t, "other_environments", "warning", "demo could not be asked", "production answered 502 Bad Gateway")
}

func TestDoctorReadsTheRightsOfTheKey(t *testing.T) {
	attested := func(left time.Duration) sandbox.Option {
		return sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {FCMMember: true, RegionExpiration: time.Now().Add(left)}}})
	}
	for _, row := range []struct {
		name, check string
		options     []sandbox.Option
		key         []sandbox.KeyOption
		status      string
		code        int
		want        []string
	}{
		{"all scopes", "scopes", nil, nil, "ok", 0, []string{"read, write: everything"}},
		{"one scope", "scopes", nil, []sandbox.KeyOption{sandbox.Scoped("read")}, "ok", 0, []string{"has read alone", "403"}},
		{"a subaccount", "bindings", nil, []sandbox.KeyOption{sandbox.InSubaccount(7)}, "ok", 0, []string{"subaccount 7 alone"}},
		{"a subtrader", "bindings", []sandbox.Option{attested(30 * 24 * time.Hour)}, []sandbox.KeyOption{sandbox.ForSubtrader("u_a1")}, "ok", 0, []string{"subtrader u_a1 alone"}},
		{"no binding", "bindings", nil, nil, "ok", 0, []string{"bound to no subaccount"}},
		{"no attestation", "attestation", nil, nil, "ok", 0, []string{"attested no location"}},
		{"an attestation", "attestation", []sandbox.Option{attested(15 * 24 * time.Hour)}, nil, "ok", 0, []string{"lapses at 20"}},
		{"an attestation about to lapse", "attestation", []sandbox.Option{attested(3*24*time.Hour + time.Hour)}, nil, "warning", 0, []string{"lapses in 3 days", "Attest"}},
		{"an attestation that lapsed", "attestation", []sandbox.Option{attested(-time.Hour)}, nil, "problem", 7, []string{"lapsed at", "Attest"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t, row.options...)
			p.use(p.newKey(row.key...))
			got := p.examine()
			got.want(t, row.check, row.status, row.want...)
			if got.code != row.code {
				t.Errorf("exit code %d, want %d", got.code, row.code)
			}
		})
	}
}

func TestDoctorReadsAListThatIsNotAsItShouldBe(t *testing.T) {
	for name, row := range map[string]struct {
		list, status, want string
		code               int
	}{
		"a key that is not listed yet": {`[]`, "not_checked", "missing for a while", 0},
		"a scope of next year":         {`[{"api_key_id":"` + ownKeyID + `","name":"n","scopes":["read","write","read::moon"]}]`, "warning", "newer version", 0},
		"no scope":                     {`[{"api_key_id":"` + ownKeyID + `","name":"n","scopes":[]}]`, "problem", "no scope", 7},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.world.Env[wrapper.EnvAPIKeyID] = ownKeyID
			p.mustFail(sandbox.Fault{Status: 200, Body: `{"api_keys":` + row.list + `}`})
			got := p.examine()
			got.want(t, "scopes", row.status, row.want)
			if got.code != row.code {
				t.Errorf("exit code %d, want %d", got.code, row.code)
			}
		})
	}
}

func TestDoctorMendsAPrivateKey(t *testing.T) {
	p := newPatient(t)
	mangled := strings.ReplaceAll(p.key.PrivateKey.RevealPrivateKey(), "\n", `\n`)
	path := p.useFile(mangled, 0o600)
	got := p.examine()
	got.want(t, "private_key", "warning", "--mend")
	clean := filepath.Join(t.TempDir(), "clean.pem")
	got = p.examine("--mend", clean)
	got.want(t, "mend", "ok", clean, "unset KALSHI_PRIVATE_KEY", "delete the old copy")
	if info, err := os.Stat(clean); err != nil || (filepath.Separator == '/' && info.Mode().Perm() != 0o600) {
		t.Errorf("%v, %v", info, err)
	}
	p.world.Env[wrapper.EnvPrivateKeyPath] = clean
	got = p.examine()
	got.want(t, "private_key", "ok")
	got.want(t, "signed_request", "ok")
	got = p.examine("--mend", path)
	got.want(t, "mend", "problem", "does not exist yet")
	if kept, err := os.ReadFile(path); err != nil || string(kept) != mangled {
		t.Errorf("the old file was changed: %v", err)
	}
	p.world.KeyFile = &fullDisk{}
	p.examine("--mend", "x").want(t, "mend", "problem", "no space left on device")
	p.world.Env[wrapper.EnvPrivateKeyPath] = "/"
	p.examine("--mend", "x").want(t, "mend", "not_checked", "could not be read")
	p.world.Env[wrapper.EnvPrivateKeyPath] = path
	p.examine("--private-key-file", path).want(t, "private_key", "warning", "kalshi-keys doctor --private-key-file "+path+" --mend")
	spaced := filepath.Join(t.TempDir(), "it's mine.pem")
	if err := os.WriteFile(spaced, []byte(mangled), 0o600); err != nil {
		t.Fatal(err)
	}
	p.examine("--private-key-file", spaced).want(t, "private_key", "warning", `/it'\''s mine.pem' --mend`)
}

func TestDoctorKnowsThePrivateKeysThatCannotBeUsed(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curveDER, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	for want, block := range map[string]*pem.Block{
		"elliptic-curve":        {Type: "PRIVATE KEY", Bytes: curveDER},
		"this is a public key":  {Type: "PUBLIC KEY", Bytes: publicDER},
		"this is a certificate": {Type: "CERTIFICATE", Bytes: publicDER},
		"encrypted":             {Type: "ENCRYPTED PRIVATE KEY", Bytes: publicDER},
		"OpenSSH format":        {Type: "OPENSSH PRIVATE KEY", Bytes: publicDER},
	} {
		t.Run(want, func(t *testing.T) {
			p := newPatient(t)
			p.world.Env[wrapper.EnvPrivateKey] = string(pem.EncodeToMemory(block))
			got := p.examine()
			got.want(t, "private_key", "problem", want)
			got.want(t, "signed_request", "not_checked", "no usable private key")
		})
	}
}

func TestDoctorShortensTheHomeDirectory(t *testing.T) {
	for text, want := range map[string]string{
		"/home/me/key.pem":                "~/key.pem",
		"Run: chmod 600 /home/me/key.pem": "Run: chmod 600 ~/key.pem",
		"chmod 600 '/home/me/my key.pem'": "chmod 600 ~/'my key.pem'",
		"PATH=/home/me/a and /home/me/b":  "PATH=~/a and ~/b",
		"/srv/home/me/key.pem":            "/srv/home/me/key.pem",
		"/home/merle/key.pem":             "/home/merle/key.pem",
		"nothing":                         "nothing",
	} {
		for _, home := range []string{"/home/me", "/home/me/"} {
			if got := program.Abbreviate(home, text); got != want {
				t.Errorf("%q became %q, want %q", text, got, want)
			}
		}
		for _, home := range []string{"", "/"} {
			if got := program.Abbreviate(home, text); got != text {
				t.Errorf("without a home, %q became %q", text, got)
			}
		}
	}
}

func TestDoctorStopsInTime(t *testing.T) {
	p := newPatient(t)
	server := httptest.NewServer(hanging(t, func() {}))
	t.Cleanup(server.Close)
	p.world.Env["KALSHI_BASE_URL"] = server.URL + sandbox.BasePath
	got := p.examine("--timeout", "100ms")
	got.want(t, "tls", "problem", "no answer came in time")
	if got.code != 5 {
		t.Errorf("exit code %d", got.code)
	}
}
