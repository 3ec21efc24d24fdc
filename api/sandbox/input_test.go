package sandbox_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const invalidContentType = `{"code":"invalid_content_type","message":"invalid_content_type"}`

func TestBadInputIsRefusedWithTheFieldsName(t *testing.T) {
	b := newBench(t)
	for name, test := range map[string]struct{ body, details string }{
		"name is missing":                    {`{"key_type":"rsa"}`, "name is required"},
		"name is null":                       {`{"name":null}`, "name is required"},
		"name is in capitals":                {`{"NAME":"a"}`, "name is required"},
		"name is empty":                      {`{"name":""}`, "name must not be empty"},
		"name is a number":                   {`{"name":7}`, "json: cannot unmarshal number into Go struct field GenerateApiKeyRequest.name of type string"},
		"the body is an array":               {`["name"]`, "json: cannot unmarshal array into Go value of type GenerateApiKeyRequest"},
		"the body is null":                   {`null`, "name is required"},
		"scopes is a string":                 {`{"name":"a","scopes":"read"}`, "GenerateApiKeyRequest.scopes of type"},
		"a scope is a number":                {`{"name":"a","scopes":[1]}`, "scopes"},
		"scopes is empty":                    {`{"name":"a","scopes":[]}`, "scopes must not be empty"},
		"a scope is unknown":                 {`{"name":"a","scopes":["read","canary"]}`, "scopes[1] is not a scope"},
		"write without read":                 {`{"name":"a","scopes":["write"]}`, "write needs read"},
		"write beside a child of read":       {`{"name":"a","scopes":["write","read::portfolio_balance"]}`, "write needs read"},
		"subaccount is 64":                   {`{"name":"a","subaccount":64}`, "subaccount is outside 0 to 63"},
		"subaccount is negative":             {`{"name":"a","subaccount":-1}`, "subaccount is outside 0 to 63"},
		"subaccount is a string":             {`{"name":"a","subaccount":"1"}`, "GenerateApiKeyRequest.subaccount of type int"},
		"subaccount is a fraction":           {`{"name":"a","subaccount":1.5}`, "cannot unmarshal number into Go struct field GenerateApiKeyRequest.subaccount"},
		"subaccount is beyond any number":    {`{"name":"a","subaccount":99999999999999999999}`, "cannot unmarshal number into Go struct field GenerateApiKeyRequest.subaccount"},
		"both bindings":                      {`{"name":"a","subaccount":1,"fcm_subtrader_id":"u_a"}`, "exclude each other"},
		"a subtrader without a suffix":       {`{"name":"a","fcm_subtrader_id":"u"}`, "fcm_subtrader_id is not of the form"},
		"a subtrader with an empty suffix":   {`{"name":"a","fcm_subtrader_id":"u_"}`, "fcm_subtrader_id is not of the form"},
		"a subtrader without a user":         {`{"name":"a","fcm_subtrader_id":"_a"}`, "fcm_subtrader_id is not of the form"},
		"a subtrader with a long suffix":     {`{"name":"a","fcm_subtrader_id":"u_12345678901234567"}`, "fcm_subtrader_id is not of the form"},
		"a subtrader with a dash":            {`{"name":"a","fcm_subtrader_id":"u_a-b"}`, "fcm_subtrader_id is not of the form"},
		"a subtrader with letters elsewhere": {`{"name":"a","fcm_subtrader_id":"u_é"}`, "fcm_subtrader_id is not of the form"},
		"a subtrader of two lines":           {`{"name":"a","fcm_subtrader_id":"u\n_a"}`, "fcm_subtrader_id is not of the form"},
		"an unknown key type":                {`{"name":"a","key_type":"ec"}`, "key_type is neither rsa nor ed25519"},
		"a key type in capitals":             {`{"name":"a","key_type":"RSA"}`, "key_type is neither rsa nor ed25519"},
		"two JSON values":                    {`{"name":"a"}{"name":"b"}`, "the body is not one JSON value"},
		"bytes after the value":              {`{"name":"a"} x`, "the body is not one JSON value"},
		"half a value":                       {`{"name":"a`, "the body is not one JSON value"},
		"no JSON":                            {`name=a`, "the body is not one JSON value"},
		"more than a mebibyte":               {`{"name":"` + strings.Repeat("a", 1<<20) + `"}`, "the body is longer than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send(t, sent{method: "POST", path: generatePath, body: test.body})
			got.mustRefuseInput(t, test.details)
			if strings.Contains(got.body, "canary") {
				t.Errorf("the answer quotes the body: %s", got.body)
			}
		})
	}
	if names := b.names(t); len(names) != 1 {
		t.Errorf("a refused request made a key: %q", names)
	}
}

