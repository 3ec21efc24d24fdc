package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/doctor"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const unknownKeyID = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"

// patient is what doctor examines: a sandbox, a key of it, and the settings to use it. Each test
// spoils one of them.
type patient struct {
	doctor.Config

	t          *testing.T
	env        map[string]string
	box        *sandbox.Sandbox
	key, other sandbox.Key
}

func newPatient(t *testing.T, options ...sandbox.Option) *patient {
	t.Helper()
	p := &patient{t: t, box: sandbox.New(options...), env: map[string]string{}}
	p.Getenv = func(name string) string { return p.env[name] }
	p.Transport = &http.Transport{DisableKeepAlives: true}
	p.at(p.box)
	p.key, p.other = p.newKey(), p.newKey()
	p.use(p.key)
	return p
}

// at has a server of its own answer requests.
func (p *patient) at(service http.Handler) {
	p.t.Helper()
	server := httptest.NewServer(service)
	p.t.Cleanup(server.Close)
	p.BaseURL = server.URL + protocol.BasePath
}

// signedAt has handler answer the requests with credentials.
func (p *patient) signedAt(handler http.HandlerFunc) {
	p.t.Helper()
	p.at(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(protocol.HeaderKey) == "" {
			p.box.ServeHTTP(w, r)
			return
		}
		handler(w, r)
	}))
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
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
	p.env[wrapper.EnvAPIKeyID] = key.ID
	p.env[wrapper.EnvPrivateKey] = p.pem(key)
}

func (*patient) pem(key sandbox.Key) string { return key.PrivateKey.RevealPrivateKey() }

// useFile puts the private key into a file.
func (p *patient) useFile(path, text string, mode os.FileMode) {
	p.t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		p.t.Fatal(err)
	}
	p.env[wrapper.EnvPrivateKey], p.env[wrapper.EnvPrivateKeyPath] = "", path
}

func (p *patient) file() string { return filepath.Join(p.t.TempDir(), "key.pem") }

// diagnosis is a report with its checks by ID.
type diagnosis struct {
	doctor.Report

	t      *testing.T
	checks map[string]doctor.Check
}

func (p *patient) examine() diagnosis {
	p.t.Helper()
	return p.examineUntil(p.t.Context())
}

func (p *patient) examineUntil(ctx context.Context) diagnosis {
	p.t.Helper()
	got := diagnosis{doctor.Run(ctx, p.Config), p.t, map[string]doctor.Check{}}
	for _, check := range got.Checks {
		got.checks[check.ID] = check
		if isBad := check.Status == doctor.StatusProblem || check.Status == doctor.StatusWarning; isBad && check.Advice == "" {
			p.t.Errorf("there is no advice for %+v", check)
		}
		if (check.Status == doctor.StatusProblem) != (check.Kind != nil) {
			p.t.Errorf("the kind is %v for %+v", check.Kind, check)
		}
	}
	p.mustShowNoSecret(got.Report)
	return got
}

// signatureLike is as long as the shortest signature, that of Ed25519, in base64.
var signatureLike = regexp.MustCompile(`[A-Za-z0-9+/]{80,}`)

// mustShowNoSecret looks for the lines of the private keys, and for anything as long as a
// signature. A path may be so long too.
func (p *patient) mustShowNoSecret(report doctor.Report) {
	p.t.Helper()
	text, err := json.Marshal(report)
	if err != nil {
		p.t.Fatal(err)
	}
	shown := strings.ReplaceAll(string(text), os.TempDir(), "")
	secrets := []string{"-----BEGIN", "hunter2"}
	for line := range strings.Lines(p.pem(p.key) + p.pem(p.other)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-") {
			secrets = append(secrets, line)
		}
	}
	for _, secret := range append(secrets, signatureLike.FindString(shown)) {
		if secret != "" && strings.Contains(shown, secret) {
			p.t.Errorf("%q is shown:\n%s", secret, shown)
		}
	}
}

// want tests one check: its text or its advice says each of the texts.
func (d diagnosis) want(id string, status doctor.Status, texts ...string) {
	d.t.Helper()
	check, ok := d.checks[id]
	if !ok || check.Status != status {
		d.t.Errorf("%s is %+v, want %s", id, check, status)
	}
	for _, text := range texts {
		if !strings.Contains(check.Text+" | "+check.Advice, text) {
			d.t.Errorf("%s does not say %q: %+v", id, text, check)
		}
	}
}

