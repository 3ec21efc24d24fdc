package wrapper_test

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"kalshi.internal/apikeys/wrapper"
)

// testKeys are the clean private keys of testdata that are accepted.
var testKeys = []string{"rsa-pkcs1.pem", "rsa-pkcs8.pem", "rsa3072-pkcs1.pem", "ed25519.pem"}

// mangling is one thing that happens to a PEM between where it was made and where it is used.
type mangling struct {
	name   string
	mangle func(string) string
	// What else it does decides which manglings cannot be undone together: text beside a key
	// can only be told from the key by the armour line between them.
	addsBefore, addsAfter, losesBegin, losesEnd, encodes bool
}

var (
	beginLine   = regexp.MustCompile(`[-–]*\s*BEGIN\s*(RSA\s*)?PRIVATE\s*KEY[-–]*`)
	endLine     = regexp.MustCompile(`[-–]*\s*END\s*(RSA\s*)?PRIVATE\s*KEY[-–]*`)
	lineEnds    = regexp.MustCompile(`\r\n|\r|\n`)
	whiteSpaces = regexp.MustCompile(`\s+`)
)

var manglings = []mangling{
	{name: "nothing", mangle: func(s string) string { return s }},
	{name: `literal \n`, mangle: replaceLineEnds(`\n`)},
	{name: `literal \r\n`, mangle: replaceLineEnds(`\r\n`)},
	{name: `doubly escaped \\n`, mangle: replaceLineEnds(`\\n`)},
	{name: `doubly escaped \\r\\n`, mangle: replaceLineEnds(`\\r\\n`)},
	{name: "double quotes", mangle: around(`"`, `"`)},
	{name: "single quotes", mangle: around(`'`, `'`)},
	{name: "back quotes", mangle: around("`", "`")},
	{name: "typographic quotes", mangle: around("“", "”")},
	{name: "spaces around", mangle: around("  \t\n", " \n\n ")},
	{name: "a byte order mark", mangle: around("\ufeff", "")},
	{name: "a zero-width space", mangle: around("\u200b", "\u200b")},
	{name: "CRLF", mangle: replaceLineEnds("\r\n")},
	{name: "bare CR", mangle: replaceLineEnds("\r")},
	{name: "spaces for line breaks", mangle: replaceLineEnds(" ")},
	{name: "no line breaks", mangle: replaceLineEnds("")},
	{name: "no white space at all", mangle: func(s string) string { return whiteSpaces.ReplaceAllString(s, "") }},
	{name: "no spaces in the armour", mangle: inArmour(" ", "")},
	{name: "line breaks in the armour", mangle: inArmour(" ", "\n")},
	{name: "no dashes", mangle: inArmour("-", "")},
	{name: "uneven dashes", mangle: func(s string) string {
		return strings.NewReplacer("-----BEGIN", "---BEGIN", "-----END", "------END").Replace(s)
	}},
	{name: "typographic dashes", mangle: inArmour("--", "–")},
	{name: "no armour", mangle: func(s string) string {
		return endLine.ReplaceAllString(beginLine.ReplaceAllString(s, ""), "")
	}, losesBegin: true, losesEnd: true},
	{name: "no BEGIN line", mangle: func(s string) string { return beginLine.ReplaceAllString(s, "") }, losesBegin: true},
	{name: "no END line", mangle: func(s string) string { return endLine.ReplaceAllString(s, "") }, losesEnd: true},
	{name: "indentation", mangle: func(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }},
	{name: "trailing spaces", mangle: replaceLineEnds("  \n")},
	{name: "empty lines", mangle: replaceLineEnds("\n\n")},
	{name: "text before", mangle: around("The bot's key, keep it safe:\n", ""), addsBefore: true},
	{name: "text after", mangle: around("", "\n\nThat was it."), addsAfter: true},
	{name: "a shell assignment", mangle: around("export KALSHI_PRIVATE_KEY='", "'"), addsBefore: true},
	{name: "a JSON object", mangle: inJSON, addsBefore: true, addsAfter: true},
	{name: "base64 once more", mangle: func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(s))
	}, encodes: true},
	{name: "base64 once more, no padding", mangle: func(s string) string {
		return base64.RawStdEncoding.EncodeToString([]byte(s))
	}, encodes: true},
}

func around(before, after string) func(string) string {
	return func(s string) string { return before + s + after }
}