func TestAPostMustCarryJSON(t *testing.T) {
	b := newBench(t)
	for name, test := range map[string]sent{
		"no body":                        {},
		"an empty body of type JSON":     {change: with("Content-Type", "application/json")},
		"a body of spaces":               {body: " \n"},
		"a body of type text":            {body: `{"name":"a"}`, contentType: "text/plain"},
		"a body with a form's type":      {body: `{"name":"a"}`, contentType: "application/x-www-form-urlencoded"},
		"a body with a broken type":      {body: `{"name":"a"}`, contentType: "application/json; ="},
		"a body of another type of JSON": {body: `{"name":"a"}`, contentType: "application/merge-patch+json"},
	} {
		t.Run(name, func(t *testing.T) {
			test.method = "POST"
			for _, test.path = range []string{keysPath, generatePath} {
				b.send(t, test).mustBe(t, 400, invalidContentType)
			}
		})
	}
	b.send(t, sent{method: "POST", path: generatePath, body: `{"name":"a"}`, contentType: "Application/JSON; charset=utf-8", leavesContract: true}).mustHaveStatus(t, 201)
}

func TestABodyThatEndsEarlyIsRefused(t *testing.T) {
	b := newBench(t)
	request := b.newRequest(t, sent{method: "POST", path: generatePath, body: `{"name":"a"}`})
	request.Body = io.NopCloser(strings.NewReader(`{"name":"a"}`))
	request.ContentLength = 100
	if response, err := b.http.Do(request); err == nil {
		_ = response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("got %d", response.StatusCode)
		}
	}
	if names := b.names(t); len(names) != 1 {
		t.Errorf("half a request made a key: %q", names)
	}
}

func TestAuthenticationComesBeforeInput(t *testing.T) {
	b := newBench(t)
	b.send(t, sent{method: "POST", path: generatePath, body: `{`, change: without(protocol.HeaderSignature)}).mustBe(t, 401, noSignature)
	b.send(t, sent{method: "DELETE", path: keysPath + "/7", change: anonymous}).mustBe(t, 401, noToken)
}

