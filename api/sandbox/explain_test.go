package sandbox_test

import (
	"bufio"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// makeMistake makes a mistake for real, against a sandbox of its own, and returns the answer.
type makeMistake func(t *testing.T, b *bench) answer

// theMistakes holds one way, at least, to make each mistake.
func theMistakes() map[string]map[string]makeMistake {
	return map[string]map[string]makeMistake{
		"url_without_base_path": {"": by(sent{path: "/api_keys", leavesContract: true})},
		"not_served":            {"": by(sent{path: sandbox.BasePath + "/portfolio/balance", leavesContract: true})},
		"url_trailing_slash":    {"": by(sent{path: keysPath + "/", leavesContract: true})},

		"no_headers": {"": by(sent{change: anonymous})},
		"header_names": {
			"underscores":   by(sent{change: renamed("KALSHI_ACCESS_KEY", "KALSHI_ACCESS_SIGNATURE", "KALSHI_ACCESS_TIMESTAMP")}),
			"a prefix":      by(sent{change: renamed("X-Kalshi-Access-Key", "X-Kalshi-Access-Signature", "X-Kalshi-Access-Timestamp")}),
			"Authorization": by(sent{change: renamed("Authorization", "X-Signature", "X-Timestamp")}),
		},
		"missing_key_id":    {"": by(sent{change: with(protocol.HeaderKey, "")})},
		"missing_signature": {"": by(sent{change: without(protocol.HeaderSignature)})},
		"missing_timestamp": {"": by(sent{change: without(protocol.HeaderTimestamp)})},
		"key_id_stray": {
			"quotes":     byKeyID(func(id string) string { return `"` + id + `"` }),
			"a bracket":  byKeyID(func(id string) string { return id + "]" }),
			"its header": byKeyID(func(id string) string { return "KALSHI-ACCESS-KEY: " + id }),
		},
		"key_id_is_name": {"": byKeyID(func(string) string { return "bootstrap" })},
		"key_id_malformed": {
			"no dashes": byKeyID(func(id string) string { return strings.ReplaceAll(id, "-", "") }),
			"half":      byKeyID(func(id string) string { return id[:18] }),
		},
		"key_unknown": {"": byKeyID(func(string) string { return unknownID })},
		"key_deleted": {"": func(t *testing.T, b *bench) answer {
			t.Helper()
			b.delete(t, b.key.id)
			return b.send(t, sent{})
		}},
		"key_not_yet_live": {"": func(t *testing.T, _ *bench) answer {
			t.Helper()
			slow := newBench(t, sandbox.WithChoices(sandbox.Choices{CreateDelay: time.Second}))
			return slow.send(t, sent{as: slow.generate(t, "fresh")})
		}},

		"timestamp_seconds": {
			"whole":      byTimestamp(func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }),
			"a fraction": byTimestamp(func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) + ".123" }),
		},
		"timestamp_microseconds": {"": byTimestamp(func(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) })},
		"timestamp_nanoseconds":  {"": byTimestamp(func(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) })},
		"timestamp_form": {
			"ISO 8601":   byTimestamp(func(at time.Time) string { return at.Format(time.RFC3339) }),
			"a fraction": byTimestamp(func(at time.Time) string { return protocol.Timestamp(at) + ".5" }),
			"a sign":     byTimestamp(func(at time.Time) string { return "+" + protocol.Timestamp(at) }),
		},
		"clock": {
			"behind": byTimestamp(func(at time.Time) string { return protocol.Timestamp(at.Add(-41 * time.Second)) }),
			"ahead":  byTimestamp(func(at time.Time) string { return protocol.Timestamp(at.Add(time.Hour)) }),
		},

		"signed_query": {"": bySigning(sent{path: keysPath + "?fcm_subtrader_id=u_a"}, func(p parts) string { return p.timestamp + p.method + p.path + "?" + p.query })},
		"signed_without_base_path": {
			"":                bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + "/api_keys" }),
			"nor first slash": bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + "api_keys" }),
		},
		"signed_base_path_twice": {"": bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + sandbox.BasePath + p.path })},
		"signed_host": {
			"alone":      bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + p.host + p.path }),
			"with http":  bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + "http://" + p.host + p.path }),
			"with https": bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + "https://" + p.host + p.path }),
		},
		"signed_trailing_slash":   {"": bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + p.path + "/" })},
		"signed_no_leading_slash": {"": bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + p.path[1:] })},
		"signed_double_slash": {
			"after the base path": bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + sandbox.BasePath + "//api_keys" }),
			"at the beginning":    bySigning(sent{}, func(p parts) string { return p.timestamp + p.method + "/" + p.path }),
		},
		"signed_newline": {
			"of Unix":    bySigning(sent{}, func(p parts) string { return p.right() + "\n" }),
			"of Windows": bySigning(sent{}, func(p parts) string { return p.right() + "\r\n" }),
		},
		"signed_key_id": {
			"first":          byKeyIDText(func(p parts, id string) string { return id + p.right() }),
			"after the time": byKeyIDText(func(p parts, id string) string { return p.timestamp + id + p.method + p.path }),
			"after the path": byKeyIDText(func(p parts, id string) string { return p.right() + id }),
		},
		"signed_order": {
			"method first":   bySigning(sent{}, func(p parts) string { return p.method + p.timestamp + p.path }),
			"timestamp last": bySigning(sent{}, func(p parts) string { return p.method + p.path + p.timestamp }),
			"method last":    bySigning(sent{}, func(p parts) string { return p.timestamp + p.path + p.method }),
			"path first":     bySigning(sent{}, func(p parts) string { return p.path + p.timestamp + p.method }),
			"the reverse":    bySigning(sent{}, func(p parts) string { return p.path + p.method + p.timestamp }),
		},
		"base64_cut": {
			"Ed25519, OpenSSL": byEncoding(func(raw []byte) string { return base64.StdEncoding.EncodeToString(raw)[:64] }),
			"RSA, MIME":        byRSACut(76),
		},
		"signed_decoded_path": {"": bySigning(sent{method: "DELETE", path: keysPath + "/a%20b"}, func(p parts) string {
			return p.timestamp + p.method + keysPath + "/a b"
		})},
		"signed_route": {
			"of the list": bySigning(sent{method: "DELETE", path: keysPath + "/" + unknownID}, func(p parts) string { return p.timestamp + p.method + keysPath }),
			"template":    bySigning(sent{method: "DELETE", path: keysPath + "/" + unknownID}, func(p parts) string { return p.timestamp + p.method + keysPath + "/{api_key}" }),
		},
		"signed_timestamp_unit": {
			"seconds":      bySigning(sent{}, func(p parts) string { return p.timestamp[:10] + p.method + p.path }),
			"a fraction":   bySigning(sent{}, func(p parts) string { return p.timestamp[:10] + "." + p.timestamp[10:] + p.method + p.path }),
			"microseconds": bySigning(sent{}, func(p parts) string { return p.timestamp + "000" + p.method + p.path }),
			"nanoseconds":  bySigning(sent{}, func(p parts) string { return p.timestamp + "000000" + p.method + p.path }),
		},
		"signed_timestamp": {
			"earlier": bySigning(sent{}, func(p parts) string { return p.shifted(t25) + p.method + p.path }),
			"later":   bySigning(sent{}, func(p parts) string { return p.shifted(-1) + p.method + p.path }),
		},
		"signed_lower_case_method": {"": bySigning(sent{}, func(p parts) string { return p.timestamp + "get" + p.path })},
		"signed_no_method":         {"": bySigning(sent{}, func(p parts) string { return p.timestamp + p.path })},
		"signed_other_method":      {"": bySigning(generating(), func(p parts) string { return p.timestamp + "GET" + p.path })},
		"signed_body": {
			"as it is":        bySigning(generating(), func(p parts) string { return p.right() + p.body }),
			"braces for none": bySigning(sent{}, func(p parts) string { return p.right() + "{}" }),
			"its hash":        bySigning(generating(), func(p parts) string { return p.right() + hex.EncodeToString(digest(p.body)) }),
			"base64 of its hash": bySigning(generating(), func(p parts) string {
				return p.right() + base64.StdEncoding.EncodeToString(digest(p.body))
			}),
		},
		"signed_separators": {
			"line ends": bySigning(sent{}, func(p parts) string { return p.timestamp + "\n" + p.method + "\n" + p.path }),
			"spaces":    bySigning(sent{}, func(p parts) string { return p.timestamp + " " + p.method + " " + p.path }),
		},
		"signed_digest": {
			"raw":         bySigning(sent{}, func(p parts) string { return string(digest(p.right())) }),
			"hexadecimal": bySigning(sent{}, func(p parts) string { return hex.EncodeToString(digest(p.right())) }),
			"SHA-512":     bySigning(sent{}, func(p parts) string { sum := sha512.Sum512([]byte(p.right())); return string(sum[:]) }),
			"hashed twice, RSA": byRSA(func(t *testing.T, as signer, text string) []byte {
				t.Helper()
				return signRaw(t, as, string(digest(text)))
			}),
			"hexadecimal, twice": byRSA(func(t *testing.T, as signer, text string) []byte {
				t.Helper()
				return signRaw(t, as, hex.EncodeToString(digest(text)))
			}),
		},

		"salt_length": {
			"none":        byRSA(signWithoutSalt),
			"the longest": byRSA(signWithSaltOf(rsa.PSSSaltLengthAuto)),
			"20 bytes":    byRSA(signWithSaltOf(20)),
		},
		"pkcs1v15":  {"": byRSA(signPKCS1v15)},
		"hash":      {"SHA-512": byRSA(signWithSHA512), "SHA-384": byRSA(signWithSHA384), "SHA-1": byRSA(signWithSHA1)},
		"mgf1":      {"SHA-1": byRSA(signWithOtherMask)},
		"ed25519ph": {"": byEd25519(signPrehashed)},
		"hmac": {
			"HMAC":   byEd25519(func(_ *testing.T, as signer, text string) []byte { return hmacOf(as.id, text) }),
			"digest": byEd25519(func(_ *testing.T, _ signer, text string) []byte { return digest(text) }),
		},
		"other_key": {
			"live": func(t *testing.T, b *bench) answer { t.Helper(); return b.signedBy(t, b.generate(t, "other")) },
			"deleted": func(t *testing.T, b *bench) answer {
				t.Helper()
				other := b.generate(t, "other")
				b.delete(t, other.id)
				return b.signedBy(t, other)
			},
		},
		"other_account": {"": func(t *testing.T, b *bench) answer {
			t.Helper()
			return b.signedBy(t, b.bootstrap(t, sandbox.InAccount("other")))
		}},
		"other_algorithm": {
			"Ed25519 for RSA": func(t *testing.T, b *bench) answer {
				t.Helper()
				return b.send(t, sent{change: func(r *http.Request) {
					r.Header.Set(protocol.HeaderKey, b.bootstrap(t, sandbox.OfType(sandbox.RSA)).id)
					resign(t, r, signer{private: newEd25519Key(t)}, r.Method, keysPath)
				}})
			},
			"RSA for Ed25519": byEd25519(func(t *testing.T, _ signer, text string) []byte {
				t.Helper()
				private, err := sharedRSAKey()
				if err != nil {
					t.Fatal(err)
				}
				return signRaw(t, signer{private: private}, text)
			}),
		},
		"replay": {"": func(t *testing.T, _ *bench) answer {
			t.Helper()
			b := newBench(t, sandbox.WithChoices(sandbox.Choices{RefuseReplay: true}))
			b.send(t, sent{}).mustHaveStatus(t, 200)
			return b.send(t, sent{})
		}},
		"unknown": {
			"a key that the sandbox does not have": func(t *testing.T, b *bench) answer {
				t.Helper()
				return b.signedBy(t, signer{private: newEd25519Key(t)})
			},
			"a clock read long apart": bySigning(sent{}, func(p parts) string { return p.shifted(1000) + p.method + p.path }),
		},

		"base64_url":      {"": byEncoding(base64.URLEncoding.EncodeToString)},
		"base64_unpadded": {"": byEncoding(base64.RawStdEncoding.EncodeToString)},
		"base64_wrapped": {
			"into a folded header":   sendFolded,
			"with escaped line ends": byEncoding(func(raw []byte) string { return wrap(raw, `\n`) }),
			"with spaces in between": byEncoding(func(raw []byte) string { return wrap(raw, " ") }),
			"with carriage returns":  byEncoding(func(raw []byte) string { return wrap(raw, `\r\n`) }),
		},
		"quoted": {
			"quotes":            byEncoding(func(raw []byte) string { return `"` + base64.StdEncoding.EncodeToString(raw) + `"` }),
			"Python's bytes":    byEncoding(func(raw []byte) string { return `b'` + base64.StdEncoding.EncodeToString(raw) + `'` }),
			"apostrophes alone": byEncoding(func(raw []byte) string { return `'` + base64.StdEncoding.EncodeToString(raw) + `'` }),
		},
		"hex": {"": byEncoding(hex.EncodeToString)},
		"not_base64": {
			"a word":         byEncoding(func([]byte) string { return "signature!" }),
			"cut off":        byEncoding(func(raw []byte) string { return base64.StdEncoding.EncodeToString(raw)[:61] }),
			"nothing quoted": byEncoding(func([]byte) string { return `""` }),
		},
	}
}

