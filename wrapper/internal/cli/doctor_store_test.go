package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper"
)

// useStore brings the key into a store, and leaves it out of the environment.
func (p *patient) useStore() (dir string) {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(p.key.PrivateKey.RevealPrivateKey()), 0o600); err != nil {
		p.t.Fatal(err)
	}
	delete(p.world.Env, wrapper.EnvAPIKeyID)
	delete(p.world.Env, wrapper.EnvPrivateKey)
	dir = filepath.Join(p.t.TempDir(), "keys")
	p.world.Env["KALSHI_STORE"] = dir
	run(p.t.Context(), p.world, "import", p.key.ID, file).want(p.t, 0)
	return dir
}

func TestDoctorExaminesTheCurrentKeyOfAStore(t *testing.T) {
	p := newPatient(t)
	dir := p.useStore()
	got := p.examine()
	got.outcome.want(t, 0)
	got.want(t, "variables", "ok", "current in the store "+dir)
	got.want(t, "key_id", "ok", p.key.ID)
	got.want(t, "private_key", "ok", "Ed25519")
	got.want(t, "file_mode", "ok", "the store")
	got.want(t, "signed_request", "ok")

	delete(p.world.Env, "KALSHI_STORE")
	p.use(p.other)
	got = p.examine("--store", dir)
	got.outcome.want(t, 0)
	got.want(t, "variables", "warning", "a flag wins over "+wrapper.EnvAPIKeyID+" and "+wrapper.EnvPrivateKey)
	got.want(t, "key_id", "ok", p.key.ID)

	p.world.Env["KALSHI_STORE"] = dir
	got = p.examine("--key-id", p.other.ID)
	got.want(t, "variables", "ok", "key ID from --key-id, private key from "+wrapper.EnvPrivateKey)
	got.want(t, "key_id", "ok", p.other.ID)
}

func TestDoctorExaminesNoOtherKeyThanTheStores(t *testing.T) {
	p := newPatient(t)
	got := p.examine("--store", filepath.Join(t.TempDir(), "missing"))
	got.outcome.want(t, 2)
	got.want(t, "variables", "problem", "is not there")
	for _, id := range []string{"key_id", "private_key", "file_mode", "signed_request"} {
		got.want(t, id, "not_checked")
	}
}

func TestDoctorNamesEachFaultOfAStore(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(p *patient, dir string) []string
		code  int
		check string
		want  []string
	}{
		"a store that is not there": {func(p *patient, dir string) []string {
			p.world.Env["KALSHI_STORE"] = dir + "-not"
			return nil
		}, 2, "variables", []string{dirWord + "-not is not there", "KALSHI_STORE"}},
		"a store and a key": {func(p *patient, _ string) []string {
			p.use(p.other)
			return nil
		}, 2, "variables", []string{"KALSHI_STORE and KALSHI_API_KEY_ID are both set", "Unset one"}},
		"the flags for both": {func(_ *patient, dir string) []string {
			return []string{"--store", dir, "--key-id", "x"}
		}, 2, "variables", []string{"--store excludes --key-id"}},
		"no key for this service": {func(p *patient, _ string) []string {
			p.world.Env["KALSHI_BASE_URL"] = strings.Replace(p.world.Env["KALSHI_BASE_URL"], "127.0.0.1", "localhost", 1)
			return nil
		}, 2, "variables", []string{"no key is current", "kalshi-keys import"}},
		"a base URL that is none": {func(p *patient, _ string) []string {
			p.world.Env["KALSHI_BASE_URL"] = "localhost"
			return nil
		}, 2, "base_url", nil},
		"a store that others can read": {func(p *patient, dir string) []string {
			if err := os.Chmod(dir, 0o755); err != nil {
				p.t.Fatal(err)
			}
			return nil
		}, 2, "variables", []string{"chmod"}},
		"a damaged store": {func(p *patient, dir string) []string {
			files, err := filepath.Glob(filepath.Join(dir, "store*.json"))
			for _, path := range files {
				err = errors.Join(err, os.Truncate(path, 100))
			}
			if err != nil {
				p.t.Fatal(err)
			}
			return nil
		}, 2, "variables", []string{"is damaged", "kalshi-keys recover --set-aside"}},
		"a key that is deleted": {func(p *patient, _ string) []string {
			run(p.t.Context(), p.world, "delete", p.key.ID, "--yes", "--allow-in-use", "--allow-last").want(p.t, 0)
			return nil
		}, 2, "variables", []string{"revoked", "kalshi-keys import"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			dir := p.useStore()
			args := row.spoil(p, dir)
			got := p.examine(args...)
			got.outcome.want(t, row.code)
			for i, text := range row.want {
				row.want[i] = strings.ReplaceAll(text, dirWord, dir)
			}
			got.want(t, row.check, "problem", row.want...)
			if row.check != "variables" {
				got.want(t, "variables", "not_checked", "the base URL")
				got.want(t, "private_key", "not_checked", "the store")
			}
		})
	}
}

const dirWord = "DIR"