func TestAPublicKeyThatDoesNotFitIsRefusedWithWhatItIs(t *testing.T) {
	b := newBench(t)
	rsaKey, err := sharedRSAKey()
	if err != nil {
		t.Fatal(err)
	}
	good := publicPEM(t, &rsaKey.PublicKey)
	small := &rsa.PublicKey{N: new(big.Int).Rsh(rsaKey.N, 1024), E: rsaKey.E}
	large := &rsa.PublicKey{N: new(big.Int).Lsh(rsaKey.N, 2049), E: rsaKey.E}
	armour := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for name, test := range map[string]struct{ text, details string }{
		"empty":                         {"", "public_key is empty"},
		"spaces":                        {" \n", "public_key is empty"},
		"no PEM":                        {"AAAA", "public_key is not PEM"},
		"a private key":                 {armour("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), "public_key holds a private key"},
		"a private key after a public":  {good + armour("PRIVATE KEY", []byte("canary")), "public_key holds a private key"},
		"an encrypted private key":      {armour("ENCRYPTED PRIVATE KEY", []byte("canary")), "public_key holds a private key"},
		"a mangled private key":         {"-----BEGIN PRIVATE" + " KEY-----canary", "public_key holds a private key"},
		"a certificate":                 {armour("CERTIFICATE", []byte("canary")), "public_key is a certificate"},
		"PKCS#1":                        {armour("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)), "public_key is PKCS#1"},
		"another PEM":                   {armour("MESSAGE", []byte("canary")), "public_key is another kind of PEM"},
		"two public keys":               {good + good, "public_key holds more than one PEM block"},
		"cut off":                       {armour("PUBLIC KEY", []byte("canary")), "public_key does not parse as SPKI"},
		"an EC key":                     {publicPEM(t, ecKey(t)), "public_key is an EC key"},
		"an X25519 key":                 {publicPEM(t, x25519Key(t)), "public_key is neither RSA nor Ed25519"},
		"RSA with 1024 bits":            {publicPEM(t, small), "public_key is RSA with 1024 bits"},
		"RSA with more bits than 4096 ": {publicPEM(t, large), "public_key is RSA with 4097 bits"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send(t, sent{method: "POST", path: keysPath, body: toJSON(t, map[string]any{"name": "a", "public_key": test.text})})
			got.mustRefuseInput(t, test.details)
			if body := strings.TrimSpace(test.text); len(body) > 40 && strings.Contains(got.body, body[30:40]) {
				t.Errorf("the answer quotes the key: %s", got.body)
			}
		})
	}
	b.send(t, sent{method: "POST", path: keysPath, body: `{"name":"a"}`}).mustRefuseInput(t, "public_key is required")
}

func ecKey(t *testing.T) *ecdsa.PublicKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &private.PublicKey
}

func x25519Key(t *testing.T) *ecdh.PublicKey {
	t.Helper()
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private.PublicKey()
}

func TestLimitsAreChoices(t *testing.T) {
	rsaKey, err := sharedRSAKey()
	if err != nil {
		t.Fatal(err)
	}
	larger := publicPEM(t, &rsa.PublicKey{N: new(big.Int).Lsh(rsaKey.N, 1), E: rsaKey.E})
	ownKey := toJSON(t, map[string]any{"name": "a", "public_key": larger})
	for name, test := range map[string]struct {
		option     sandbox.Option
		path, body string
		// status and details are with the option; without it the other outcome is wanted.
		status  int
		details string
	}{
		"empty names":        {sandbox.WithChoices(sandbox.Choices{EmptyNames: true}), generatePath, `{"name":""}`, 201, "name must not be empty"},
		"long names":         {sandbox.WithChoices(sandbox.Choices{MaxNameLength: 2}), generatePath, `{"name":"abc"}`, 400, "name has 3 bytes: 2 are allowed"},
		"unique names":       {sandbox.WithChoices(sandbox.Choices{UniqueNames: true}), generatePath, `{"name":"bootstrap"}`, 400, "name: another API key"},
		"number of keys":     {sandbox.WithChoices(sandbox.Choices{MaxKeys: 1}), generatePath, `{"name":"a"}`, 400, "limit of API keys"},
		"empty scopes":       {sandbox.WithChoices(sandbox.Choices{EmptyScopes: true}), generatePath, `{"name":"a","scopes":[]}`, 201, "scopes must not be empty"},
		"unknown properties": {sandbox.WithChoices(sandbox.Choices{RefuseUnknownProperties: true}), generatePath, `{"name":"a","public_key":"b"}`, 400, "property that the contract does not know"},
		"RSA bits":           {sandbox.WithChoices(sandbox.Choices{MaxRSABits: 2048}), keysPath, ownKey, 400, "public_key is RSA with 2049 bits"},
	} {
		t.Run(name, func(t *testing.T) {
			request := sent{method: "POST", path: test.path, body: test.body, leavesContract: name == "unknown properties"}
			with, without := newBench(t, test.option).send(t, request), newBench(t).send(t, request)
			if test.status == http.StatusCreated {
				with, without = without, with
			}
			with.mustRefuseInput(t, test.details)
			without.mustHaveStatus(t, 201)
		})
	}
}

func TestALimitOnKeysCountsTheLiveKeysOfTheAccount(t *testing.T) {
	b := newBench(t, sandbox.WithChoices(sandbox.Choices{MaxKeys: 2, UniqueNames: true}))
	b.bootstrap(t, sandbox.InAccount("other"), sandbox.Named("a"))
	for range 3 {
		b.delete(t, b.generate(t, "a").id).mustHaveStatus(t, 204)
	}
}

func FuzzCreateBody(f *testing.F) {
	for _, body := range []string{``, `{}`, `null`, `[]`, `{"name":"a","public_key":"-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----"}`,
		`{"name":"a","public_key":"b","scopes":["read"],"subaccount":3}`, `{"name":"a"}x`, `{"name":1e999,"subaccount":1e999}`} {
		f.Add(body)
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, body string) {
		got := b.send(t, sent{method: "POST", path: keysPath, body: body, leavesContract: true})
		if got.status != 201 && got.status != 400 {
			t.Errorf("%q was answered %d %s", body, got.status, got.body)
		}
	})
}
