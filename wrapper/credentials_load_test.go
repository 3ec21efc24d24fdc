package wrapper_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper"
)

func TestAPrivateKeyFileThatOnlyItsOwnerMayUseIsLoaded(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o400} {
		t.Run(mode.String(), func(t *testing.T) {
			path := keyFile(t, t.TempDir(), "key.pem", mode)
			credentials, err := wrapper.LoadCredentials(testKeyID, path)
			if err != nil {
				t.Fatal(err)
			}
			mustSign(t, credentials, referenceKey(t, readTestdata(t, "ed25519.pem")).Public())
		})
	}
}

func TestASymbolicLinkToAPrivateKeyFileIsFollowed(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link.pem")
	mustLink(t, keyFile(t, dir, "key.pem", 0o600), link)
	if _, err := wrapper.LoadCredentials(testKeyID, link); err != nil {
		t.Error(err)
	}
}

func TestAFileThatIsMissingIsRefusedWithTheSystemsReason(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent.pem")
	_, err := wrapper.LoadCredentials(testKeyID, path)
	refusal := refusalOf(t, err, wrapper.ProblemFileUnreadable)
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, wrapper.ErrInsecure) {
		t.Errorf("%v must be fs.ErrNotExist, and not ErrInsecure", err)
	}
	if refusal.Source != path || strings.Count(err.Error(), path) != 1 {
		t.Errorf("the error must name the path once: %v", err)
	}
}

func TestAPathThatIsNotExpandedGetsAHint(t *testing.T) {
	for path, want := range map[string]string{
		"~/absent.pem":      `in a shell "$HOME/absent.pem"`,
		"$KALSHI_DIR/a.pem": "Set it to /run/kalshi/a.pem",
		"absent\x1b[2J.pem": "Set it to the value itself",
		"absent\x00.pem":    "Set it to the value itself",
	} {
		t.Setenv("KALSHI_DIR", "/run/kalshi")
		_, err := wrapper.LoadCredentials(testKeyID, path)
		refusal := refusalOf(t, err, wrapper.ProblemPath)
		if !strings.Contains(refusal.Hint, want) || strings.ContainsAny(err.Error(), "\x1b\x00") {
			t.Errorf("the error is %q, want the hint %q and no control characters", err, want)
		}
	}
}

func TestWhatEnvFilesLeaveAroundAValueIsRemoved(t *testing.T) {
	path := keyFile(t, t.TempDir(), "key.pem", 0o600)
	for _, around := range [][2]string{{"", ""}, {`"`, `"`}, {"'", "'\r\n"}, {" ", "\t"}} {
		setEnv(t, around[0]+testKeyID+around[1], around[0]+path+around[1], "")
		credentials, err := wrapper.CredentialsFromEnv()
		if err != nil || credentials.KeyID() != testKeyID {
			t.Errorf("%q: got %v, %v", around, credentials, err)
		}
	}
}

func TestWhatIsNoRegularFileIsRefused(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull} {
		_, err := wrapper.LoadCredentials(testKeyID, path)
		if runtime.GOOS != "windows" { // which refuses to open a directory as a file
			mustRefuse(t, err, wrapper.ProblemNotRegularFile)
		} else if err == nil {
			t.Errorf("%s was loaded", path)
		}
	}
}

func TestAFileThatIsTooLargeIsRefused(t *testing.T) {
	dir := t.TempDir()
	key := readTestdata(t, "ed25519.pem")
	for _, test := range []struct {
		name string
		size int
		want wrapper.CredentialsProblem
	}{{"fits.pem", 64 << 10, ""}, {"large.pem", 64<<10 + 1, "too_large"}} {
		path := filepath.Join(dir, test.name)
		mustWrite(t, path, key+strings.Repeat("\n", test.size-len(key)), 0o600)
		_, err := wrapper.LoadCredentials(testKeyID, path)
		if test.want == "" && err != nil {
			t.Error(err)
		} else if test.want != "" {
			mustRefuse(t, err, test.want)
		}
	}
}

