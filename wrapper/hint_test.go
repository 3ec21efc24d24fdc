package wrapper_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// documentedMistake is a row of the table of mistakes in README.md.
type documentedMistake struct{ service, we string }

// Each row of the table is made for real. The test fails for a row without a mistake below, a
// mistake without a row, and a row that says something else than what happens.
func TestEveryDocumentedMistakeIsAnsweredAsDocumented(t *testing.T) {
	documented := documentedMistakes(t)
	if len(documented) < 18 {
		t.Errorf("README.md lists %d mistakes; is the table still there?", len(documented))
	}
	made := mistakes()
	if got, want := slices.Sorted(maps.Keys(made)), slices.Sorted(maps.Keys(documented)); !slices.Equal(got, want) {
		t.Fatalf("mistakes made here\n%q\ndocumented\n%q", got, want)
	}
	for name, row := range documented {
		t.Run(name, func(t *testing.T) {
			err := made[name](newScene(t))
			if err == nil {
				t.Fatal("there is no error")
			}
			if got := saidByService(t, err); got != row.service {
				t.Errorf("the service says %q, documented is %q: %v", got, row.service, err)
			}
			if !strings.Contains(err.Error(), row.we) {
				t.Errorf("the error does not say %q:\n%v", row.we, err)
			}
			mustShowNoSecret(t, err)
		})
	}
}

func documentedMistakes(t *testing.T) map[string]documentedMistake {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "| mistake | the service says | this library says |\n|---|---|---|\n")
	rows := map[string]documentedMistake{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		if len(cells) != 3 {
			break
		}
		rows[strings.TrimSpace(cells[0])] = documentedMistake{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])}
	}
	return rows
}

// saidByService returns the service's part of an error as the table has it.
func saidByService(t *testing.T, err error) string {
	t.Helper()
	failure, ok := errors.AsType[*wrapper.Error](err)
	switch {
	case !ok || failure.Attempts == 0:
		return "nothing was sent"
	case failure.StatusCode == 0:
		return "no answer"
	case failure.StatusCode == http.StatusUnauthorized && failure.Details != "":
		return "401 " + failure.Details
	case failure.StatusCode == http.StatusUnauthorized:
		return "401 " + failure.Code
	}
	return fmt.Sprint(failure.StatusCode)
}

// scene is a sandbox and what a user needs to use it. A mistake changes one thing in it.
type scene struct {
	t          *testing.T
	clock      *fakeClock
	box        *sandbox.Sandbox
	server     *httptest.Server
	baseURL    string
	key, other sandbox.Key
}

func newScene(t *testing.T, options ...sandbox.Option) *scene {
	t.Helper()
	clock := newFakeClock()
	box := sandbox.New(append([]sandbox.Option{sandbox.WithClock(clock.Now)}, options...)...)
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	s := &scene{t: t, clock: clock, box: box, server: server, baseURL: server.URL + sandbox.BasePath}
	s.key, s.other = s.newKey(sandbox.OfType(sandbox.Ed25519)), s.newKey(sandbox.OfType(sandbox.Ed25519))
	return s
}

func (s *scene) newKey(options ...sandbox.KeyOption) sandbox.Key {
	s.t.Helper()
	key, err := s.box.Bootstrap(options...)
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

// behind puts a proxy before the sandbox that changes requests.
func (s *scene) behind(change func(*http.Request)) {
	s.t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		change(r)
		s.box.ServeHTTP(w, r)
	}))
	s.t.Cleanup(proxy.Close)
	s.server, s.baseURL = proxy, proxy.URL+sandbox.BasePath
}

// posingAs leads the connections to a host of the service to the sandbox.
func (s *scene) posingAs(environment wrapper.Environment) wrapper.Option {
	s.baseURL = string(environment)
	return wrapper.WithHTTPTransport(&http.Transport{
		DisableKeepAlives: true,
		DialTLSContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.server.Listener.Addr().String())
		},
	})
}

func (s *scene) list(options ...wrapper.Option) error {
	s.t.Helper()
	return s.listWith(s.key.ID, s.key.PrivateKey.RevealPrivateKey(), options...)
}

func (s *scene) listWith(keyID, pem string, options ...wrapper.Option) error {
	s.t.Helper()
	credentials, err := wrapper.NewCredentials(keyID, []byte(pem))
	if err != nil {
		return err
	}
	return s.listAs(credentials, options...)
}