// wantKind tests the kind of the first problem; nil stands for no problem at all.
func (d diagnosis) wantKind(kind error) {
	d.t.Helper()
	problems := d.Problems()
	switch {
	case kind == nil && len(problems) > 0:
		d.t.Errorf("there are problems: %+v", problems)
	case kind != nil && (len(problems) == 0 || !errors.Is(problems[0].Kind, kind)):
		d.t.Errorf("the problems are %+v, want first one that is %v", problems, kind)
	}
}

// fault is a row of a table: what is spoilt, and what doctor says about it.
type fault struct {
	name, check string
	spoil       func(*patient)
	status      doctor.Status
	kind        error
	want        []string
}

func runFaults(t *testing.T, faults []fault) {
	t.Helper()
	for _, row := range faults {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			row.spoil(p)
			got := p.examine()
			got.want(row.check, row.status, row.want...)
			got.wantKind(row.kind)
		})
	}
}

const (
	ok        = doctor.StatusOK
	warning   = doctor.StatusWarning
	problem   = doctor.StatusProblem
	unchecked = doctor.StatusUnchecked
)

func TestNothingIsFoundWhereNothingIsWrong(t *testing.T) {
	p := newPatient(t)
	p.useFile(p.file(), p.pem(p.key), 0o600)
	got := p.examine()
	got.wantKind(nil)
	var ids []string
	for _, check := range got.Checks {
		ids = append(ids, check.ID)
		if want := map[bool]doctor.Status{true: unchecked, false: ok}[check.ID == "other_environments"]; check.Status != want {
			t.Errorf("want %s: %+v", want, check)
		}
	}
	if !slices.Equal(ids, []string{
		"variables", "key_id", "private_key", "file_mode", "base_url", "proxy", "name_resolution", "tls", "service",
		"clock", "signed_request", "other_environments", "scopes", "bindings", "attestation",
	}) {
		t.Errorf("the checks are %q", ids)
	}
	got.want("private_key", ok, "Ed25519 key of 256 bits, PKCS#8")
	got.want("signed_request", ok, "accepted; API keys of the account: 2")
}

func TestRunGoesOnWhereALaterCheckIsPossible(t *testing.T) {
	p := newPatient(t)
	p.useFile(p.file(), p.pem(p.key), 0o644)
	got := p.examine()
	got.want("file_mode", problem)
	got.want("signed_request", ok)

	p.env[wrapper.EnvAPIKeyID] = ""
	got = p.examine()
	got.want("clock", ok)
	got.want("signed_request", unchecked, "there is no usable key ID")
	got.want("scopes", unchecked, "could not be listed")

	p.env[wrapper.EnvAPIKeyID], p.env[wrapper.EnvPrivateKeyPath] = p.key.ID, ""
	p.BaseURL = "nonsense"
	got = p.examine()
	got.want("key_id", ok)
	for _, id := range []string{
		"private_key", "file_mode", "proxy", "name_resolution", "tls", "service", "clock", "signed_request",
		"other_environments", "scopes", "bindings", "attestation",
	} {
		got.want(id, unchecked, "not checked: ")
	}
}

// hanging calls came for a request, and does not answer before the client has gone.
func hanging(came func()) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		came()
		<-r.Context().Done()
	}
}

func TestNothingIsConcludedFromACheckThatWasInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	p := newPatient(t)
	p.at(hanging(interrupt))
	p.Mend = filepath.Join(t.TempDir(), "clean.pem")
	got := p.examineUntil(ctx)
	got.want("base_url", ok)
	for _, id := range []string{"tls", "service", "clock", "signed_request", "scopes", "attestation", "mend"} {
		got.want(id, unchecked, "not checked: interrupted")
	}
	if _, err := os.Stat(p.Mend); err == nil {
		t.Error("the private key was written after the interrupt")
	}
}

func TestADeadlineThatPassesIsAnAnswerInItself(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	p := newPatient(t)
	p.at(hanging(func() {}))
	got := p.examineUntil(ctx)
	got.want("tls", problem, "no answer came in time")
	got.wantKind(wrapper.ErrUnavailable)
}