func TestAPrivateKeyInThePlaceOfAPathIsNotRepeated(t *testing.T) {
	key := readTestdata(t, "rsa-pkcs8.pem")
	for name, path := range map[string]string{
		"a PEM": key, "a bare body": body(key), "a body on one line": strings.ReplaceAll(body(key), "\n", ""),
		"a PEM on one line": strings.ReplaceAll(key, "\n", `\n`), "an encoded PEM": encoded(key),
		"an Ed25519 body": strings.TrimSpace(body(readTestdata(t, "ed25519.pem"))),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wrapper.LoadCredentials(testKeyID, path)
			mustQuoteNothing(t, err, path)
			if refusal, ok := errors.AsType[*wrapper.CredentialsError](err); !ok || refusal.Problem != wrapper.ProblemKeyAsPath {
				t.Errorf("got %v", err)
			}
			setEnv(t, testKeyID, path, "")
			_, err = wrapper.CredentialsFromEnv()
			refusal := refusalOf(t, err, wrapper.ProblemKeyAsPath)
			if refusal.Source != wrapper.EnvPrivateKeyPath {
				t.Errorf("the source is %q", refusal.Source)
			}
		})
	}
}

func TestAnEmptyPathIsRefused(t *testing.T) {
	_, err := wrapper.LoadCredentials(testKeyID, "")
	mustRefuse(t, err, "missing")
}

func TestAnErrorAboutAFilesContentNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	mustWrite(t, path, readTestdata(t, "certificate.pem"), 0o600)
	_, err := wrapper.LoadCredentials(testKeyID, path)
	if refusal := refusalOf(t, err, "certificate"); refusal.Source != path {
		t.Errorf("the source is %q, want %q", refusal.Source, path)
	}
}

func TestCredentialsComeFromTheEnvironment(t *testing.T) {
	pem := readTestdata(t, "ed25519.pem")
	for name, env := range map[string][2]string{
		"with a path": {keyFile(t, t.TempDir(), "key.pem", 0o600), ""},
		"with a PEM":  {"", pem},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, testKeyID, env[0], env[1])
			credentials, err := wrapper.CredentialsFromEnv()
			if err != nil {
				t.Fatal(err)
			}
			if credentials.KeyID() != testKeyID {
				t.Errorf("the key ID is %q", credentials.KeyID())
			}
			mustSign(t, credentials, referenceKey(t, pem).Public())
		})
	}
}

func TestErrorsAboutTheEnvironmentNameTheVariable(t *testing.T) {
	pem := readTestdata(t, "ed25519.pem")
	path := keyFile(t, t.TempDir(), "key.pem", 0o600)
	const idVar, pathVar, keyVar = "KALSHI_API_KEY_ID", "KALSHI_PRIVATE_KEY_PATH", "KALSHI_PRIVATE_KEY"
	for name, test := range map[string]struct {
		keyID, path, pem string
		want             wrapper.CredentialsProblem
		source           string
	}{
		"nothing is set":           {"", "", "", "missing", idVar},
		"no key ID":                {"", path, "", "missing", idVar},
		"a wrong key ID":           {"a b", "", pem, wrapper.ProblemKeyID, idVar},
		"a wrong key ID with path": {"a b", path, "", wrapper.ProblemKeyID, idVar},
		"a blank key ID":           {"  ", path, "", wrapper.ProblemKeyID, idVar},
		"the key as the key ID":    {pem, path, "", wrapper.ProblemKeyID, idVar},
		"no private key":           {testKeyID, "", "", "missing", pathVar + " or " + keyVar},
		"two private keys":         {testKeyID, path, pem, "conflict", pathVar + " and " + keyVar},
		"a blank private key":      {testKeyID, "", " ", "empty", keyVar},
		"a path as the key":        {testKeyID, "", path, "not_pem", keyVar},
		"a missing file":           {testKeyID, path + ".absent", "", wrapper.ProblemFileUnreadable, pathVar + "=" + path + ".absent"},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, test.keyID, test.path, test.pem)
			credentials, err := wrapper.CredentialsFromEnv()
			refusal := refusalOf(t, err, test.want)
			if refusal.Source != test.source || !strings.Contains(err.Error(), test.source) {
				t.Errorf("the source is %q, want %q, in %q", refusal.Source, test.source, err)
			}
			if credentials != nil {
				t.Error("there are credentials beside the error")
			}
		})
	}
}

func setEnv(t *testing.T, keyID, path, pem string) {
	t.Helper()
	t.Setenv(wrapper.EnvAPIKeyID, keyID)
	t.Setenv(wrapper.EnvPrivateKeyPath, path)
	t.Setenv(wrapper.EnvPrivateKey, pem)
}

func keyFile(t *testing.T, dir, name string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	mustWrite(t, path, readTestdata(t, "ed25519.pem"), mode)
	return path
}

func mustWrite(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// The umask takes from WriteFile's mode, not from Chmod's.
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func mustLink(t *testing.T, target, link string) {
	t.Helper()
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
}