func (s *scene) listAs(source wrapper.CredentialSource, options ...wrapper.Option) error {
	s.t.Helper()
	client, err := s.client(source, options...)
	if err != nil {
		return err
	}
	_, err = client.GetAPIKeys(s.t.Context())
	return err
}

func (s *scene) client(source wrapper.CredentialSource, options ...wrapper.Option) (*wrapper.Client, error) {
	s.t.Helper()
	defaults := []wrapper.Option{
		wrapper.WithBaseURL(s.baseURL), wrapper.WithClock(s.clock), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 2, AttemptTimeout: patience}),
	}
	client, err := wrapper.NewClient(source, append(defaults, options...)...)
	if err == nil {
		s.t.Cleanup(client.CloseIdleConnections)
	}
	return client, err
}

// own returns a client that makes no mistake.
func (s *scene) own(key sandbox.Key) *wrapper.Client {
	s.t.Helper()
	credentials, err := wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	if err != nil {
		s.t.Fatal(err)
	}
	client, err := s.client(credentials)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// listSignedBy registers the public half of a signer and lists the keys with it.
func (s *scene) listSignedBy(signer crypto.Signer) error {
	s.t.Helper()
	key := s.newKey(sandbox.FromPublicKey(spki(s.t, signer.Public())))
	credentials, err := wrapper.NewSignerCredentials(key.ID, signer)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.listAs(credentials)
}

// otherWay is a signer that does it in another way than the service wants.
type otherWay struct {
	crypto.Signer

	sign func(random io.Reader, message []byte) ([]byte, error)
}

func (o otherWay) Sign(random io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return o.sign(random, message)
}

func newRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEd25519(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newTLSServer(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = discardLog()
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// lateClock is a machine's clock that is 41 s behind.
type lateClock struct{ *fakeClock }

func (c lateClock) Now() time.Time { return c.fakeClock.Now().Add(-41 * time.Second) }

type mistake = func(*scene) error

func mistakes() map[string]mistake {
	all := map[string]mistake{}
	for _, group := range []map[string]mistake{
		credentialMistakes(), originMistakes(), keyMistakes(), signerMistakes(),
		proxyMistakes(), clockMistakes(), reachMistakes(), requestMistakes(),
	} {
		maps.Copy(all, group)
	}
	return all
}

func credentialMistakes() map[string]mistake {
	privateKey := func(s *scene) string { return s.key.PrivateKey.RevealPrivateKey() }
	fromEnv := func(s *scene, keyID, path, pem string) error {
		s.t.Setenv(wrapper.EnvAPIKeyID, keyID)
		s.t.Setenv(wrapper.EnvPrivateKeyPath, path)
		s.t.Setenv(wrapper.EnvPrivateKey, pem)
		_, err := wrapper.CredentialsFromEnv()
		return err
	}
	return map[string]mistake{
		"no key ID is set": func(s *scene) error { return fromEnv(s, "", "", privateKey(s)) },
		"two private keys are set": func(s *scene) error {
			return fromEnv(s, s.key.ID, "key.pem", privateKey(s))
		},
		"quotes around the key ID": func(s *scene) error {
			return s.listWith(`"`+s.key.ID+`"`, privateKey(s))
		},
		"a bracket pasted with the key ID": func(s *scene) error {
			return s.listWith(s.key.ID+")", privateKey(s))
		},
		"the PEM in place of the key ID": func(s *scene) error {
			return s.listWith(privateKey(s), privateKey(s))
		},
		"the PEM in place of its path": func(s *scene) error {
			return fromEnv(s, s.key.ID, privateKey(s), "")
		},
		"a path that nothing expanded": func(s *scene) error {
			return fromEnv(s, s.key.ID, "$KALSHI_UNSET/key.pem", "")
		},
		"a path in place of the PEM": func(s *scene) error {
			return fromEnv(s, s.key.ID, "", "/run/secrets/kalshi.pem")
		},
		"only the PEM's first line": func(s *scene) error {
			return fromEnv(s, s.key.ID, "", "-----BEGIN "+"PRIVATE KEY-----")
		},
		"a PEM that was cut short": func(s *scene) error {
			return s.listWith(s.key.ID, privateKey(s)[:60])
		},
		"the public key in place of the PEM": func(s *scene) error {
			return s.listWith(s.key.ID, spki(s.t, newEd25519(s.t).Public()))
		},
		"a PEM with a passphrase": func(s *scene) error {
			return s.listWith(s.key.ID, armoured("ENCRYPTED PRIVATE KEY", "MAMCAQA="))
		},
		"an ECDSA key": func(s *scene) error {
			return s.listWith(s.key.ID, armoured("EC PRIVATE KEY", "MAMCAQA="))
		},
	}
}

func originMistakes() map[string]mistake {
	through := func(s *scene, target string, headers ...string) error {
		transport, err := wrapper.NewTransport(newCredentials(s.t, s.key.ID), wrapper.WithBaseURL(s.baseURL))
		if err != nil {
			return err
		}
		request := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, target, http.NoBody)
		for _, name := range headers {
			request.Header.Set(name, "set before")
		}
		response, err := transport.RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		return err
	}
	return map[string]mistake{
		"plain http to another machine": func(s *scene) error {
			return s.list(wrapper.WithBaseURL("http://kalshi.test/trade-api/v2"))
		},
		"a request to another host": func(s *scene) error {
			return through(s, "http://127.0.0.2/trade-api/v2/api_keys")
		},
		"a request that was signed already": func(s *scene) error {
			return through(s, s.baseURL+"/api_keys", protocol.HeaderKey)
		},
		"a base URL without /trade-api/v2": func(s *scene) error {
			return s.list(wrapper.WithBaseURL(s.server.URL))
		},
	}
}

func keyMistakes() map[string]mistake {
	return map[string]mistake{
		"the PEM of another key": func(s *scene) error {
			return s.listWith(s.key.ID, s.other.PrivateKey.RevealPrivateKey())
		},
		"the PEM of another key, on demo": func(s *scene) error {
			demo := s.posingAs(wrapper.Demo)
			return s.listWith(s.key.ID, s.other.PrivateKey.RevealPrivateKey(), demo)
		},
		"a demo key on production": func(s *scene) error {
			demo := newScene(s.t)
			production := s.posingAs(wrapper.Production)
			return s.listWith(demo.key.ID, demo.key.PrivateKey.RevealPrivateKey(), production)
		},
		"a key that was deleted": func(s *scene) error {
			if err := s.own(s.other).DeleteAPIKey(s.t.Context(), s.key.ID); err != nil {
				s.t.Fatal(err)
			}
			return s.list()
		},
		"a stray letter in the key ID": func(s *scene) error {
			return s.listWith(s.key.ID+"x", s.key.PrivateKey.RevealPrivateKey())
		},
	}
}

func signerMistakes() map[string]mistake {
	return map[string]mistake{
		"a signer with PKCS#1 v1.5": func(s *scene) error {
			key := newRSA(s.t)
			return s.listSignedBy(otherWay{key, func(random io.Reader, digest []byte) ([]byte, error) {
				return rsa.SignPKCS1v15(random, key, crypto.SHA256, digest)
			}})
		},
		"a signer with the longest salt": func(s *scene) error {
			key := newRSA(s.t)
			return s.listSignedBy(otherWay{key, func(random io.Reader, digest []byte) ([]byte, error) {
				return rsa.SignPSS(random, key, crypto.SHA256, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto})
			}})
		},
		"Ed25519 over a digest": func(s *scene) error {
			key := newEd25519(s.t)
			return s.listSignedBy(otherWay{key, func(_ io.Reader, text []byte) ([]byte, error) {
				digest := sha512.Sum512(text)
				return ed25519.Sign(key, digest[:]), nil
			}})
		},
		"a signer with two halves": func(s *scene) error {
			other := newEd25519(s.t)
			return s.listSignedBy(otherWay{newEd25519(s.t), func(_ io.Reader, text []byte) ([]byte, error) {
				return ed25519.Sign(other, text), nil
			}})
		},
	}
}

func proxyMistakes() map[string]mistake {
	proxied := func(change func(*http.Request)) mistake {
		return func(s *scene) error {
			s.behind(change)
			return s.list()
		}
	}
	return map[string]mistake{
		"a proxy that adds /trade-api/v2": func(s *scene) error {
			s.behind(func(r *http.Request) { r.RequestURI = sandbox.BasePath + r.RequestURI })
			return s.list(wrapper.WithBaseURL(s.server.URL))
		},
		"a proxy that changes the path": func(s *scene) error {
			const prefix = sandbox.BasePath + "/eu"
			s.behind(func(r *http.Request) { r.RequestURI = strings.TrimPrefix(r.RequestURI, prefix) })
			return s.list(wrapper.WithBaseURL(s.server.URL + prefix + sandbox.BasePath))
		},
		"a proxy that removes all headers": proxied(func(r *http.Request) {
			for _, name := range []string{protocol.HeaderKey, protocol.HeaderSignature, protocol.HeaderTimestamp} {
				r.Header.Del(name)
			}
		}),
		"a proxy that removes the signature": proxied(func(r *http.Request) { r.Header.Del(protocol.HeaderSignature) }),
	}
}

func clockMistakes() map[string]mistake {
	return map[string]mistake{
		"a clock that is late, no retry": func(s *scene) error {
			return s.list(wrapper.WithClock(lateClock{s.clock}), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1}))
		},
		"a late clock and the PEM of another": func(s *scene) error {
			late := wrapper.WithClock(lateClock{s.clock})
			return s.listWith(s.key.ID, s.other.PrivateKey.RevealPrivateKey(), late)
		},
		"a proxy that holds requests back": func(s *scene) error {
			minute := int64(60_000)
			s.behind(func(r *http.Request) {
				r.Header.Set(protocol.HeaderTimestamp, fmt.Sprint(s.clock.Now().UnixMilli()-minute))
			})
			return s.list()
		},
	}
}

