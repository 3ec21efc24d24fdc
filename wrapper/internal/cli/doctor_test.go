package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// patient is what doctor examines: a sandbox, a key of it, and the settings to use it.
type patient struct {
	t          *testing.T
	world      program.World
	box        *sandbox.Sandbox
	key, other sandbox.Key
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{t: t, box: sandbox.New()}
	p.key, p.other = p.newKey(), p.newKey()
	p.world.Env = map[string]string{}
	p.at(p.box)
	p.use(p.key)
	return p
}

// at has a server of its own answer requests.
func (p *patient) at(service http.Handler) {
	p.t.Helper()
	server := httptest.NewServer(service)
	p.t.Cleanup(server.Close)
	p.world.Env["KALSHI_BASE_URL"] = server.URL + protocol.BasePath
}

// signedAt answers the requests with credentials.
func (p *patient) signedAt(status int, body string) {
	p.t.Helper()
	p.at(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(protocol.HeaderKey) == "" {
			p.box.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

func (p *patient) newKey() sandbox.Key {
	p.t.Helper()
	key, err := p.box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		p.t.Fatal(err)
	}
	return key
}

func (p *patient) use(key sandbox.Key) {
	p.world.Env[wrapper.EnvAPIKeyID] = key.ID
	p.world.Env[wrapper.EnvPrivateKey] = key.PrivateKey.RevealPrivateKey()
}

// diagnosis is doctor's output, by check ID.
type diagnosis struct {
	outcome

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
	got := diagnosis{run(ctx, p.world, append([]string{"doctor", "--output", "json"}, args...)...), map[string]doctorCheck{}}
	var report struct{ Checks []doctorCheck }
	decoder := json.NewDecoder(bytes.NewBufferString(got.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&report); err != nil {
		p.t.Fatalf("%v: %s%s", err, got.stdout, got.stderr)
	}
	for _, check := range report.Checks {
		got.checks[check.ID] = check
	}
	return got
}

// want tests one check: its finding or its advice says each of the texts.
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
}

func TestDoctorExitsWithTheCodeOfTheFirstProblem(t *testing.T) {
	for _, row := range []struct {
		check string
		code  int
		spoil func(p *patient)
	}{
		{"", 0, func(*patient) {}},
		{"signed_request", 1, func(p *patient) { p.signedAt(http.StatusOK, `{}`) }},
		{"variables", 2, func(p *patient) { p.world.Env[wrapper.EnvAPIKeyID] = "" }},
		{"signed_request", 3, func(p *patient) { p.world.Env[wrapper.EnvAPIKeyID] = ownKeyID }},
		{"service", 4, func(p *patient) { p.at(http.NotFoundHandler()) }},
		{"tls", 5, func(p *patient) { p.world.Env["KALSHI_BASE_URL"] = "http://127.0.0.1:1/trade-api/v2" }},
		{"signed_request", 5, func(p *patient) { p.signedAt(http.StatusServiceUnavailable, "") }},
		{"signed_request", 7, func(p *patient) { p.signedAt(http.StatusForbidden, `{"error":{"code":"forbidden"}}`) }},
	} {
		p := newPatient(t)
		row.spoil(p)
		got := p.examine()
		if row.check == "" {
			got.outcome.want(t, row.code)
			continue
		}
		got.want(t, row.check, "problem")
		got.outcome.want(t, row.code, `"error":"doctor found a problem with `+row.check, `"hint":"Begin with the first`)
	}
}

func TestDoctorPassesItsFlagsOn(t *testing.T) {
	p := newPatient(t)
	p.world.Env[wrapper.EnvAPIKeyID] = ownKeyID
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(p.key.PrivateKey.RevealPrivateKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	got := p.examine("--key-id", p.key.ID, "--private-key-file", file, "--try-other-environments")
	got.outcome.want(t, 0)
	got.want(t, "variables", "warning", "a flag wins over "+wrapper.EnvAPIKeyID+" and "+wrapper.EnvPrivateKey)
	got.want(t, "key_id", "ok", p.key.ID)
	got.want(t, "other_environments", "not_checked", "the key is known here")

	p.world.KeyFile = &fullDisk{}
	got = p.examine("--mend", "clean.pem")
	got.want(t, "mend", "problem", "no space left on device")

	run(t.Context(), p.world, "doctor", "--base-url", "https://x.test", "--environment", "demo").
		want(t, 2, "--base-url and --environment exclude each other", "hint: Give one of them")
}

func TestAnInterruptedDoctorDiagnosesNothing(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	p := newPatient(t)
	p.at(hanging(t, interrupt))
	got := p.examineUntil(ctx)
	got.want(t, "base_url", "ok")
	got.want(t, "tls", "not_checked", "not checked: interrupted")
	got.outcome.want(t, 1, `{"error":"doctor was interrupted","hint":"Run it again`)
}

func TestADoctorThatIsOutOfTimeStillSaysThatNoAnswerCame(t *testing.T) {
	p := newPatient(t)
	p.at(hanging(t, func() {}))
	got := p.examine("--timeout", "100ms")
	got.want(t, "tls", "problem", "no answer came in time")
	got.outcome.want(t, 5)
}