func TestEachMistakeIsNamedAndTheBodyStaysTheServices(t *testing.T) {
	rows := documentedMistakes(t)
	for mistake, ways := range theMistakes() {
		for name, do := range ways {
			t.Run(mistake+"/"+name, func(t *testing.T) {
				b := newBench(t)
				got := do(t, b)
				told := got.header.Get(sandbox.HeaderExplain)
				row := rows[mistake]
				if fmt.Sprint(got.status) != row.status || !strings.Contains(got.body, row.service) {
					t.Errorf("the service says %d %s, the table %s %s", got.status, got.body, row.status, row.service)
				}
				if !strings.HasPrefix(told, row.sandbox) {
					t.Errorf("the sandbox says %q, the table %q", told, row.sandbox)
				}
				if strings.Contains(got.body, row.sandbox) {
					t.Errorf("the body explains itself: %s", got.body)
				}
			})
		}
	}
}

func TestTheTableOfMistakesHasEveryMistakeAndEachIsMade(t *testing.T) {
	documented, made := documentedMistakes(t), theMistakes()
	for _, row := range explain.Mistakes() {
		mistake := row.Name
		if told, ok := documented[mistake]; !ok || told.sandbox != row.What {
			t.Errorf("the documentation has %q for %s: %s", told.sandbox, mistake, row.What)
		}
		if _, ok := made[mistake]; !ok {
			t.Errorf("no test makes %s", mistake)
		}
		delete(documented, mistake)
	}
	for mistake := range documented {
		t.Errorf("the table has %s, which is no mistake of the package", mistake)
	}
}

