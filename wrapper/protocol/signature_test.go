package protocol_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestTheTimestampIsUnixTimeInMilliseconds(t *testing.T) {
	for want, at := range map[string]time.Time{
		"1703123456789": time.UnixMilli(1703123456789),
		"0":             time.Unix(0, 999_999),
		"-1500":         time.UnixMilli(-1500),
	} {
		if got := protocol.Timestamp(at.In(time.FixedZone("east", 3600))); got != want {
			t.Errorf("Timestamp(%v) is %s, want %s", at, got, want)
		}
	}
}

func TestTheTextIsTimestampMethodAndPathWithNothingBetween(t *testing.T) {
	if got := protocol.Text("1703123456789", "get", "/trade-api/v2/api_keys"); got != "1703123456789GET/trade-api/v2/api_keys" {
		t.Errorf("the text is %q", got)
	}
}

func TestTheSignedPathIsThatOfTheRequestLine(t *testing.T) {
	lines := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		lines <- r.RequestURI
	}))
	defer server.Close()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) *url.URL {
		u, err := url.Parse(server.URL + text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	made := func(change func(*url.URL)) *url.URL {
		u := *base
		change(&u)
		return &u
	}
	for name, test := range map[string]struct {
		url  *url.URL
		want string
	}{
		"a plain path":                 {at("/trade-api/v2/api_keys"), "/trade-api/v2/api_keys"},
		"a trailing slash":             {at("/trade-api/v2/api_keys/"), "/trade-api/v2/api_keys/"},
		"a query":                      {at("/api_keys?fcm_subtrader_id=a_b&x=%3F"), "/api_keys"},
		"a query with a question mark": {at("/api_keys?a=b?c=d"), "/api_keys"},
		"a question mark at the end":   {at("/api_keys?"), "/api_keys"},
		"a fragment":                   {at("/api_keys#part"), "/api_keys"},
		"no path":                      {at(""), "/"},
		"no path but a query":          {at("?a=b"), "/"},
		"an escaped slash":             {at("/trade-api/v2/a%2Fb"), "/trade-api/v2/a%2Fb"},
		"an escape in lower case":      {at("/a%2fb"), "/a%2fb"},
		"an escape without need":       {at("/%61bc"), "/%61bc"},
		"an escaped question mark":     {at("/a%3Fb?c"), "/a%3Fb"},
		"an escaped percent sign":      {at("/a%25b"), "/a%25b"},
		"an escaped space":             {at("/a%20b"), "/a%20b"},
		"a space":                      {at("/a b"), "/a%20b"},
		"a plus sign":                  {at("/a+b"), "/a+b"},
		"letters outside ASCII":        {at("/café/日本"), "/caf%C3%A9/%E6%97%A5%E6%9C%AC"},
		"two slashes at the start":     {at("//double"), "//double"},
		"two slashes within":           {at("/a//b"), "/a//b"},
		"dots":                         {at("/a/../b/./c"), "/a/../b/./c"},
		"characters that need no escape": {
			at("/a;b,c:d@e&f=g$h!i'j(k)l*m~n-o_p.q"), "/a;b,c:d@e&f=g$h!i'j(k)l*m~n-o_p.q"},
		"brackets and quotes": {at(`/[a]"b"<c>`), `/%5Ba%5D%22b%22%3Cc%3E`},
		"a path set by hand":  {made(func(u *url.URL) { u.Path = "/a?b/c%2Fd" }), "/a%3Fb/c%252Fd"},
		"a raw path that belongs to another path": {
			made(func(u *url.URL) { u.Path, u.RawPath = "/a/b", "/x%2Fy" }), "/a/b"},
		"a raw path that belongs to the path": {
			made(func(u *url.URL) { u.Path, u.RawPath = "/a/b", "/a%2Fb" }), "/a%2Fb"},
		"a query without a path, by hand": {made(func(u *url.URL) { u.RawQuery = "a=b" }), "/"},
		"a user in the URL":               {made(func(u *url.URL) { u.User, u.Path = url.User("me"), "/a" }), "/a"},
	} {
		t.Run(name, func(t *testing.T) {
			request := (&http.Request{Method: http.MethodGet, URL: test.url}).WithContext(t.Context())
			response, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			sent, _, _ := strings.Cut(<-lines, "?")
			got := protocol.Path(test.url)
			if got != sent || got != test.want {
				t.Errorf("the signed path is %q, the request line has %q, want %q", got, sent, test.want)
			}
		})
	}
}

func TestTheMethodIsSignedInUpperCase(t *testing.T) {
	for _, file := range []string{"rsa.pem", "ed25519.pem"} {
		key := readKey(t, file)
		signed, err := protocol.Sign(key, "1", "delete", "/")
		if err != nil {
			t.Fatal(err)
		}
		if err := protocol.Verify(key.Public(), "1", "DELETE", "/", signed); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestASignatureOfAnotherKeyDoesNotMatch(t *testing.T) {
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"rsa.pem", "ed25519.pem"} {
		signed, err := protocol.Sign(other, "1", "GET", "/")
		if err != nil {
			t.Fatal(err)
		}
		if err := protocol.Verify(readKey(t, file).Public(), "1", "GET", "/", signed); !says(err, "does not match key and text") {
			t.Errorf("%s: got %v, want: does not match key and text", file, err)
		}
	}
}

func TestASignatureThatIsNoPaddedStandardBase64IsRefused(t *testing.T) {
	for _, file := range []string{"rsa.pem", "ed25519.pem"} {
		key := readKey(t, file)
		good, err := protocol.Sign(key, "1", "GET", "/")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(good)
		if err != nil {
			t.Fatalf("the signature itself is no padded standard base64: %v", err)
		}
		// Bytes that must differ between the two alphabets.
		urlSafe := base64.URLEncoding.EncodeToString(append([]byte{0xff, 0xef, 0xbe}, raw...))
		for name, encoded := range map[string]string{
			"without padding":                 strings.TrimRight(good, "="),
			"of the URL-safe alphabet":        urlSafe,
			"with a line break":               good[:10] + "\n" + good[10:],
			"with a carriage return after it": good + "\r",
			"with a space":                    good + " ",
			"with bits in its padding":        strings.TrimRight(good, "=")[:len(strings.TrimRight(good, "="))-1] + "/" + strings.Repeat("=", strings.Count(good, "=")),
			"that is no base64 at all":        "signature!",
		} {
			if err := protocol.Verify(key.Public(), "1", "GET", "/", encoded); !says(err, "not standard base64") {
				t.Errorf("%s, a signature %s: got %v, want: not standard base64", file, name, err)
			}
		}
		for name, encoded := range map[string]string{
			"that is empty":    "",
			"that is cut":      base64.StdEncoding.EncodeToString(raw[:len(raw)-1]),
			"that is extended": base64.StdEncoding.EncodeToString(append(raw, 0)),
		} {
			if err := protocol.Verify(key.Public(), "1", "GET", "/", encoded); !says(err, "does not match key and text") {
				t.Errorf("%s, a signature %s: got %v, want: does not match key and text", file, name, err)
			}
		}
	}
}

func TestAKeyThatIsNeitherRSANorEd25519IsRefused(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"an EC key": ec, "no key": nil, "half an Ed25519 key": ed25519.PrivateKey("short")} {
		if _, err := protocol.Sign(key, "1", "GET", "/"); !says(err, "neither RSA nor Ed25519") {
			t.Errorf("Sign with %s: got %v, want: neither RSA nor Ed25519", name, err)
		}
	}
	for name, key := range map[string]crypto.PublicKey{"an EC key": ec.Public(), "no key": nil, "a text": "key"} {
		if err := protocol.Verify(key, "1", "GET", "/", ""); !says(err, "neither RSA nor Ed25519") {
			t.Errorf("Verify with %s: got %v, want: neither RSA nor Ed25519", name, err)
		}
	}
}

func TestAnEd25519KeyOfWrongLengthMatchesNothing(t *testing.T) {
	signed := base64.StdEncoding.EncodeToString(make([]byte, ed25519.SignatureSize))
	if err := protocol.Verify(ed25519.PublicKey{1, 2}, "1", "GET", "/", signed); !says(err, "does not match key and text") {
		t.Errorf("got %v, want: does not match key and text", err)
	}
}

var errSigner = errors.New("the device is unplugged")

type brokenSigner struct{ crypto.Signer }

func (brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errSigner }

func TestWhatTheSignerReturnsIsInTheChain(t *testing.T) {
	for _, file := range []string{"rsa.pem", "ed25519.pem"} {
		if _, err := protocol.Sign(brokenSigner{readKey(t, file)}, "1", "GET", "/"); !errors.Is(err, errSigner) {
			t.Errorf("%s: got %v, want the signer's error", file, err)
		}
	}
}

func TestRSASignaturesOfTheSameTextDifferAndEd25519SignaturesDoNot(t *testing.T) {
	for file, same := range map[string]bool{"rsa.pem": false, "ed25519.pem": true} {
		key := readKey(t, file)
		first, err := protocol.Sign(key, "1", "GET", "/")
		if err != nil {
			t.Fatal(err)
		}
		second, err := protocol.Sign(key, "1", "GET", "/")
		if err != nil {
			t.Fatal(err)
		}
		if (first == second) != same {
			t.Errorf("%s: two signatures are equal: %v, want %v", file, first == second, same)
		}
	}
}

func FuzzVerify(f *testing.F) {
	for _, file := range []string{"openssl.json", "typescript.json", "refused.json"} {
		for _, v := range readVectors(f, file) {
			f.Add(v.Timestamp, v.Method, v.Path, v.Signature)
		}
	}
	f.Add("", "", "", "====")
	keys := []crypto.Signer{readKey(f, "rsa.pem"), readKey(f, "ed25519.pem")}
	known := map[string]bool{}
	for _, file := range vectorFiles {
		for _, v := range readVectors(f, file) {
			known[v.Signature] = true
		}
	}
	f.Fuzz(func(t *testing.T, timestamp, method, path, encoded string) {
		for _, key := range keys {
			if err := protocol.Verify(key.Public(), timestamp, method, path, encoded); err == nil && !known[encoded] {
				t.Errorf("a made-up signature verifies: %q", encoded)
			}
		}
	})
}

// says reports whether err is an error with this text.
func says(err error, text string) bool {
	return err != nil && strings.Contains(err.Error(), text)
}
