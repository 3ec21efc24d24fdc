package doctor_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/doctor"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestTheAnswerToASignedRequestIsRead(t *testing.T) {
	answer := func(status int, body string) func(*patient) {
		return func(p *patient) { p.signedAt(answering(status, body)) }
	}
	for _, row := range []struct {
		name  string
		spoil func(*patient)
		kind  error
		want  []string
	}{
		{"the PEM of another key", func(p *patient) { p.env[wrapper.EnvPrivateKey] = p.pem(p.other) }, wrapper.ErrUnauthenticated,
			[]string{"bad signature", "belongs to this key ID", "The service knows the key ID"}},
		{"an unknown ID", func(p *patient) { p.env[wrapper.EnvAPIKeyID] = unknownKeyID }, wrapper.ErrUnauthenticated,
			[]string{"unknown API key", "it was deleted", "--try-other-environments"}},
		{"a malformed ID", func(p *patient) { p.env[wrapper.EnvAPIKeyID] += "x" }, wrapper.ErrUnauthenticated,
			[]string{"malformed key ID", "copy it again"}},
		{"no right to list", answer(403, `{"error":{"code":"forbidden"}}`), wrapper.ErrForbidden, []string{"forbidden", "The signature was accepted"}},
		{"a network that turns requests down", func(p *patient) {
			p.signedAt(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(http.StatusForbidden)
			})
		}, wrapper.ErrForbidden, []string{"not in the service's own form"}},
		{"a service that fails", answer(500, ""), wrapper.ErrUnavailable, []string{"service unavailable", "Try again later"}},
		{"an answer outside the contract", answer(200, `{}`), wrapper.ErrUnexpectedResponse, []string{"unexpected response"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			row.spoil(p)
			got := p.examine()
			got.want("signed_request", problem, row.want...)
			got.want("attestation", unchecked, "could not be listed")
			got.wantKind(row.kind)
			if check := got.checks["signed_request"]; row.name == "a network that turns requests down" && strings.Contains(check.Advice, "was accepted") {
				t.Errorf("it says of another's answer: %s", check.Advice)
			}
		})
	}
}

func TestAKeyIsLookedForElsewhereOnlyIfAsked(t *testing.T) {
	elsewhere := sandbox.New()
	foreign, err := elsewhere.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	demo, demoCertificate := startTLS(t, elsewhere, time.Hour, "external-api.demo.kalshi.co")
	for _, row := range []struct {
		name   string
		use    func(*patient)
		try    bool
		status doctor.Status
		asked  int
		want   []string
	}{
		{"not asked for", func(p *patient) { p.use(foreign) }, false, unchecked, 0, []string{"--try-other-environments is not given"}},
		{"found", func(p *patient) { p.use(foreign) }, true, problem, 1,
			[]string{"belongs to the demo environment", "https://external-api.demo.kalshi.co/trade-api/v2"}},
		{"found with another private key", func(p *patient) { p.env[wrapper.EnvAPIKeyID] = foreign.ID }, true, problem, 1,
			[]string{"another private key", "saved with this ID"}},
		{"found nowhere", func(p *patient) { p.env[wrapper.EnvAPIKeyID] = unknownKeyID }, true, warning, 1,
			[]string{"demo does not know it", "was deleted"}},
		{"known here", func(*patient) {}, true, unchecked, 0, []string{"known here"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			here, certificate := startTLS(t, p.box, time.Hour, "api.elections.kalshi.com")
			p.BaseURL, p.LookupHost = string(wrapper.Production), resolves
			p.Transport.TLSClientConfig = trust(certificate, demoCertificate)
			p.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "external-api.demo.kalshi.co:") {
					return leadTo(demo)(ctx, network, address)
				}
				return leadTo(here)(ctx, network, address)
			}
			row.use(p)
			p.TryOtherEnvironments = row.try
			before := len(elsewhere.Exchanges())
			got := p.examine()
			got.want("base_url", ok, "the production environment")
			got.want("other_environments", row.status, row.want...)
			if asked := len(elsewhere.Exchanges()) - before; asked != row.asked {
				t.Errorf("the other environment was asked %d times, want %d", asked, row.asked)
			}
		})
	}
}