func TestAnExplanationIsInTheExchangeWithBothTexts(t *testing.T) {
	for name, test := range map[string]struct {
		sent     sent
		text     func(parts) string
		mistakes []string
		signed   string
	}{
		"a query, by its length": {
			sent{path: keysPath + "?fcm_subtrader_id=canary_a"},
			func(p parts) string { return p.timestamp + p.method + p.path + "?" + p.query },
			[]string{"signed_query"}, "1790856000000GET" + keysPath + "<?query of 26 bytes>",
		},
		"a body, by its length": {
			sent{method: "POST", path: generatePath, body: `{"name":"canary"}`},
			func(p parts) string { return p.timestamp + p.method + p.path + p.body },
			[]string{"signed_body"}, "1790856000000POST" + generatePath + "<body of 17 bytes>",
		},
		"a digest": {
			sent{}, func(p parts) string { return string(digest(p.right())) },
			[]string{"signed_digest"}, "SHA-256(1790856000000GET" + keysPath + ")",
		},
		"two mistakes in one text": {
			sent{path: keysPath + "?fcm_subtrader_id=canary_a"},
			func(p parts) string { return p.timestamp + p.method + "/api_keys?" + p.query },
			[]string{"signed_query", "signed_without_base_path"}, "1790856000000GET/api_keys<?query of 26 bytes>",
		},
		"two mistakes in two parts": {
			sent{}, func(p parts) string { return p.timestamp + "get" + "/api_keys" },
			[]string{"signed_without_base_path", "signed_lower_case_method"}, "1790856000000get/api_keys",
		},
		"nothing that fits": {
			sent{}, func(parts) string { return "canary" },
			[]string{"unknown"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			got := bySigning(test.sent, test.text)(t, b)
			exchanges := b.box.Exchanges()
			e := exchanges[len(exchanges)-1].Explanation
			if !slices.Equal(e.Mistakes, test.mistakes) || e.Signed != test.signed {
				t.Errorf("explained as %q of\n%q, want %q of\n%q", e.Mistakes, e.Signed, test.mistakes, test.signed)
			}
			request := b.newRequest(t, test.sent)
			if want := protocol.Text("1790856000000", request.Method, request.URL.Path); e.Expected != want {
				t.Errorf("the text expected is %q, want %q", e.Expected, want)
			}
			if e.String() != got.header.Get(sandbox.HeaderExplain) {
				t.Errorf("the header is %q, the exchange has %q", got.header.Get(sandbox.HeaderExplain), e)
			}
			if all := toJSON(t, e); strings.Contains(all, "canary") {
				t.Errorf("the explanation quotes what was sent: %s", all)
			}
		})
	}
}

