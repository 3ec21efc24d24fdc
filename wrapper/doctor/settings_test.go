package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/doctor"
)

// Each row makes a fault for real. The checks that follow from it are not made.
func TestEachFaultOfTheSettingsIsNamed(t *testing.T) {
	set := func(name, value string) func(*patient) {
		return func(p *patient) { p.env[name] = value }
	}
	path := func(value func(p *patient) string) func(*patient) {
		return func(p *patient) { p.env[wrapper.EnvPrivateKeyPath], p.env[wrapper.EnvPrivateKey] = value(p), "" }
	}
	constant := func(text string) func(*patient) string { return func(*patient) string { return text } }
	at := func(baseURL string) func(*patient) { return func(p *patient) { p.BaseURL = baseURL } }
	settings := doctor.ErrSettings
	runFaults(t, []fault{
		{"no key ID", "variables", set(wrapper.EnvAPIKeyID, ""), problem, settings, []string{
			"KALSHI_API_KEY_ID not set", "Set KALSHI_API_KEY_ID to the ID of the API key, or give --key-id. If the key is in a store",
		}},
		{"no private key", "variables", set(wrapper.EnvPrivateKey, ""), problem, settings, []string{
			"KALSHI_PRIVATE_KEY_PATH not set",
			"Set KALSHI_PRIVATE_KEY_PATH to the path of the private key's file, or KALSHI_PRIVATE_KEY to the private key itself, as PEM, or give --private-key-file. If the key is in a store",
		}},
		{"neither", "variables", func(p *patient) { clear(p.env) }, problem, settings, []string{
			"KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH not set", "or give --key-id. Set KALSHI_PRIVATE_KEY_PATH to the path",
		}},
		{"a key ID under another name", "variables", func(p *patient) {
			p.env[wrapper.EnvAPIKeyID], p.env["KALSHI_KEY_ID"] = "", p.key.ID
		}, problem, settings, []string{"KALSHI_KEY_ID is set, but nothing here reads it"}},
		{"two private keys", "variables", set(wrapper.EnvPrivateKeyPath, "key.pem"), problem, settings, []string{"both set", "unset KALSHI_PRIVATE_KEY"}},
		{"a flag against a variable", "variables", func(p *patient) { p.KeyID = unknownKeyID }, warning, wrapper.ErrUnauthenticated,
			[]string{"wins over KALSHI_API_KEY_ID"}},
		{"a file against the key itself", "variables", func(p *patient) {
			p.PrivateKeyFile = p.file()
			p.useFile(p.PrivateKeyFile, p.pem(p.key), 0o600)
			p.use(p.key)
			p.env[wrapper.EnvPrivateKeyPath] = "other.pem"
		}, warning, nil, []string{"wins over KALSHI_PRIVATE_KEY_PATH and KALSHI_PRIVATE_KEY"}},
		{"quotes around the ID", "variables", func(p *patient) { p.env[wrapper.EnvAPIKeyID] = `"` + p.key.ID + `"` }, warning, nil,
			[]string{"quotes around KALSHI_API_KEY_ID were removed"}},
		{"a quote before the ID", "key_id", func(p *patient) { p.env[wrapper.EnvAPIKeyID] = `"` + p.key.ID }, problem, settings,
			[]string{"without quotes, brackets or spaces"}},
		{"blanks around the path", "variables", func(p *patient) {
			p.useFile(p.file(), p.pem(p.key), 0o600)
			p.env[wrapper.EnvPrivateKeyPath] += " \r\n"
		}, warning, nil, []string{"quotes around KALSHI_PRIVATE_KEY_PATH were removed"}},
		{"a bracket at the ID", "key_id", func(p *patient) { p.env[wrapper.EnvAPIKeyID] += "]" }, problem, settings, []string{"alone"}},
		{"a space in the ID", "key_id", set(wrapper.EnvAPIKeyID, "my key"), problem, settings, []string{"not the key's name"}},
		{"spaces around the ID", "key_id", func(p *patient) { p.env[wrapper.EnvAPIKeyID] = " " + p.key.ID + "\n" }, warning, nil, []string{"white space"}},
		{"an ID that is not a UUID", "key_id", set(wrapper.EnvAPIKeyID, "hunter2"), warning, wrapper.ErrUnauthenticated,
			[]string{"7 characters", "Copy the ID again"}},
		{"a private key as the ID", "key_id", func(p *patient) { p.env[wrapper.EnvAPIKeyID] = p.pem(p.key) }, problem, settings,
			[]string{"nor the private key"}},
		{"a cut private key", "private_key", func(p *patient) { p.env[wrapper.EnvPrivateKey] = p.pem(p.key)[:60] }, problem, settings,
			[]string{"truncated", "Copy the private key again"}},
		{"escaped line breaks", "private_key", func(p *patient) { p.env[wrapper.EnvPrivateKey] = escaped(p.pem(p.key)) }, warning, nil,
			[]string{"turned escaped line breaks into line breaks", "kalshi-keys doctor --mend"}},
		{"a private key as its path", "private_key", path(func(p *patient) string { return p.pem(p.key) }), problem, settings,
			[]string{"KALSHI_PRIVATE_KEY_PATH", "where a path belongs", "Write the key to a file"}},
		{"a missing file", "private_key", path(constant("/nonexistent/key.pem")), problem, settings, []string{"/nonexistent/key.pem", "Check the path"}},
		{"a path with ~", "private_key", path(constant("~/key.pem")), problem, settings, []string{"Write the whole path"}},
		{"a directory", "private_key", path(constant("/")), problem, settings, []string{"not a regular file"}},
		{"a file that others may read", "file_mode", func(p *patient) { p.useFile(p.file(), p.pem(p.key), 0o644) }, problem, settings,
			[]string{"mode is 0644", "chmod 600 "}},
		{"a relative base URL", "base_url", at("nonsense"), problem, settings, []string{"must be absolute", "--environment"}},
		{"a base URL with a password", "base_url", at("https://me:hunter2@x.test/"), problem, settings, []string{"must not hold a user name"}},
		{"a password with a #", "base_url", at("https://me:hunter2#@x.test/"), problem, settings, []string{"must not hold a user name"}},
		{"http to the service", "base_url", at("http://demo-api.kalshi.co/trade-api/v2"), problem, settings,
			[]string{"insecure", "https://demo-api.kalshi.co/trade-api/v2"}},
		{"no path", "base_url", at("https://demo-api.kalshi.co"), problem, settings,
			[]string{"does not end in /trade-api/v2", "https://demo-api.kalshi.co/trade-api/v2"}},
		{"a slash at the end", "base_url", func(p *patient) { p.BaseURL += "/" }, warning, nil, []string{"without them"}},
	})
}

