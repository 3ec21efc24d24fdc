package wrapper_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const testKeyID = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"

func TestEveryFormOfAPrivateKeyIsDescribed(t *testing.T) {
	for name, want := range map[string]wrapper.PrivateKeyReport{
		"rsa-pkcs1.pem":       {Type: gen.KeyTypeRSA, Bits: 2048, Format: "PKCS#1"},
		"rsa-pkcs8.pem":       {Type: gen.KeyTypeRSA, Bits: 2048, Format: "PKCS#8"},
		"rsa3072-pkcs1.pem":   {Type: gen.KeyTypeRSA, Bits: 3072, Format: "PKCS#1"},
		"ed25519.pem":         {Type: gen.KeyTypeEd25519, Bits: 256, Format: "PKCS#8"},
		"ed25519-rfc5958.pem": {Type: gen.KeyTypeEd25519, Bits: 256, Format: "PKCS#8"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := wrapper.InspectPrivateKey([]byte(readTestdata(t, name)))
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestWhatIsNoUsablePrivateKeyIsRefusedByName(t *testing.T) {
	rsaKey, ed25519Key := readTestdata(t, "rsa-pkcs1.pem"), readTestdata(t, "ed25519.pem")
	seed := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	for name, test := range map[string]struct {
		text string
		want wrapper.CredentialsProblem
	}{
		"nothing":                        {"", "empty"},
		"white space":                    {" \r\n\t", "empty"},
		"empty quotes":                   {`""`, "empty"},
		"words":                          {"my private key", "not_pem"},
		"a word that is base64":          {"hello123", "not_pem"},
		"a bare Ed25519 seed":            {seed, "not_pem"},
		"five layers of base64":          {encoded(encoded(encoded(encoded(rsaKey)))), "not_pem"},
		"a key ID":                       {testKeyID, "not_pem"},
		"more than 64 KiB":               {rsaKey + strings.Repeat(" ", 64<<10), "too_large"},
		"an encrypted PKCS#8 key":        {readTestdata(t, "encrypted-pkcs8.pem"), "encrypted"},
		"an encrypted PKCS#1 key":        {readTestdata(t, "encrypted-pkcs1.pem"), "encrypted"},
		"a public key":                   {readTestdata(t, "public-spki.pem"), "public_key"},
		"a PKCS#1 public key":            {readTestdata(t, "public-pkcs1.pem"), "public_key"},
		"an Ed25519 public key":          {readTestdata(t, "public-ed25519.pem"), "public_key"},
		"an OpenSSH public key":          {readTestdata(t, "openssh.pem.pub"), "public_key"},
		"a certificate":                  {readTestdata(t, "certificate.pem"), "certificate"},
		"a certificate signing request":  {readTestdata(t, "request.pem"), "certificate_request"},
		"an EC key with parameters":      {readTestdata(t, "ec-sec1.pem"), "ec_key"},
		"an EC key in PKCS#8":            {readTestdata(t, "ec-pkcs8.pem"), "ec_key"},
		"an EC key on another curve":     {readTestdata(t, "ec-secp256k1.pem"), "ec_key"},
		"an OpenSSH key with passphrase": {readTestdata(t, "openssh-encrypted.pem"), "encrypted"},
		"an OpenSSH key of another type": {readTestdata(t, "openssh-ecdsa.pem"), "openssh_key"},
		"an RSA key of 1024 bits":        {readTestdata(t, "rsa1024-pkcs1.pem"), "weak_rsa"},
		"an RSA key of 512 bits":         {readTestdata(t, "rsa512-pkcs8.pem"), "weak_rsa"},
		"an X25519 key":                  {readTestdata(t, "x25519.pem"), "key_type"},
		"two private keys":               {rsaKey + ed25519Key, "several_keys"},
		"one private key, and half":      {rsaKey + rsaKey[:200], "several_keys"},
		"armour with nothing inside":     {armoured("RSA PRIVATE KEY", ""), "truncated"},
		"the BEGIN line alone":           {strings.SplitAfter(rsaKey, "\n")[0], "truncated"},
		"a key cut short":                {rsaKey[:len(rsaKey)/2], "truncated"},
		"a key cut within four letters":  {withBody(rsaKey, func(b string) string { return b[:len(b)-7] }), "truncated"},
		"a bare body cut short":          {body(rsaKey)[:400], "truncated"},
		"a lost line":                    {withoutLine(rsaKey, 5), "truncated"},
		"a letter that is not base64":    {withBody(rsaKey, func(b string) string { return b[:90] + "*" + b[91:] }), "damaged"},
		"a letter exchanged":             {withBody(rsaKey, func(b string) string { return b[:200] + other(b[200]) + b[201:] }), "damaged"},
		"a letter too many":              {withBody(readTestdata(t, "rsa-pkcs8.pem"), func(b string) string { return strings.TrimRight(b, "=\n") + "AAA" }), "damaged"},
		"a letter too many, in whole":    {withBody(ed25519Key, func(b string) string { return strings.TrimSpace(b) + "A\n" }), "damaged"},
		"bytes after the key":            {withBody(ed25519Key, func(b string) string { return strings.TrimSpace(b) + "AAAA\n" }), "damaged"},
		"armour around other bytes":      {armoured("PRIVATE KEY", encoded("no DER")), "damaged"},
		"armour around other DER":        {armoured("PRIVATE KEY", encoded("\x30\x03\x02\x01\x01")), "damaged"},
		"an Ed25519 key of wrong length": {armoured("PRIVATE KEY", encoded("\x30\x0e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x02\x04\x00")), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wrapper.NewCredentials(testKeyID, []byte(test.text))
			mustRefuse(t, err, test.want)
			mustQuoteNothing(t, err, test.text)
			_, err = wrapper.InspectPrivateKey([]byte(test.text))
			mustRefuse(t, err, test.want)
		})
	}
}

func TestWhatHidesBehindTheWrongArmourOrNoneIsRefusedByName(t *testing.T) {
	for file, want := range map[string]wrapper.CredentialsProblem{
		"encrypted-pkcs8.pem": "encrypted",
		"public-spki.pem":     "public_key",
		"public-pkcs1.pem":    "public_key",
		"certificate.pem":     "certificate",
		"request.pem":         "certificate_request",
		"ec-pkcs8.pem":        "ec_key",
		"ec-secp256k1.pem":    "ec_key",
		"ec-bare.pem":         "ec_key",
		"x25519.pem":          "key_type",
	} {
		text := body(readTestdata(t, file))
		for name, text := range map[string]string{"no armour": text, "PRIVATE KEY": armoured("PRIVATE KEY", text)} {
			t.Run(file+" with "+name, func(t *testing.T) {
				_, err := wrapper.NewCredentials(testKeyID, []byte(text))
				mustRefuse(t, err, want)
				mustQuoteNothing(t, err, text)
			})
		}
	}
}

func TestEveryCredentialsErrorSaysWhereAndWhatToDo(t *testing.T) {
	_, err := wrapper.NewCredentials(testKeyID, []byte(readTestdata(t, "encrypted-pkcs8.pem")))
	const want = "kalshi: credentials: private key: the private key is encrypted. Decrypt it to a file that only you can read: (umask 077 && openssl pkey -in ENCRYPTED.pem -out PRIVATE.pem)"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestKeyIDs(t *testing.T) {
	key := []byte(readTestdata(t, "ed25519.pem"))
	for name, test := range map[string]struct{ keyID, want string }{
		"white space around it is removed": {" \t" + testKeyID + "\r\n", testKeyID},
		"an ID of another form is kept":    {"key_1.a:b/c=", "key_1.a:b/c="},
	} {
		t.Run(name, func(t *testing.T) {
			credentials, err := wrapper.NewCredentials(test.keyID, key)
			if err != nil {
				t.Fatal(err)
			}
			if credentials.KeyID() != test.want {
				t.Errorf("the key ID is %q, want %q", credentials.KeyID(), test.want)
			}
		})
	}
	for name, test := range map[string]struct{ keyID, says string }{
		"an empty ID":             {"", "it is empty"},
		"an ID of white space":    {" \n", "it is empty"},
		"a space":                 {"0190 a5f2", `"0190 a5f2" contains a space`},
		"a double quote":          {`"0190"`, "contains a quote"},
		"a single quote":          {`'0190'`, "contains a quote"},
		"a bracket":               {"<0190>", "contains a bracket"},
		"a brace":                 {"{0190}", "contains a bracket"},
		"a tab":                   {"0190\ta5f2", `"0190\ta5f2" contains a control character`},
		"an escape sequence":      {"0190\x1b[31m", `\x1b`},
		"a delete character":      {"0190\x7f", "contains a control character"},
		"a typographic dash":      {"0190–a5f2", `"0190\u2013a5f2" contains a character outside ASCII`},
		"bytes that are no UTF-8": {"0190\xff", "outside ASCII"},
		"a long ID":               {strings.Repeat("0190-", 30), "longer than 128 bytes"},
		"a long ID with a space":  {strings.Repeat("0190-", 10) + " x", "(it contains a space)"},
		"a private key":           {string(key), "looks like a private key"},
		"a private key's body":    {body(string(key)), "looks like a private key"},
		"an encoded private key":  {encoded(string(key)), "looks like a private key"},
		"a private key's BEGIN":   {strings.SplitAfter(string(key), "\n")[0], "looks like a private key"},
		"two lines":               {"0190\na5f2", "looks like a private key"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := wrapper.NewCredentials(test.keyID, key)
			mustRefuse(t, err, wrapper.ProblemKeyID)
			if !strings.Contains(err.Error(), test.says) || strings.ContainsAny(err.Error(), "\x1b\t\n\x7f") {
				t.Errorf("the error is %q, want it to say %q and to hold no control character", err, test.says)
			}
			mustQuoteNothing(t, err, string(key))
			_, err = wrapper.NewSignerCredentials(test.keyID, ed25519.NewKeyFromSeed(make([]byte, 32)))
			mustRefuse(t, err, wrapper.ProblemKeyID)
		})
	}
}

func TestAKeyIDOfPaddingAloneIsKept(t *testing.T) {
	keyID := strings.Repeat("=", 64)
	credentials, err := wrapper.NewCredentials(keyID, []byte(readTestdata(t, "ed25519.pem")))
	if err != nil || credentials.KeyID() != keyID {
		t.Errorf("got %v, %v", credentials, err)
	}
}

func FuzzKeyID(f *testing.F) {
	for _, keyID := range []string{testKeyID, "", " a b ", "\x1b[2J", "====", "0190\xff", strings.Repeat("M", 64)} {
		f.Add(keyID)
	}
	signer := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	f.Fuzz(func(t *testing.T, keyID string) {
		credentials, err := wrapper.NewSignerCredentials(keyID, signer)
		if err == nil {
			if keyID = credentials.KeyID(); keyID == "" || strings.ContainsAny(keyID, " \"'`()[]{}<>\r\n\t\x00") {
				t.Errorf("the key ID %q was accepted", keyID)
			}
		} else if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("the error holds more than printable ASCII: %q", err)
		}
	})
}

// remoteSigner is a signer as a key service would offer it: all it shows is the public key.
type remoteSigner struct{ key crypto.Signer }

func (s *remoteSigner) Public() crypto.PublicKey { return s.key.Public() }

func (s *remoteSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.key.Sign(random, digest, opts)
}

// publicSigner claims whatever public key it holds.
type publicSigner struct{ public crypto.PublicKey }

func (s publicSigner) Public() crypto.PublicKey { return s.public }

func (s publicSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("signs nothing")
}

func TestASignerThatKeepsItsKeySigns(t *testing.T) {
	for _, name := range []string{"rsa-pkcs1.pem", "ed25519.pem"} {
		t.Run(name, func(t *testing.T) {
			key := referenceKey(t, readTestdata(t, name))
			credentials, err := wrapper.NewSignerCredentials(" "+testKeyID, &remoteSigner{key})
			if err != nil {
				t.Fatal(err)
			}
			if credentials.KeyID() != testKeyID {
				t.Errorf("the key ID is %q", credentials.KeyID())
			}
			mustSign(t, credentials, key.Public())
		})
	}
}

func TestAnUnusableSignerIsRefused(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, _ := referenceKey(t, readTestdata(t, "rsa-pkcs1.pem")).Public().(*rsa.PublicKey)
	for name, test := range map[string]struct {
		signer crypto.Signer
		want   wrapper.CredentialsProblem
	}{
		"no signer":                      {nil, "signer"},
		"a key with half of its bytes":   {ed25519.NewKeyFromSeed(make([]byte, 32))[:40], "signer"},
		"a nil pointer to a signer":      {(*remoteSigner)(nil), "signer"},
		"a nil RSA key":                  {(*rsa.PrivateKey)(nil), "signer"},
		"an RSA key without numbers":     {&rsa.PrivateKey{}, "signer"},
		"an Ed25519 key of wrong length": {ed25519.PrivateKey{1, 2, 3}, "signer"},
		"a nil Ed25519 key":              {ed25519.PrivateKey(nil), "signer"},
		"no public key":                  {publicSigner{nil}, "signer"},
		"a nil public key":               {publicSigner{(*rsa.PublicKey)(nil)}, "signer"},
		"a short Ed25519 public key":     {publicSigner{ed25519.PublicKey{1}}, "signer"},
		"an RSA public key by value":     {publicSigner{*rsaKey}, "key_type"},
		"an EC key":                      {ec, "ec_key"},
		"a weak RSA key":                 {referenceKey(t, readTestdata(t, "rsa1024-pkcs1.pem")), "weak_rsa"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wrapper.NewSignerCredentials(testKeyID, test.signer)
			mustRefuse(t, err, test.want)
		})
	}
}