func reachMistakes() map[string]mistake {
	once := wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1})
	return map[string]mistake{
		"a host name with a typing error": func(s *scene) error {
			unknown := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "kalshi.test", IsNotFound: true}}
			}}
			return s.list(wrapper.WithBaseURL("https://kalshi.test/trade-api/v2"), wrapper.WithHTTPTransport(unknown), once)
		},
		"a host that nothing listens on": func(s *scene) error {
			return s.list(wrapper.WithBaseURL("http://"+nobodyListens+basePath), once)
		},
		"https to a port that speaks http": func(s *scene) error {
			return s.list(wrapper.WithBaseURL("https://"+s.server.Listener.Addr().String()+"/trade-api/v2"), once)
		},
		"a server that speaks only TLS 1.1": func(s *scene) error {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = discardLog()
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
			server.StartTLS()
			s.t.Cleanup(server.Close)
			return s.list(wrapper.WithBaseURL(server.URL+basePath), once)
		},
		"a proxy that intercepts TLS": func(s *scene) error {
			return s.list(wrapper.WithBaseURL(newTLSServer(s.t).URL + basePath))
		},
		"a certificate for another host": func(s *scene) error {
			server := newTLSServer(s.t)
			trusting := server.Client().Transport.(*http.Transport).Clone()
			trusting.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
			}
			return s.list(wrapper.WithEnvironment(wrapper.Demo), wrapper.WithHTTPTransport(trusting))
		},
	}
}

