package doctor_test

import (
	"context"
	"net/url"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/doctor"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// useStore has the key come from a store. Without a private key, it lives in an HSM.
func (p *patient) useStore(key sandbox.Key, private secret.PEM) {
	clear(p.env)
	want, err := url.Parse(p.BaseURL)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Store = "keys"
	p.CurrentKey = func(_ context.Context, base *url.URL) (keystore.Entry, error) {
		if base.String() != want.String() {
			return keystore.Entry{}, &doctor.AdvisedError{Text: "no key is current for " + base.Host, Advice: "Import one"}
		}
		return keystore.Entry{KeyID: key.ID, PrivateKey: private}, nil
	}
}

func TestTheCurrentKeyOfAStoreIsExamined(t *testing.T) {
	p := newPatient(t)
	p.useStore(p.key, p.key.PrivateKey)
	got := p.examine()
	got.wantKind(nil)
	got.want("variables", ok, "current in the store keys")
	got.want("key_id", ok, p.key.ID)
	got.want("private_key", ok, "Ed25519")
	got.want("file_mode", ok, "the store")
	got.want("signed_request", ok)

	p.use(p.other)
	got = p.examine()
	got.wantKind(nil)
	got.want("variables", warning, "a flag wins over "+wrapper.EnvAPIKeyID+" and "+wrapper.EnvPrivateKey)
	got.want("key_id", ok, p.key.ID)
}

func TestOnlyTheKeyOfTheStoreIsExamined(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(*patient)
		check string
		want  []string
	}{
		{"no key is current", func(p *patient) { p.BaseURL = "http://localhost:1/trade-api/v2" }, "variables",
			[]string{"no key is current for localhost:1", "Import one"}},
		{"the private key is in an HSM", func(p *patient) { p.useStore(p.key, secret.PEM{}) }, "variables",
			[]string{"is not in the store keys", "HSM"}},
		{"the base URL cannot be used", func(p *patient) { p.BaseURL = "localhost" }, "base_url", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			p.useStore(p.key, p.key.PrivateKey)
			p.env[wrapper.EnvPrivateKey] = p.pem(p.other)
			row.spoil(p)
			got := p.examine()
			got.wantKind(doctor.ErrSettings)
			got.want(row.check, problem, row.want...)
			if row.check != "variables" {
				got.want("variables", unchecked, "the base URL")
			}
			got.want("private_key", unchecked, "the store")
			for _, id := range []string{"file_mode", "signed_request"} {
				got.want(id, unchecked)
			}
		})
	}
}