func TestMistakesOfEncodingTextAndWayAreToldTogether(t *testing.T) {
	b := newBench(t)
	as := b.bootstrap(t, sandbox.OfType(sandbox.RSA))
	b.send(t, sent{as: as, change: func(r *http.Request) {
		raw := signPKCS1v15(t, as, r.Header.Get(protocol.HeaderTimestamp)+"GET/api_keys")
		r.Header.Set(protocol.HeaderSignature, hex.EncodeToString(raw))
	}}).mustBe(t, 401, mismatch)
	want := []string{"hex", "signed_without_base_path", "pkcs1v15"}
	if got := b.box.Exchanges()[0].Explanation; !slices.Equal(got.Mistakes, want) || strings.Count(got.Text, "; and ") != 2 {
		t.Errorf("explained as %q: %s", got.Mistakes, got)
	}
}

func TestAnHMACInHexadecimalIsTakenForOne(t *testing.T) {
	b := newBench(t)
	b.send(t, sent{change: func(r *http.Request) {
		r.Header.Set(protocol.HeaderSignature, hex.EncodeToString(hmacOf("secret", "text")))
	}}).mustBe(t, 401, mismatch)
	want := []string{"hex", "hmac"}
	if got := b.box.Exchanges()[0].Explanation; !slices.Equal(got.Mistakes, want) {
		t.Errorf("explained as %q: %s", got.Mistakes, got)
	}
}