func TestAnEnvironmentThatCannotBeAskedIsNamed(t *testing.T) {
	p := newPatient(t)
	p.env[wrapper.EnvAPIKeyID] = unknownKeyID
	p.TryOtherEnvironments = true
	here := strings.TrimSuffix(strings.TrimPrefix(p.BaseURL, "http://"), protocol.BasePath)
	busy, certificate := startTLS(t, answering(http.StatusBadGateway, ""), time.Hour, "external-api.kalshi.com")
	p.Transport.TLSClientConfig = trust(certificate)
	p.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		switch address {
		case here:
			return new(net.Dialer).DialContext(ctx, network, address)
		case "external-api.kalshi.com:443":
			return leadTo(busy)(ctx, network, address)
		}
		return nil, &net.OpError{Op: "dial", Err: errors.New("unreachable")}
	}
	p.examine().want("other_environments", warning, "demo could not be asked", "production answered 502 Bad Gateway")
}

func TestTheRightsOfTheKeyAreRead(t *testing.T) {
	attested := func(left time.Duration) sandbox.Option {
		return sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{
			sandbox.DefaultAccount: {FCMMember: true, RegionExpiration: time.Now().Add(left)},
		}})
	}
	const day = 24 * time.Hour
	for _, row := range []struct {
		name, check string
		options     []sandbox.Option
		key         []sandbox.KeyOption
		status      doctor.Status
		kind        error
		want        []string
	}{
		{"all scopes", "scopes", nil, nil, ok, nil, []string{"read, write: everything"}},
		{"one scope", "scopes", nil, []sandbox.KeyOption{sandbox.Scoped("read")}, ok, nil, []string{"has read alone", "403"}},
		{"a subaccount", "bindings", nil, []sandbox.KeyOption{sandbox.InSubaccount(7)}, ok, nil, []string{"subaccount 7 alone"}},
		{"a subtrader", "bindings", []sandbox.Option{attested(30 * day)}, []sandbox.KeyOption{sandbox.ForSubtrader("u_a1")}, ok, nil,
			[]string{"subtrader u_a1 alone"}},
		{"no binding", "bindings", nil, nil, ok, nil, []string{"not bound to a subaccount"}},
		{"no attestation", "attestation", nil, nil, ok, nil, []string{"attested no location"}},
		{"an attestation", "attestation", []sandbox.Option{attested(15 * day)}, nil, ok, nil, []string{"lapses at 20"}},
		{"an attestation about to lapse", "attestation", []sandbox.Option{attested(3*day + time.Hour)}, nil, warning, nil,
			[]string{"lapses in 3 days", "Attest"}},
		{"an attestation that lapsed", "attestation", []sandbox.Option{attested(-time.Hour)}, nil, problem, wrapper.ErrForbidden,
			[]string{"lapsed at", "Attest"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t, row.options...)
			p.use(p.newKey(row.key...))
			got := p.examine()
			got.want(row.check, row.status, row.want...)
			got.wantKind(row.kind)
		})
	}
}

func TestAListThatIsNotAsItShouldBeIsRead(t *testing.T) {
	for name, row := range map[string]struct {
		list   string
		status doctor.Status
		kind   error
		want   string
	}{
		"a key that is not listed yet": {`[]`, unchecked, nil, "missing for a while"},
		"a scope of next year": {`[{"api_key_id":"` + unknownKeyID + `","name":"n","scopes":["read","write","read::moon"]}]`,
			warning, nil, "newer version"},
		"no scope": {`[{"api_key_id":"` + unknownKeyID + `","name":"n","scopes":[]}]`, problem, wrapper.ErrForbidden, "no scope"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.env[wrapper.EnvAPIKeyID] = unknownKeyID
			p.signedAt(answering(http.StatusOK, `{"api_keys":`+row.list+`}`))
			got := p.examine()
			got.want("scopes", row.status, row.want)
			got.wantKind(row.kind)
		})
	}
}