func requestMistakes() map[string]mistake {
	return map[string]mistake{
		"a key with too few scopes": func(s *scene) error {
			reader := s.newKey(sandbox.OfType(sandbox.Ed25519), sandbox.Scoped("read"))
			_, err := s.own(reader).GenerateAPIKey(s.t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
			return err
		},
		"create on the basic usage level": func(s *scene) error {
			basic := newScene(s.t, sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {UsageLevel: sandbox.Basic}}}))
			public := spki(s.t, newEd25519(s.t).Public())
			_, err := basic.own(basic.key).CreateAPIKey(s.t.Context(), gen.CreateAPIKeyRequest{Name: "bot", PublicKey: public})
			return err
		},
		"a private key as public_key": func(s *scene) error {
			private := s.other.PrivateKey.RevealPrivateKey()
			_, err := s.own(s.key).CreateAPIKey(s.t.Context(), gen.CreateAPIKeyRequest{Name: "bot", PublicKey: private})
			return err
		},
		"a name where an ID is deleted": func(s *scene) error {
			return s.own(s.key).DeleteAPIKey(s.t.Context(), "my bot")
		},
		"a generate whose answer is lost": func(s *scene) error {
			if err := s.box.SetFaults(sandbox.Fault{Operation: protocol.GenerateAPIKey, Point: sandbox.AfterProcessing, Kind: sandbox.FaultReset}); err != nil {
				s.t.Fatal(err)
			}
			_, err := s.own(s.key).GenerateAPIKey(s.t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
			return err
		},
	}
}