func TestDetailsSayWhichSaltAndWhichKeyButNoKeyOfAnotherAccount(t *testing.T) {
	b := newBench(t)
	mine, theirs := b.generate(t, "mine"), b.bootstrap(t, sandbox.InAccount("other"))
	by := func(mistake string, way string) answer { return theMistakes()[mistake][way](t, newBench(t)) }
	for _, test := range []struct {
		got    answer
		detail string
	}{
		{by("salt_length", "none"), "(0 bytes)"},
		{by("salt_length", "20 bytes"), "(20 bytes)"},
		{by("salt_length", "the longest"), "(222 bytes, the longest possible)"},
		{by("signed_timestamp_unit", "a fraction"), "(seconds with a fraction)"},
		{by("signed_timestamp", "earlier"), "(25 ms apart)"},
		{by("signed_separators", "spaces"), "(spaces)"},
		{by("clock", "behind"), "(41s behind the sandbox's; accepted are 15s behind to 30s ahead)"},
		{by("other_algorithm", "RSA for Ed25519"), "(256 bytes instead of the 64 of this ed25519 key)"},
		{b.signedBy(t, mine), "(" + mine.id + ")"},
	} {
		if told := test.got.header.Get(sandbox.HeaderExplain); !strings.Contains(told, test.detail) {
			t.Errorf("the sandbox says %q, want %s", told, test.detail)
		}
	}
	if told := b.signedBy(t, theirs).header.Get(sandbox.HeaderExplain); strings.Contains(told, theirs.id) {
		t.Errorf("the key of another account is told: %s", told)
	}
}

