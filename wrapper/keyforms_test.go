package wrapper_test

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"kalshi.internal/apikeys/wrapper"
)

func inUTF16(order binary.AppendByteOrder, mark string) func(string) string {
	return func(s string) string {
		var text []byte
		for _, unit := range utf16.Encode([]rune(mark + s)) {
			text = order.AppendUint16(text, unit)
		}
		return string(text)
	}
}

func der(text string) []byte {
	block, _ := pem.Decode([]byte(text))
	return block.Bytes
}

// innerPlus is a plus sign within a line: a space at its end would be lost with the line's.
var innerPlus = regexp.MustCompile(`(\S)\+(\S)`)

// forms are forms in which a key arrives, and from which it is got back.
var forms = []struct {
	name  string
	form  func(string) string
	notes string
}{
	{"UTF-16 as PowerShell writes it", inUTF16(binary.LittleEndian, "\ufeff"), "decoded UTF-16"},
	{"UTF-16 without a byte order mark", inUTF16(binary.LittleEndian, ""), "decoded UTF-16"},
	{"UTF-16 of the other order", inUTF16(binary.BigEndian, "\ufeff"), "decoded UTF-16"},
	{"UTF-16 in base64", func(s string) string { return encoded(inUTF16(binary.LittleEndian, "")(s)) }, "decoded UTF-16"},
	{"no-break spaces", func(s string) string { return strings.NewReplacer(" ", "\u00a0", "\n", "\u00a0\n").Replace(s) }, "unusual spaces"},
	{"invisible characters", func(s string) string {
		return strings.NewReplacer("\n", "\u200b\u00ad\n\u2060", "E", "\u200eE").Replace(s)
	}, "invisible"},
	{"colours of a terminal", around("\x1b[32m", "\x1b[0m"), "invisible"},
	{"DER", func(s string) string { return string(der(s)) }, "read DER"},
	{"DER and a line break", func(s string) string { return string(der(s)) + "\n" }, "read DER"},
	{"DER in hexadecimal digits", func(s string) string { return hex.EncodeToString(der(s)) }, "hexadecimal"},
	{"DER in hexadecimal digits with colons", func(s string) string {
		return strings.Join(regexp.MustCompile("..").FindAllString(strings.ToUpper(hex.EncodeToString(der(s))), -1), ":")
	}, "hexadecimal"},
	{"base64url of DER", func(s string) string { return base64.RawURLEncoding.EncodeToString(der(s)) }, "BEGIN and END"},
	{"base64url in the armour", func(s string) string { return withBody(s, strings.NewReplacer("+", "-", "/", "_").Replace) }, "base64url"},
	{"base64 of a base64", func(s string) string { return encoded(encoded(s)) }, "layers of base64"},
	{"base64 of a base64 of DER", func(s string) string { return encoded(encoded(string(der(s)))) }, "layers of base64"},
	{"base64 in three layers", func(s string) string { return encoded(encoded(encoded(s))) }, "layers of base64"},
	{"a data URL", func(s string) string { return "data:application/x-pem-file;base64," + encoded(s) }, "text around"},
	{"base64 behind a name", func(s string) string { return "KALSHI_PRIVATE_KEY=" + encoded(s) }, "text around"},
	{"n for line breaks", replaceLineEnds("n"), "stood for line breaks"},
	{"rn for line breaks", replaceLineEnds("rn"), "stood for line breaks"},
	{"slash n for line breaks", replaceLineEnds("/n"), "stood for line breaks"},
	{"a word for line breaks", replaceLineEnds("<nl>"), "stood for line breaks"},
	{"a sign for line breaks", replaceLineEnds("$"), "stood for line breaks"},
	{"Windows-1252", func(s string) string { return "\x93" + strings.ReplaceAll(s, " ", "\xa0") + "\x94" }, "Windows-1252"},
	{"a bar for line breaks", replaceLineEnds("|"), "stood for line breaks"},
	{"percent-encoding", url.PathEscape, "percent-encoding"},
	{"the encoding of forms", url.QueryEscape, "percent-encoding"},
	{"plus signs that became spaces", func(s string) string {
		return withBody(s, func(b string) string { return innerPlus.ReplaceAllString(b, "$1 $2") })
	}, "plus signs"},
	{"percent-encoding, twice", func(s string) string { return url.PathEscape(url.PathEscape(s)) }, "percent-encoding"},
	{"HTML, twice", func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(s, "+", "&amp;#43;"), "/", "&amp;amp;#47;")
	}, "decoded HTML"},
	{"the lines of a program's text", func(s string) string {
		return `"` + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\\n\" +\n    \"") + `\n";`
	}, "joined quoted lines"},
	{"a list of lines", func(s string) string {
		return "[\n\"" + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\",\n  \"") + "\"\n]"
	}, "joined quoted lines"},
	{"a list on one line", func(s string) string { return `["` + strings.ReplaceAll(strings.TrimSpace(s), "\n", `","`) + `"]` }, "stood for line breaks"},
	{"a PEM in hexadecimal digits", func(s string) string { return hex.EncodeToString([]byte(s)) }, "hexadecimal"},
	{"bytes of a program", func(s string) string {
		return "0x" + strings.Join(regexp.MustCompile("..").FindAllString(hex.EncodeToString(der(s)), -1), ", 0x")
	}, "hexadecimal"},
	{"base64 in YAML", func(s string) string { return "key.pem: " + encoded(s) }, "text around"},
	{"HTML", func(s string) string {
		return strings.NewReplacer("+", "&#43;", "\n", "<br>\n").Replace(html.EscapeString(s))
	}, "decoded HTML"},
	{"quoted-printable", func(s string) string { return strings.NewReplacer("=", "=3D", "\n", "=0A").Replace(s) }, "quoted-printable"},
	{"unicode escapes", func(s string) string { return strings.NewReplacer("\n", `\u000a`, "+", `\u002b`).Replace(s) }, "decoded escapes"},
	{"hexadecimal escapes", replaceLineEnds(`\x0a`), "decoded escapes"},
	{"octal escapes", replaceLineEnds(`\012`), "decoded escapes"},
	{"escaped slashes", func(s string) string { return strings.ReplaceAll(s, "/", `\/`) }, "backslashes"},
	{"caret notation", replaceLineEnds("^M\n"), "escaped line breaks"},
	{"lines of mail", func(s string) string { return "> " + strings.ReplaceAll(s, "\n", "\n> ") }, "marks before the lines"},
	{"lines of an answered answer", func(s string) string { return ">> " + strings.ReplaceAll(s, "\n", "\n> > ") }, "marks before the lines"},
	{"lines of a comment", func(s string) string { return "# " + strings.ReplaceAll(s, "\n", "\n# ") }, "marks before the lines"},
	{"lines of a program's comment", func(s string) string { return "// " + strings.ReplaceAll(s, "\n", "\n// ") }, "marks before the lines"},
	{"lines of a list", func(s string) string { return "- " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n- ") }, "marks before the lines"},
	{"lines of a patch", func(s string) string { return "+" + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n+") }, "stood for line breaks"},
	{"numbered lines", func(s string) string {
		var numbered strings.Builder
		for i, line := range strings.Split(s, "\n") {
			fmt.Fprintf(&numbered, "%6d\t%s\n", i+1, line)
		}
		return numbered.String()
	}, "marks before the lines"},
	{"one key twice", func(s string) string { return s + s }, "copies"},
	{"one key twice, once on one line", func(s string) string { return s + strings.ReplaceAll(s, "\n", `\n`) }, "copies"},
	{"YAML", func(s string) string { return "key: |\n  " + strings.ReplaceAll(s, "\n", "\n  ") }, "text around"},
}

func TestAKeyIsGotBackFromEveryForm(t *testing.T) {
	for _, name := range testKeys {
		text := readTestdata(t, name)
		want := referenceKey(t, text)
		for _, row := range forms {
			t.Run(name+"/"+row.name, func(t *testing.T) {
				mustGive(t, row.form(text), want)
				report, err := wrapper.InspectPrivateKey([]byte(row.form(text)))
				if err != nil || !strings.Contains(strings.Join(report.Repairs, "; "), row.notes) && row.form(text) != text {
					t.Errorf("repairs are %q, %v, want %q", report.Repairs, err, row.notes)
				}
			})
		}
	}
}

func TestAPublicKeyIsGotBackFromEveryForm(t *testing.T) {
	for _, name := range []string{"public-spki.pem", "public-ed25519.pem"} {
		text := readTestdata(t, name)
		for _, row := range forms {
			t.Run(name+"/"+row.name, func(t *testing.T) {
				got, err := wrapper.InspectPublicKey([]byte(row.form(text)))
				if err != nil || got.PEM != text || got.Repairs == nil && row.form(text) != text {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
	}
}

func parsedPublic(t *testing.T, text string) crypto.PublicKey {
	t.Helper()
	key, err := x509.ParsePKIXPublicKey(der(text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAKeyInWhateverFormIsNotRepeatedFromThePlaceOfAPathOrAnID(t *testing.T) {
	text := readTestdata(t, "ed25519.pem")
	for _, row := range forms {
		t.Run(row.name, func(t *testing.T) {
			form := row.form(text)
			_, err := wrapper.LoadCredentials(testKeyID, form)
			mustRefuse(t, err, wrapper.ProblemKeyAsPath)
			mustQuoteNothing(t, err, form)
			_, err = wrapper.NewCredentials(form, []byte(text))
			mustRefuse(t, err, wrapper.ProblemKeyID)
			mustQuoteNothing(t, err, form)
		})
	}
}

func TestKeysInContainersOfTheirOwnAreTakenOut(t *testing.T) {
	mustGive(t, readTestdata(t, "openssh-rsa.pem"), referenceKey(t, readTestdata(t, "openssh-rsa-pkcs1.pem")))
	// One key in three structures is one key.
	mustGive(t, readTestdata(t, "rsa-pkcs8.pem")+readTestdata(t, "rsa-pkcs1.pem"), referenceKey(t, readTestdata(t, "rsa-pkcs1.pem")))
	mustGive(t, readTestdata(t, "openssh-rsa-pkcs1.pem")+readTestdata(t, "openssh-rsa.pem"), referenceKey(t, readTestdata(t, "openssh-rsa-pkcs1.pem")))
	for _, name := range []string{"openssh.pem", "openssh-rsa.pem", "rsa-pss.pem"} {
		public := map[string]string{"rsa-pss.pem": "public-rsa-pss.pem"}[name]
		if public == "" {
			public = name + ".pub"
		}
		credentials := mustMake(t, name)
		report, err := wrapper.InspectPublicKey([]byte(readTestdata(t, public)))
		if err != nil || len(report.Repairs) == 0 {
			t.Fatalf("%s: got %+v, %v", public, report, err)
		}
		mustSign(t, credentials, parsedPublic(t, report.PEM))
		private, err := wrapper.InspectPrivateKey([]byte(readTestdata(t, name)))
		if err != nil || !slices.ContainsFunc(private.Repairs, func(note string) bool { return strings.HasPrefix(note, "took the ") }) {
			t.Errorf("%s: repairs are %q, %v", name, private.Repairs, err)
		}
	}
	for _, name := range []string{"ssh2.pub", "openssh-rsa.pem.pub", "public-openssh.pem"} {
		got, err := wrapper.InspectPublicKey([]byte(readTestdata(t, name)))
		if err != nil || got.PEM != readTestdata(t, "public-openssh.pem") {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	got, err := wrapper.InspectPublicKey([]byte(readTestdata(t, "public-pkcs1.pem")))
	if err != nil || got.PEM != readTestdata(t, "public-spki.pem") || fmt.Sprint(got.Repairs) != "[wrote it as SubjectPublicKeyInfo]" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestADamagedOpenSSHKeyNeverGivesAnotherKey(t *testing.T) {
	for name, step := range map[string]int{"openssh.pem": 1, "openssh-rsa.pem": 37} {
		data := der(readTestdata(t, name))
		want := mustMake(t, name).Signer()
		for i := 0; i < len(data); i += step {
			damaged := slices.Clone(data)
			damaged[i] ^= 1
			credentials, err := wrapper.NewCredentials(testKeyID, pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: damaged}))
			if err != nil {
				continue
			}
			if got, ok := credentials.Signer().(interface {
				Equal(x crypto.PrivateKey) bool
			}); !ok || !got.Equal(want) {
				t.Errorf("%s with byte %d changed gives another key", name, i)
			}
		}
		if _, err := wrapper.NewCredentials(testKeyID, pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: data[:len(data)/2]})); err == nil {
			t.Errorf("half of %s was accepted", name)
		}
	}
}

func TestWhatStandsInAKeysPlaceIsNamed(t *testing.T) {
	key := readTestdata(t, "rsa-pkcs8.pem")
	for text, want := range map[string]string{
		"-----BEGIN":                           "only the beginning of the first line",
		"-----BEGIN PRIVATE":                   "only the beginning of the first line",
		"-----BEGIN " + "RSA PRIVATE KEY-----": "only the beginning of the first line",
		`"-----BEGIN ` + `PRIVATE KEY-----`:    "only the beginning of the first line",
		testKeyID:                              "the ID of an API key",
		"/run/secrets/kalshi.pem":              "a path",
		"./key.pem":                            "a path",
		"key.pem":                              "a path",
		"~/keys/kalshi":                        "a path",
		"$HOME/key.pem":                        "a path",
		`C:\keys\kalshi`:                       "a path",
		"file:///run/secrets/kalshi":           "a path",
		"@/run/secrets/kalshi":                 "a path",
		"op://vault/kalshi/key":                "a reference to a secret",
		"arn:aws:secretsmanager:eu-1:1:secret:kalshi": "a reference to a secret",
		"projects/bot/secrets/kalshi/versions/1":      "a reference to a secret",
		"vault:secret/data/kalshi#key":                "a reference to a secret",
		"https://bot.vault.azure.net/secrets/kalshi":  "a reference to a secret",
		"keyring:kalshi":                              "a reference to a secret",
		"${KALSHI_KEY}":                               "a variable or a template",
		"$KALSHI_KEY":                                 "a variable or a template",
		"${KALSHI_KEY:?unset}":                        "a variable or a template",
		"{{ kalshi_key }}":                            "a variable or a template",
		"${{ secrets.KALSHI }}":                       "a variable or a template",
		"$(cat key)":                                  "a variable or a template",
		"***":                                         "in place of a secret",
		"[REDACTED]":                                  "in place of a secret",
		"<your private key>":                          "a placeholder",
		"YOUR_PRIVATE_KEY":                            "a placeholder",
		"changeme":                                    "a placeholder",
		"xxxx":                                        "a placeholder",
		"...":                                         "a placeholder",
		"null":                                        "a placeholder",
		"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n":                                 "PuTTY",
		"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ==\n-----END PGP PRIVATE KEY BLOCK-----": "PGP",
		"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n":                                       "SSH Tectia",
		`{"kty":"OKP","crv":"Ed25519","d":"x"}`:                                              "JSON Web Key",
		"<RSAKeyValue><Modulus>x</Modulus></RSAKeyValue>":                                    "XML of .NET",
		"AGE-SECRET-KEY-1QQQQ":                                                               "age",
		"$ANSIBLE_VAULT;1.1;AES256\n6162":                                                    "Ansible",
		"\xfe\xed\xfe\xed\x00\x00\x00\x02":                                                   "Java keystore",
		"PK\x03\x04\x14":                                                                     "compressed",
		"untrusted comment: signify secret key\nRWQ=":                                        "minisign",
		"\x1e\xf1\xb5\xb0\x00\x00\x00\x00":                                                   "PVK",
		armoured("PRIVATE KEY", "..."):                                                       "a placeholder",
		"<!DOCTYPE html><html>":                                                              "web page",
		"-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n":                 "something else than a private key",
		readTestdata(t, "key.p12"):                                                           "PKCS#12",
		encoded(readTestdata(t, "key.p12")):                                                  "PKCS#12",
		readTestdata(t, "openssh-encrypted.pem"):                                             "encrypted by a passphrase",
		readTestdata(t, "openssh-ecdsa.pem"):                                                 "OpenSSH format",
		"":                                                                                   "empty",
		key[:300]:                                                                            "truncated",
		readTestdata(t, "x25519.pem"):                                                        "neither RSA nor Ed25519",
	} {
		t.Run(want, func(t *testing.T) {
			_, err := wrapper.NewCredentials(testKeyID, []byte(text))
			refusal, ok := errors.AsType[*wrapper.CredentialsError](err)
			if !ok || !strings.Contains(err.Error(), want) || refusal.Hint == "" {
				t.Fatalf("%q: got %v", text, err)
			}
			mustQuoteNothing(t, err, text)
			_, err = wrapper.InspectPublicKey([]byte(text))
			refusal, ok = errors.AsType[*wrapper.CredentialsError](err)
			if !ok || !strings.Contains(err.Error(), "public key") || refusal.Hint == "" {
				t.Errorf("%q as a public key: got %v", text, err)
			}
		})
	}
}

func TestWhatIsNoPublicKeyIsNamed(t *testing.T) {
	for file, want := range map[string]string{
		"rsa-pkcs8.pem": "this is a private key", "ed25519.pem": "this is a private key", "rsa-pkcs1.pem": "this is a private key",
		"openssh.pem": "this is a private key", "ec-pkcs8.pem": "this is a private key",
		"certificate.pem": "this is a certificate", "request.pem": "this is a certificate signing request",
	} {
		for name, text := range map[string]string{"": readTestdata(t, file), " in DER": string(der(readTestdata(t, file)))} {
			t.Run(file+name, func(t *testing.T) {
				if strings.HasPrefix(file, "openssh") && name != "" {
					return
				}
				_, err := wrapper.InspectPublicKey([]byte(text))
				if err == nil || !strings.Contains(err.Error(), want) && !(file == "ec-pkcs8.pem" && strings.Contains(err.Error(), "elliptic-curve")) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestAKeyIDThatStandsForOneIsRefused(t *testing.T) {
	key := []byte(readTestdata(t, "ed25519.pem"))
	for text, want := range map[string]string{
		"op://vault/kalshi/id": "a reference", "arn:aws:ssm:eu-1:1:parameter/id": "a reference", "$KALSHI_ID": "a variable",
	} {
		_, err := wrapper.NewCredentials(text, key)
		mustRefuse(t, err, wrapper.ProblemKeyID)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func FuzzInspectPublicKey(f *testing.F) {
	for _, name := range []string{"public-spki.pem", "public-ed25519.pem", "public-pkcs1.pem", "openssh.pem.pub", "ssh2.pub"} {
		text, err := readFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(text))
		for _, row := range forms[:8] {
			if strings.HasPrefix(text, "-----") {
				f.Add([]byte(row.form(text)))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		report, err := wrapper.InspectPublicKey(text)
		if err != nil {
			mustQuoteNothing(t, err, string(text))
			return
		}
		again, err := wrapper.InspectPublicKey([]byte(report.PEM))
		if err != nil || again.PEM != report.PEM || again.Repairs != nil || again.Type != report.Type {
			t.Errorf("%q became %q, and that %+v, %v", text, report.PEM, again, err)
		}
	})
}