func replaceLineEnds(with string) func(string) string {
	return func(s string) string { return lineEnds.ReplaceAllLiteralString(s, with) }
}

func inArmour(what, with string) func(string) string {
	replace := func(line string) string { return strings.ReplaceAll(line, what, with) }
	return func(s string) string {
		return endLine.ReplaceAllStringFunc(beginLine.ReplaceAllStringFunc(s, replace), replace)
	}
}

func inJSON(s string) string {
	text, err := json.Marshal(map[string]string{"id": "0190a5f2", "key": s, "name": "bot"})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// repairable reports whether first and then second leave enough to find the key.
func repairable(first, second mangling) bool {
	for _, pair := range [][2]mangling{{first, second}, {second, first}} {
		if pair[0].addsBefore && pair[1].losesBegin || pair[0].addsAfter && pair[1].losesEnd {
			return false
		}
	}
	return !first.encodes || !second.encodes && !second.addsBefore && !second.addsAfter
}

func TestEveryMangledKeyIsRepairedToTheSameKey(t *testing.T) {
	for _, name := range testKeys {
		text := readTestdata(t, name)
		want := referenceKey(t, text)
		for _, m := range manglings {
			t.Run(name+"/"+m.name, func(t *testing.T) { mustGive(t, m.mangle(text), want) })
		}
	}
}

func TestEveryTwiceMangledKeyIsRepairedToTheSameKey(t *testing.T) {
	names := []string{"rsa-pkcs1.pem", "ed25519.pem"}
	if testing.Short() {
		// The race detector makes parsing an RSA key slow, and there is nothing here to race.
		names = names[1:]
	}
	for _, name := range names {
		text := readTestdata(t, name)
		want := referenceKey(t, text)
		for _, first := range manglings {
			for _, second := range manglings {
				if !repairable(first, second) {
					continue
				}
				t.Run(name+"/"+first.name+", then "+second.name, func(t *testing.T) {
					mustGive(t, second.mangle(first.mangle(text)), want)
				})
			}
		}
	}
}

func TestARepairIsReported(t *testing.T) {
	clean := readTestdata(t, "rsa-pkcs1.pem")
	mended := "mended the BEGIN and END lines"
	lines := "restored the line breaks"
	text := "left out the text around the key"
	quotes := "removed quotes and backslashes"
	escapes := "turned escaped line breaks into line breaks"
	reports := map[string][]string{
		"nothing":                      nil,
		`literal \n`:                   {escapes},
		"double quotes":                {quotes},
		"a byte order mark":            {"removed a byte order mark or invisible characters"},
		"CRLF":                         {"turned carriage returns into line breaks"},
		"spaces for line breaks":       {"removed indentation and trailing spaces", lines},
		"no line breaks":               {lines},
		"no white space at all":        {mended, lines},
		"no spaces in the armour":      {mended},
		"uneven dashes":                {mended},
		"no armour":                    {"added the missing BEGIN and END lines"},
		"no BEGIN line":                {"added the missing BEGIN line", lines},
		"no END line":                  {"added the missing END line", lines},
		"indentation":                  {"removed indentation and trailing spaces"},
		"text before":                  {quotes, text},
		"text after":                   {text},
		"a JSON object":                {escapes, quotes, text},
		"base64 once more":             {"decoded the outer of two layers of base64"},
		"base64 once more, no padding": {"decoded the outer of two layers of base64"},
	}
	for _, m := range manglings {
		want, listed := reports[m.name]
		if !listed {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			report, err := wrapper.InspectPrivateKey([]byte(m.mangle(clean)))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(report.Repairs, "; "); got != strings.Join(want, "; ") {
				t.Errorf("repairs are %q, want %q", report.Repairs, want)
			}
		})
	}
}

func TestLostPaddingIsRestoredAndReported(t *testing.T) {
	clean := readTestdata(t, "rsa-pkcs8.pem")
	if !strings.Contains(clean, "==") {
		t.Fatal("the test key has no padding to lose")
	}
	report, err := wrapper.InspectPrivateKey([]byte(strings.ReplaceAll(clean, "=", "")))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Repairs) != 1 || report.Repairs[0] != "restored the padding" {
		t.Errorf("repairs are %q", report.Repairs)
	}
}