func TestAnExplanationIsOneLineOfASCIIWhateverThePath(t *testing.T) {
	b := newBench(t)
	got := bySigning(sent{method: "DELETE", path: keysPath + "/" + strings.Repeat("%C3%A9", 100)}, func(parts) string { return "x" })(t, b)
	told := got.header.Get(sandbox.HeaderExplain)
	notPlain := func(r rune) bool { return r < ' ' || r > '~' }
	if told == "" || strings.ContainsFunc(told, notPlain) || len(told) > 600 {
		t.Errorf("the sandbox says %q", told)
	}
}

func TestARequestThatIsAuthenticatedIsNotExplained(t *testing.T) {
	b := newBench(t)
	got := b.send(t, sent{})
	if _, told := got.header[sandbox.HeaderExplain]; told || b.box.Exchanges()[0].Explanation.String() != "" {
		t.Errorf("a good request was explained: %v", got.header)
	}
	b.delete(t, unknownID)
	if e := b.box.Exchanges()[1].Explanation; e != nil {
		t.Errorf("a missing key was explained as %s", e)
	}
}

func TestAClientThatWaitsToBeAskedForItsBodyIsAnsweredAtOnce(t *testing.T) {
	b := newBench(t)
	generation := generating()
	generation.leavesContract = true
	request := b.newRequest(t, generation)
	request.Header.Set(protocol.HeaderSignature, base64.StdEncoding.EncodeToString(make([]byte, 64)))
	head := "POST " + generatePath + " HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n"
	for name := range request.Header {
		head += name + ": " + request.Header.Get(name) + "\r\n"
	}
	if got := b.sendRaw(t, head+"\r\n"); got.status != 401 {
		t.Errorf("answered %d", got.status)
	}
}

func FuzzSignatureHeader(f *testing.F) {
	for _, text := range []string{"", `""`, "b''", "=", "00", "zz", "-_-_", `\n`, "AAAA", "AAA=\n"} {
		f.Add(text)
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, text string) {
		request := b.newRequest(t, sent{})
		request.RequestURI = keysPath
		request.Header[http.CanonicalHeaderKey(protocol.HeaderSignature)] = []string{text}
		w := httptest.NewRecorder()
		b.box.ServeHTTP(w, request)
		if told := w.Header().Get(sandbox.HeaderExplain); w.Code != 401 || told == "" || strings.ContainsAny(told, "\r\n") {
			t.Errorf("%q is answered %d and explained as %q", text, w.Code, told)
		}
	})
}

// t25 is the largest distance at which a timestamp read twice is recognised, in milliseconds.
const t25 = 25

// parts are what a client may put together wrongly.
type parts struct{ timestamp, method, host, path, query, body string }

func (p parts) right() string { return p.timestamp + p.method + p.path }

// shifted returns the timestamp this many milliseconds earlier.
func (p parts) shifted(earlier int64) string {
	milliseconds, _ := strconv.ParseInt(p.timestamp, 10, 64)
	return strconv.FormatInt(milliseconds-earlier, 10)
}