func TestCredentialsAreTheirOwnSource(t *testing.T) {
	credentials := mustMake(t, "ed25519.pem")
	got, err := credentials.Credentials(t.Context())
	if err != nil || got != credentials {
		t.Errorf("got %v, %v, want the credentials themselves", got, err)
	}
}

func TestNilAndZeroCredentialsAreNoSource(t *testing.T) {
	for _, credentials := range []*wrapper.Credentials{nil, {}} {
		got, err := credentials.Credentials(t.Context())
		mustRefuse(t, err, "signer")
		if got != nil {
			t.Errorf("got %v beside the error", got)
		}
	}
	if (&wrapper.Credentials{}).Signer() != nil {
		t.Error("the zero Credentials have a signer")
	}
}

func TestCredentialsDoNotChangeWithTheirInput(t *testing.T) {
	text := []byte(readTestdata(t, "ed25519.pem"))
	public := referenceKey(t, string(text)).Public()
	credentials, err := wrapper.NewCredentials(testKeyID, text)
	if err != nil {
		t.Fatal(err)
	}
	clear(text)
	mustSign(t, credentials, public)
}

func TestCredentialsAreSafeForConcurrentUse(t *testing.T) {
	credentials := mustMake(t, "rsa-pkcs1.pem")
	public := credentials.Signer().Public()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			mustSign(t, credentials, public)
			_ = fmt.Sprint(credentials.KeyID(), credentials)
		})
	}
	group.Wait()
}