func TestAPrivateKeyBesideOtherPEMBlocksIsFound(t *testing.T) {
	key := readTestdata(t, "rsa-pkcs8.pem")
	want := referenceKey(t, key)
	for _, other := range []string{"certificate.pem", "public-spki.pem", "request.pem"} {
		text := readTestdata(t, other)
		mustGive(t, text+key, want)
		mustGive(t, key+text, want)
	}
}

// A line break at its end keeps a text from being read without a look for repairs, and changes nothing else
// of what is text at all.
func mustMatchTheRepairing(t *testing.T, text string, report wrapper.PrivateKeyReport, err error) {
	t.Helper()
	repaired, other := wrapper.InspectPrivateKey([]byte(text + "\n"))
	if len(text) == 64<<10 || strings.Contains(text, "\x00") || !utf8.ValidString(text) {
		return // it is too large with the line break, or in another encoding
	}
	if fmt.Sprint(err) != fmt.Sprint(other) || !reflect.DeepEqual(report, repaired) {
		t.Errorf("read at once: %+v, %v; with a look for repairs: %+v, %v", report, err, repaired, other)
	}
}

func TestAWellFormedKeyIsReadAsOneThatNeedsRepair(t *testing.T) {
	names := testKeys
	if testing.Short() {
		names = names[len(names)-1:] // the race detector makes parsing RSA keys slow
	}
	for _, name := range names {
		block, _ := pem.Decode([]byte(readTestdata(t, name)))
		for i := range 40 {
			damaged := slices.Clone(block.Bytes)
			switch {
			case i < 20:
				damaged[i] ^= 1 << (i % 8)
			case i < 39:
				damaged = damaged[:len(damaged)*(i-20)/20]
			default:
				damaged = append(damaged, 0)
			}
			for _, der := range [][]byte{block.Bytes, damaged} {
				commented := &pem.Block{Type: "PRIVATE KEY", Headers: map[string]string{"Comment": "a key"}, Bytes: der}
				text := string(pem.EncodeToMemory(commented))
				report, err := wrapper.InspectPrivateKey([]byte(text))
				mustMatchTheRepairing(t, text, report, err)
				for _, label := range []string{"RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE"} {
					text := string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
					report, err := wrapper.InspectPrivateKey([]byte(text))
					mustMatchTheRepairing(t, text, report, err)
				}
			}
		}
	}
}

func FuzzInspectPrivateKey(f *testing.F) {
	files, err := filepath.Glob("testdata/credentials/*.pem")
	if err != nil || len(files) == 0 {
		f.Fatal("no testdata", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(text[:len(text)/2])
		if filepath.Base(file) != "ed25519.pem" {
			continue
		}
		for _, m := range manglings {
			f.Add([]byte(m.mangle(string(text))))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		report, err := wrapper.InspectPrivateKey(text)
		if err != nil {
			mustQuoteNothing(t, err, string(text))
		} else if !report.Type.Valid() || report.Bits == 0 || report.Format == "" {
			t.Errorf("a key was accepted without being described: %+v", report)
		}
		mustMatchTheRepairing(t, string(text), report, err)
		_, made := wrapper.NewCredentials("key", text)
		if (made == nil) != (err == nil) {
			t.Errorf("InspectPrivateKey says %v, NewCredentials says %v", err, made)
		}
	})
}

// mustGive fails unless text is read as the private key want.
func mustGive(t *testing.T, text string, want crypto.Signer) {
	t.Helper()
	credentials, err := wrapper.NewCredentials("key", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := credentials.Signer().(interface{ Equal(crypto.PrivateKey) bool })
	if !ok || !got.Equal(want) {
		t.Error("the repaired key is another key")
	}
}

// referenceKey parses a clean PEM with the standard library alone.
func referenceKey(t *testing.T, text string) crypto.Signer {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("the test key is no PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		t.Fatal("the test key does not sign")
	}
	return signer
}

func readFile(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join("testdata", "credentials", name))
	return string(text), err
}

func readTestdata(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "credentials", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mustQuoteNothing fails if the error's text repeats 16 characters in a row of the input that
// could be part of a key.
func mustQuoteNothing(t *testing.T, err error, input string) {
	t.Helper()
	const run = 16
	text := err.Error()
	for i := 0; i+run <= len(text); i++ {
		part := text[i : i+run]
		if base64Run.MatchString(part) && strings.Contains(input, part) {
			t.Fatalf("the error quotes its input: %s", text)
		}
	}
}

var base64Run = regexp.MustCompile(`^[0-9A-Za-z+/=]+$`)