func generating() sent { return sent{method: "POST", path: generatePath, body: `{"name":"a"}`} }

func by(s sent) makeMistake {
	return func(t *testing.T, b *bench) answer { t.Helper(); return b.send(t, s) }
}

func byKeyID(change func(id string) string) makeMistake {
	return func(t *testing.T, b *bench) answer {
		t.Helper()
		return b.send(t, sent{change: with(protocol.HeaderKey, change(b.key.id))})
	}
}

// byTimestamp sends and signs another timestamp.
func byTimestamp(write func(time.Time) string) makeMistake {
	return func(t *testing.T, b *bench) answer {
		t.Helper()
		return b.send(t, sent{change: func(r *http.Request) { sign(t, r, b.key, write(b.clock.Now())) }})
	}
}

// bySigning signs another text, with an Ed25519 key.
func bySigning(s sent, text func(parts) string) makeMistake {
	return func(t *testing.T, b *bench) answer {
		t.Helper()
		s.change = func(r *http.Request) {
			p := parts{r.Header.Get(protocol.HeaderTimestamp), r.Method, r.URL.Host, r.URL.EscapedPath(), r.URL.RawQuery, s.body}
			r.Header.Set(protocol.HeaderSignature, base64.StdEncoding.EncodeToString(signRaw(t, b.key, text(p))))
		}
		return b.send(t, s)
	}
}

// signWithOtherMask signs as explain does; its own test holds that against OpenSSL.
func signWithOtherMask(t *testing.T, as signer, text string) []byte {
	t.Helper()
	at := slices.IndexFunc(explain.Mistakes(), func(m explain.Mistake) bool { return m.Name == "mgf1" })
	timestamp, rest, _ := strings.Cut(text, http.MethodGet)
	signed, ok, err := explain.Mistakes()[at].Sign(as.private, explain.Request{Timestamp: timestamp, Method: http.MethodGet, Path: rest})
	raw, broken := base64.StdEncoding.DecodeString(signed)
	if !ok || err != nil || broken != nil {
		t.Fatal(ok, err, broken)
	}
	return raw
}

// signing makes the bytes of a signature over the right text.
type signing func(t *testing.T, as signer, text string) []byte

func byEd25519(do signing) makeMistake {
	return func(t *testing.T, b *bench) answer { t.Helper(); return b.signedWith(t, b.key, do) }
}

func byRSA(do signing) makeMistake {
	return func(t *testing.T, b *bench) answer {
		t.Helper()
		return b.signedWith(t, b.bootstrap(t, sandbox.OfType(sandbox.RSA)), do)
	}
}

func (b *bench) signedWith(t *testing.T, as signer, do signing) answer {
	t.Helper()
	return b.send(t, sent{as: as, change: func(r *http.Request) {
		text := protocol.Text(r.Header.Get(protocol.HeaderTimestamp), r.Method, r.URL.Path)
		r.Header.Set(protocol.HeaderSignature, base64.StdEncoding.EncodeToString(do(t, as, text)))
	}})
}

// byEncoding writes the right signature in another way. Its base64 has all that can differ.
func byEncoding(encode func([]byte) string) makeMistake {
	return func(t *testing.T, b *bench) answer {
		t.Helper()
		for {
			b.clock.Advance(time.Millisecond)
			request := b.newRequest(t, sent{})
			standard := request.Header.Get(protocol.HeaderSignature)
			if !strings.ContainsAny(standard, "+/") {
				continue
			}
			raw, err := base64.StdEncoding.DecodeString(standard)
			if err != nil {
				t.Fatal(err)
			}
			return b.send(t, sent{change: with(protocol.HeaderSignature, encode(raw))})
		}
	}
}

// byKeyIDText signs a text that holds the key ID.
func byKeyIDText(text func(parts, string) string) makeMistake {
	return func(t *testing.T, b *bench) answer {
		t.Helper()
		return bySigning(sent{}, func(p parts) string { return text(p, b.key.id) })(t, b)
	}
}