func TestNoPrinterShowsKeyMaterial(t *testing.T) {
	for _, name := range []string{"rsa-pkcs1.pem", "ed25519.pem"} {
		credentials := mustMake(t, name)
		canaries := keyCanaries(t, credentials.Signer())
		for kind, value := range map[string]any{
			"a value":             *credentials,
			"a pointer":           credentials,
			"an exported field":   struct{ C wrapper.Credentials }{*credentials},
			"an exported pointer": struct{ C *wrapper.Credentials }{credentials},
			"a slice":             []*wrapper.Credentials{credentials},
			"a map":               map[string]wrapper.Credentials{"c": *credentials},
			"an unexported field": struct{ c wrapper.Credentials }{*credentials},
			"a hidden pointer":    struct{ c *wrapper.Credentials }{credentials},
		} {
			t.Run(name+" in "+kind, func(t *testing.T) {
				for verb, text := range printed(t, value) {
					for _, canary := range canaries {
						if strings.Contains(strings.ToLower(text), strings.ToLower(canary)) {
							t.Errorf("%s shows key material: %s", verb, text)
						}
					}
				}
			})
		}
	}
}

func TestPrintersShowTheKeyIDAndThatTheKeyIsRedacted(t *testing.T) {
	credentials := mustMake(t, "ed25519.pem")
	for kind, value := range map[string]any{"a value": *credentials, "a pointer": credentials} {
		for verb, text := range printed(t, value) {
			if verb == "%T" {
				continue
			}
			if !strings.Contains(text, testKeyID) || !strings.Contains(text, "[REDACTED]") {
				t.Errorf("%s with %s shows %q", kind, verb, text)
			}
		}
	}
}

