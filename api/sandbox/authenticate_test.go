package sandbox_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	noToken      = `{"error":{"code":"token_authentication_failure","message":"token authentication failure"}}`
	noSignature  = `{"error":{"code":"signature_is_missing_from_headers","message":"signature is missing from headers"}}`
	expired      = `{"error":{"code":"header_timestamp_expired","message":"header timestamp expired"}}`
	mismatch     = `{"error":{"code":"authentication_error","message":"We could not authenticate your request","details":"INCORRECT_API_KEY_SIGNATURE"}}`
	unknownKey   = `{"error":{"code":"authentication_error","message":"authentication_error","details":"NOT_FOUND"}}`
	malformedKey = `{"error":{"code":"authentication_error","message":"We could not authenticate your request","details":"INVALID_PARAMETER"}}`
)

func without(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestARequestThatCannotBeAuthenticatedGetsTheRecordedBody(t *testing.T) {
	b := newBench(t)
	other := b.bootstrap(t)
	tests := map[string]struct {
		change func(*http.Request)
		body   string
	}{
		"no headers at all":                 {anonymous, noToken},
		"no key ID":                         {without(protocol.HeaderKey), noToken},
		"no timestamp":                      {without(protocol.HeaderTimestamp), noToken},
		"no signature":                      {without(protocol.HeaderSignature), noSignature},
		"a timestamp that is no number":     {with(protocol.HeaderTimestamp, "now"), expired},
		"a timestamp with a sign":           {with(protocol.HeaderTimestamp, "+1790856000000"), expired},
		"a timestamp in hexadecimal":        {func(r *http.Request) { sign(t, r, b.key, fmt.Sprintf("%#x", b.clock.Now().UnixMilli())) }, expired},
		"a timestamp in seconds":            {with(protocol.HeaderTimestamp, "1790856000"), expired},
		"a timestamp beyond the clock":      {with(protocol.HeaderTimestamp, "9223372036854775807"), expired},
		"a timestamp beyond any number":     {with(protocol.HeaderTimestamp, "92233720368547758070"), expired},
		"a key ID that is no UUID":          {with(protocol.HeaderKey, "my-key"), malformedKey},
		"a key ID with a stray character":   {with(protocol.HeaderKey, unknownID+"]"), malformedKey},
		"a key ID with dashes elsewhere":    {with(protocol.HeaderKey, strings.Replace(unknownID, "-", "0", 1)), malformedKey},
		"a key ID with a letter beyond f":   {with(protocol.HeaderKey, "g"+unknownID[1:]), malformedKey},
		"a key ID that no key has":          {with(protocol.HeaderKey, unknownID), unknownKey},
		"the ID of another key":             {with(protocol.HeaderKey, other.id), mismatch},
		"a signature that is not base64":    {with(protocol.HeaderSignature, "?"), mismatch},
		"a signature of nothing":            {with(protocol.HeaderSignature, base64.StdEncoding.EncodeToString(make([]byte, 64))), mismatch},
		"another timestamp than was signed": {with(protocol.HeaderTimestamp, strconv.FormatInt(newClock().Now().UnixMilli()+1, 10)), mismatch},
		"another method than was signed":    {func(r *http.Request) { resign(t, r, b.key, "POST", keysPath) }, mismatch},
		"a signature over the query":        {func(r *http.Request) { resign(t, r, b.key, "GET", keysPath+"?a=b") }, mismatch},
		"a signature without the base path": {func(r *http.Request) { resign(t, r, b.key, "GET", "/api_keys") }, mismatch},
		"a signature over a trailing slash": {func(r *http.Request) { resign(t, r, b.key, "GET", keysPath+"/") }, mismatch},
		"a signature over another spelling": {func(r *http.Request) { resign(t, r, b.key, "GET", "/trade-api/v2/api_key%73") }, mismatch},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b.send(t, sent{change: test.change}).mustBe(t, 401, test.body)
		})
	}
}

func resign(tb testing.TB, r *http.Request, as signer, method, path string) {
	tb.Helper()
	encoded, err := protocol.Sign(as.private, r.Header.Get(protocol.HeaderTimestamp), method, path)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set(protocol.HeaderSignature, encoded)
}