func escaped(pem string) string { return strings.ReplaceAll(pem, "\n", `\n`) }

func TestTheHomeDirectoryIsShownAsTilde(t *testing.T) {
	above := t.TempDir()
	home := filepath.Join(above, "me")
	for _, dir := range []string{home, filepath.Join(above, "merle")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ home, file, text, advice string }{
		{home, home + "/key.pem", "~/key.pem: ", "Run: chmod 600 ~/key.pem"},
		{home + "/", home + "/key.pem", "~/key.pem: ", "Run: chmod 600 ~/key.pem"},
		{home, home + "/my key.pem", "~/my key.pem: ", "Run: chmod 600 ~/'my key.pem'"},
		{home, above + "/merle/key.pem", above + "/merle/key.pem: ", "Run: chmod 600 " + above + "/merle/key.pem"},
		{filepath.Base(above), home + "/key.pem", home + "/key.pem: ", "Run: chmod 600 " + home + "/key.pem"},
		{"", home + "/key.pem", home + "/key.pem: ", "Run: chmod 600 " + home + "/key.pem"},
		{"/", home + "/key.pem", home + "/key.pem: ", "Run: chmod 600 " + home + "/key.pem"},
	} {
		p := newPatient(t)
		p.useFile(row.file, p.pem(p.key), 0o644)
		p.env["HOME"] = row.home
		check := p.examine().checks["file_mode"]
		if !strings.HasPrefix(check.Text, row.text) || check.Advice != row.advice {
			t.Errorf("with the home directory %q, %s is shown as %+v", row.home, row.file, check)
		}
	}
}