func TestAPanicWithCredentialsShowsThemRedacted(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "[REDACTED]") {
			t.Errorf("the panic shows %q", text)
		}
	}()
	panic(mustMake(t, "ed25519.pem"))
}

// printed returns what each of Go's printers makes of value.
func printed(t *testing.T, value any) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		texts[verb] = fmt.Sprintf(verb, value)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	texts["JSON"] = string(text)
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"slog text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"slog JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var out bytes.Buffer
		slog.New(handler(&out)).Info("made", "credentials", value)
		texts[name] = out.String()
	}
	return texts
}

// keyCanaries returns parts of key in the forms in which a printer would show it.
func keyCanaries(t *testing.T, signer crypto.Signer) []string {
	t.Helper()
	var canaries []string
	show := func(secret []byte) {
		part := secret[:12]
		canaries = append(canaries, hex.EncodeToString(part), base64.StdEncoding.EncodeToString(part),
			strings.Trim(fmt.Sprintf("%d", part), "[]"), strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", part), "[]byte{"), "}"))
	}
	switch key := signer.(type) {
	case ed25519.PrivateKey:
		show(key)
	case *rsa.PrivateKey:
		for _, number := range append(key.Primes, key.D) {
			show(number.Bytes())
			canaries = append(canaries, number.String()[:20])
		}
	default:
		t.Fatalf("no canaries for %T", signer)
	}
	return canaries
}

func mustMake(t *testing.T, file string) *wrapper.Credentials {
	t.Helper()
	credentials, err := wrapper.NewCredentials(testKeyID, []byte(readTestdata(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	return credentials
}

func mustSign(t *testing.T, credentials *wrapper.Credentials, public crypto.PublicKey) {
	t.Helper()
	signed, err := protocol.Sign(credentials.Signer(), "1", "GET", "/")
	if err == nil {
		err = protocol.Verify(public, "1", "GET", "/", signed)
	}
	if err != nil {
		t.Error(err)
	}
}

// mustRefuse fails unless err is a CredentialsError with the problem want, a source and a hint.
func mustRefuse(t *testing.T, err error, want wrapper.CredentialsProblem) {
	t.Helper()
	_ = refusalOf(t, err, want)
}

// refusalOf is mustRefuse for tests that look at the error more closely.
func refusalOf(t *testing.T, err error, want wrapper.CredentialsProblem) *wrapper.CredentialsError {
	t.Helper()
	refusal, ok := errors.AsType[*wrapper.CredentialsError](err)
	if !ok {
		t.Fatalf("got %v, want a CredentialsError for %q", err, want)
	}
	if refusal.Problem != want {
		t.Fatalf("the problem is %q, want %q", refusal.Problem, want)
	}
	if refusal.Hint == "" || refusal.Source == "" || !strings.Contains(err.Error(), refusal.Hint) {
		t.Errorf("%q lacks a source or a hint", err)
	}
	return refusal
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func armoured(label, body string) string {
	return "-----BEGIN " + label + "-----\n" + strings.TrimSpace(body) + "\n-----END " + label + "-----\n"
}

// body returns what stands between the armour lines.
func body(text string) string {
	lines := strings.SplitAfter(strings.TrimSpace(text), "\n")
	return strings.Join(lines[1:len(lines)-1], "")
}

func withBody(text string, change func(string) string) string {
	return strings.Replace(text, body(text), change(body(text)), 1)
}

func withoutLine(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(append(lines[:n:n], lines[n+1:]...), "")
}

func other(char byte) string {
	if char == 'A' {
		return "B"
	}
	return "A"
}