func TestTheTimestampMustBeInsideTheWindow(t *testing.T) {
	tests := []struct {
		name   string
		window []sandbox.Option
		skew   time.Duration
		status int
	}{
		{"10 s behind is accepted", nil, -10 * time.Second, 200},
		{"15 s behind is accepted", nil, -15 * time.Second, 200},
		{"a millisecond more is refused", nil, -15*time.Second - time.Millisecond, 401},
		{"30 s behind is refused", nil, -30 * time.Second, 401},
		{"30 s ahead is accepted", nil, 30 * time.Second, 200},
		{"60 s ahead is refused", nil, time.Minute, 401},
		{"a narrower window refuses", []sandbox.Option{sandbox.WithChoices(sandbox.Choices{Behind: time.Second, Ahead: time.Second})}, 2 * time.Second, 401},
		{"a wider window accepts", []sandbox.Option{sandbox.WithChoices(sandbox.Choices{Behind: time.Hour, Ahead: time.Second})}, -time.Hour, 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.window...)
			b.send(t, sent{change: func(r *http.Request) {
				sign(t, r, b.key, protocol.Timestamp(b.clock.Now().Add(test.skew)))
			}}).mustHaveStatus(t, test.status)
		})
	}
}

func TestTheQueryIsNotPartOfWhatIsSigned(t *testing.T) {
	b := newBench(t)
	b.send(t, sent{path: keysPath + "?fcm_subtrader_id=u_a"}).mustHaveStatus(t, 200)
}

func TestAKeyIDInUpperCaseIsTheSameKey(t *testing.T) {
	b := newBench(t)
	b.send(t, sent{change: func(r *http.Request) {
		r.Header.Set(protocol.HeaderKey, strings.ToUpper(b.key.id))
	}}).mustHaveStatus(t, 200)
}

func TestAnRSAKeySignsWithASaltOf32BytesUnlessTheOptionAllowsAny(t *testing.T) {
	const longest = rsa.PSSSaltLengthAuto
	anySalt := sandbox.WithChoices(sandbox.Choices{AnySaltLength: true})
	for name, test := range map[string]struct {
		salt, status int
		path, suffix string
		opts         []sandbox.Option
	}{
		"32 bytes":                                 {salt: 32, status: 200},
		"1 byte is refused":                        {salt: 1, status: 401},
		"the longest is refused":                   {salt: longest, status: 401},
		"1 byte with the option":                   {salt: 1, status: 200, opts: []sandbox.Option{anySalt}},
		"the longest with the option":              {salt: longest, status: 200, opts: []sandbox.Option{anySalt}},
		"a wrong text, even with the option":       {salt: 32, path: "/", status: 401, opts: []sandbox.Option{anySalt}},
		"what is not base64, even with the option": {salt: 32, suffix: "!", status: 401, opts: []sandbox.Option{anySalt}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.opts...)
			key := b.bootstrap(t, sandbox.OfType(sandbox.RSA))
			b.send(t, sent{as: key, change: func(r *http.Request) {
				text := protocol.Text(r.Header.Get(protocol.HeaderTimestamp), r.Method, r.URL.Path+test.path)
				r.Header.Set(protocol.HeaderSignature, signWithSalt(t, key, text, test.salt)+test.suffix)
			}}).mustHaveStatus(t, test.status)
		})
	}
}

func signWithSalt(t *testing.T, as signer, text string, salt int) string {
	t.Helper()
	digest := sha256.Sum256([]byte(text))
	raw, err := as.private.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: salt, Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func TestTheSameTextSignedTwiceIsAcceptedUnlessTheOptionRefusesIt(t *testing.T) {
	for name, test := range map[string]struct {
		opts   []sandbox.Option
		second string
		status int
	}{
		"by default":      {nil, "", 200},
		"with the option": {[]sandbox.Option{sandbox.WithChoices(sandbox.Choices{RefuseReplay: true})}, mismatch, 401},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.opts...)
			b.send(t, sent{}).mustHaveStatus(t, 200)
			second := b.send(t, sent{})
			second.mustHaveStatus(t, test.status)
			if test.second != "" {
				second.mustBe(t, test.status, test.second)
			}
			b.clock.Advance(time.Millisecond)
			b.send(t, sent{}).mustHaveStatus(t, 200)
		})
	}
}

func TestASignedTextIsForgottenOnceItsTimestampIsTooOld(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{RefuseReplay: true}))
	b.send(t, sent{}).mustHaveStatus(t, 200)
	b.clock.Advance(time.Minute)
	b.send(t, sent{}).mustHaveStatus(t, 200)
	b.clock.Advance(-time.Minute)
	b.send(t, sent{}).mustHaveStatus(t, 200)
}