// byRSACut sends the first characters of an RSA signature.
func byRSACut(length int) makeMistake {
	return func(t *testing.T, b *bench) answer {
		t.Helper()
		return b.send(t, sent{as: b.bootstrap(t, sandbox.OfType(sandbox.RSA)), change: func(r *http.Request) {
			r.Header.Set(protocol.HeaderSignature, r.Header.Get(protocol.HeaderSignature)[:length])
		}})
	}
}

// signedBy sends a request whose key ID is not that of the key that signs it.
func (b *bench) signedBy(t *testing.T, as signer) answer {
	t.Helper()
	return b.send(t, sent{change: func(r *http.Request) { resign(t, r, as, r.Method, keysPath) }})
}

func renamed(key, signed, timestamp string) func(*http.Request) {
	return func(r *http.Request) {
		for from, to := range map[string]string{protocol.HeaderKey: key, protocol.HeaderSignature: signed, protocol.HeaderTimestamp: timestamp} {
			value := r.Header.Get(from)
			r.Header.Del(from)
			r.Header[to] = []string{value}
		}
	}
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func hmacOf(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(text))
	return mac.Sum(nil)
}

func newEd25519Key(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// signRaw signs any text as the service wants it.
func signRaw(t *testing.T, as signer, text string) []byte {
	t.Helper()
	if private, ok := as.private.(ed25519.PrivateKey); ok {
		return ed25519.Sign(private, []byte(text))
	}
	return signWithSaltOf(protocol.SaltLength)(t, as, text)
}

func signWithSaltOf(length int) signing {
	return func(t *testing.T, as signer, text string) []byte {
		t.Helper()
		return signDigest(t, as, digest(text), &rsa.PSSOptions{SaltLength: length, Hash: crypto.SHA256})
	}
}

func signPKCS1v15(t *testing.T, as signer, text string) []byte {
	t.Helper()
	return signDigest(t, as, digest(text), crypto.SHA256)
}

func signWithSHA512(t *testing.T, as signer, text string) []byte {
	t.Helper()
	sum := sha512.Sum512([]byte(text))
	return signDigest(t, as, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA512})
}

func signWithSHA384(t *testing.T, as signer, text string) []byte {
	t.Helper()
	sum := sha512.Sum384([]byte(text))
	return signDigest(t, as, sum[:], crypto.SHA384)
}

func signWithSHA1(t *testing.T, as signer, text string) []byte {
	t.Helper()
	sum := sha1.Sum([]byte(text))
	return signDigest(t, as, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA1})
}

func signPrehashed(t *testing.T, as signer, text string) []byte {
	t.Helper()
	sum := sha512.Sum512([]byte(text))
	return signDigest(t, as, sum[:], &ed25519.Options{Hash: crypto.SHA512})
}

func signDigest(t *testing.T, as signer, sum []byte, opts crypto.SignerOpts) []byte {
	t.Helper()
	raw, err := as.private.Sign(rand.Reader, sum, opts)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func wrap(raw []byte, between string) string {
	text := base64.StdEncoding.EncodeToString(raw)
	return text[:64] + between + text[64:]
}

// sendFolded sends the signature as a header of two lines, as HTTP once allowed.
func sendFolded(t *testing.T, b *bench) answer {
	t.Helper()
	request := b.newRequest(t, sent{})
	encoded := request.Header.Get(protocol.HeaderSignature)
	return b.sendRaw(t, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: sandbox\r\n%s: %s\r\n%s: %s\r\n%s: %s\r\n %s\r\n\r\n", keysPath,
		protocol.HeaderKey, b.key.id,
		protocol.HeaderTimestamp, request.Header.Get(protocol.HeaderTimestamp),
		protocol.HeaderSignature, encoded[:64], encoded[64:]))
}

// sendRaw sends the bytes of a request.
func (b *bench) sendRaw(t *testing.T, text string) answer {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}