func TestAnExpiredCertificateSendsOneToTheClock(t *testing.T) {
	server := newTLSServer(t)
	trusting := server.Client().Transport.(*http.Transport).Clone()
	trusting.TLSClientConfig.Time = func() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }
	s := newScene(t)
	err := s.list(wrapper.WithBaseURL(server.URL+basePath), wrapper.WithHTTPTransport(trusting))
	mustMatch(t, err, wrapper.ErrInsecure)
	if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "check this machine's date") {
		t.Errorf("hint %q does not name the date", hint)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); !ok || invalid.Reason != x509.Expired {
		t.Errorf("the certificate is refused for another reason: %v", err)
	}
}

func TestHintsTellApartWhyNoAnswerCame(t *testing.T) {
	stalling := newStalling()
	for name, row := range map[string]struct {
		transport http.RoundTripper
		step      http.HandlerFunc
		want      string
	}{
		"a proxy that cannot be reached": {
			&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("connection refused")}
			}}, answer(200, emptyList), "HTTPS_PROXY",
		},
		"no answer in time":     {stalling, stalling.step, "No answer came in time"},
		"a connection cut off":  {&http.Transport{DisableKeepAlives: true}, hangUp, "The connection was lost before the answer"},
		"an answer without why": {&http.Transport{DisableKeepAlives: true}, answer(401, `{}`), "answers in the service's place"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, row.step)
			_, err := f.client(t, wrapper.WithHTTPTransport(row.transport), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1})).GetAPIKeys(t.Context())
			if hint := mustBeError(t, err).Hint; !strings.Contains(hint, row.want) {
				t.Errorf("hint %q does not say %q", hint, row.want)
			}
		})
	}
}

func TestTheHintSaysThatCorrectingTheClockDidNotHelp(t *testing.T) {
	f := newFixture(t)
	f.steps = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", f.clock.Now().Add(time.Minute).Format(http.TimeFormat))
		answer(401, expiredBody)(w, r)
	}}
	for attempts, want := range map[int]bool{1: false, 2: true} {
		_, err := f.client(t, wrapper.WithRetry(wrapper.Retry{MaxAttempts: attempts})).GetAPIKeys(t.Context())
		mustMatch(t, err, wrapper.ErrClockSkew)
		if hint := mustBeError(t, err).Hint; strings.Contains(hint, "Correcting for it did not help") != want {
			t.Errorf("after %d attempts the hint is %q", attempts, hint)
		}
	}
}

func TestACallWhoseContextEndsSaysSoAndWhatTheLastAttemptCameTo(t *testing.T) {
	t.Run("while the answer is awaited", func(t *testing.T) {
		ctx := deadlineByHand{t.Context(), make(chan struct{})}
		f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
			close(ctx.passed)
			stall(w, r)
		})
		_, err := f.client(t).GetAPIKeys(ctx)
		mustMatch(t, err, context.DeadlineExceeded)
		mustHint(t, err, "deadline passed")
	})
	t.Run("by the caller's hand", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
			cancel()
			stall(w, r)
		})
		_, err := f.client(t).GetAPIKeys(ctx)
		mustMatch(t, err, context.Canceled)
		mustHint(t, err, "was cancelled")
	})
	t.Run("in the wait after a failure", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := newFixture(t, hangUp)
		_, err := f.client(t, wrapper.WithClock(endingClock{f.clock, cancel})).GetAPIKeys(ctx)
		mustMatch(t, err, context.Canceled, io.EOF)
		mustHint(t, err, "was cancelled")
		if !strings.Contains(err.Error(), "context canceled; the last attempt: ") {
			t.Errorf("the causes run together: %v", err)
		}
	})
}

func mustHint(t *testing.T, err error, text string) {
	t.Helper()
	if hint := mustBeError(t, err).Hint; !strings.Contains(hint, text) {
		t.Errorf("hint %q does not say %q", hint, text)
	}
}

func TestA404InAnotherFormThanTheServicesDoesNotSayThatTheKeyIsGone(t *testing.T) {
	for name, row := range map[string]struct {
		step http.HandlerFunc
		hint string
	}{
		"of the service":          {answer(404, `{"error":{"code":"not_found"}}`), "deleted before"},
		"of something in between": {answer(404, `<html>`, "Content-Type", "text/html"), "may still be live"},
	} {
		t.Run(name, func(t *testing.T) {
			err := newFixture(t, row.step).client(t).DeleteAPIKey(t.Context(), otherKey)
			mustMatch(t, err, wrapper.ErrNotFound)
			mustHint(t, err, row.hint)
		})
	}
}
