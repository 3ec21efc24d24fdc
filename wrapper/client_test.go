package wrapper_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// spki returns a public key as PEM SPKI.
func spki(t *testing.T, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestGetAPIKeysCarriesWhatItDoesNotKnow(t *testing.T) {
	f := newFixture(t, answer(200, `{"api_keys":[{"api_key_id":"`+otherKey+`","name":"n","scopes":["read","write::moon"],"subaccount":null,"born":1}],"api_key_region_expiration_ts":1798761600}`))
	list, err := f.client(t).GetAPIKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key := list.APIKeys[0]
	if key.Scopes[1] != "write::moon" || key.Subaccount != nil || *list.APIKeyRegionExpirationTS != 1798761600 {
		t.Errorf("got %+v", list)
	}
}

func TestRequestsGoOutAsTheContractSays(t *testing.T) {
	public := spki(t, newCredentials(t, ownKeyID).Signer().Public())
	made := `{"api_key_id":"` + otherKey + `","private_key":"pem"}`
	for _, row := range []struct {
		name, want string
		body       []string
		status     int
		call       func(*wrapper.Client) error
	}{
		{"the list", "GET /trade-api/v2/api_keys", nil, 200, func(c *wrapper.Client) error {
			_, err := c.GetAPIKeys(t.Context())
			return err
		}},
		{"the list of a subtrader", "GET /trade-api/v2/api_keys?fcm_subtrader_id=u-1_Desk1", nil, 200, func(c *wrapper.Client) error {
			_, err := c.GetAPIKeysOfSubtrader(t.Context(), "u-1_Desk1")
			return err
		}},
		{"generate", "POST /trade-api/v2/api_keys/generate", []string{`"name":"bot"`, `"key_type":"ed25519"`, `"scopes":["read"]`, `"subaccount":0`}, 201, func(c *wrapper.Client) error {
			_, err := c.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{
				Name: "bot", KeyType: new(gen.KeyTypeEd25519), Scopes: &gen.Scopes{gen.ScopeRead}, Subaccount: new(0),
			})
			return err
		}},
		{"create", "POST /trade-api/v2/api_keys", []string{`"name":"bot"`, `BEGIN PUBLIC KEY`, `"fcm_subtrader_id":"u_1"`}, 201, func(c *wrapper.Client) error {
			_, err := c.CreateAPIKey(t.Context(), gen.CreateAPIKeyRequest{Name: "bot", PublicKey: public, FCMSubtraderID: new("u_1")})
			return err
		}},
		{"delete", "DELETE /trade-api/v2/api_keys/" + otherKey, nil, 204, func(c *wrapper.Client) error {
			return c.DeleteAPIKey(t.Context(), otherKey)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			body := map[int]string{200: emptyList, 201: made}[row.status]
			f := newFixture(t, answer(row.status, body))
			if err := row.call(f.client(t)); err != nil {
				t.Fatal(err)
			}
			got := f.seen()[0]
			if line := got.method + " " + got.target; line != row.want {
				t.Errorf("sent %s, want %s", line, row.want)
			}
			for _, part := range row.body {
				if !strings.Contains(got.body, part) {
					t.Errorf("body %s lacks %s", got.body, part)
				}
			}
		})
	}
}

func TestRequestsTheContractRulesOutAreRefusedLocally(t *testing.T) {
	public := spki(t, newCredentials(t, ownKeyID).Signer().Public())
	type generate = gen.GenerateAPIKeyRequest
	type create = gen.CreateAPIKeyRequest
	smallRSA := weakRSAPublicKey(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, field string
		generate    *generate
		create      *create
	}{
		{name: "generate without a name", field: "name", generate: &generate{}},
		{name: "generate with a name that is no UTF-8", field: "name", generate: &generate{Name: "a\xffb"}},
		{name: "generate with a blank name", field: "name", generate: &generate{Name: " \t"}},
		{name: "create without a name", field: "name", create: &create{PublicKey: public}},
		{name: "write without read", field: "scopes", generate: &generate{Name: "n", Scopes: &gen.Scopes{gen.ScopeWrite}}},
		{name: "write without read, in create", field: "scopes", create: &create{Name: "n", PublicKey: public, Scopes: &gen.Scopes{gen.ScopeWrite}}},
		{name: "an unknown scope", field: "scopes", generate: &generate{Name: "n", Scopes: &gen.Scopes{"write::moon"}}},
		{name: "an empty list of scopes", field: "scopes", generate: &generate{Name: "n", Scopes: &gen.Scopes{}}},
		{name: "a negative subaccount", field: "subaccount", generate: &generate{Name: "n", Subaccount: new(-1)}},
		{name: "subaccount 64", field: "subaccount", create: &create{Name: "n", PublicKey: public, Subaccount: new(64)}},
		{name: "both bindings", field: "subaccount and fcm_subtrader_id", generate: &generate{Name: "n", Subaccount: new(0), FCMSubtraderID: new("u_1")}},
		{name: "a subtrader without a suffix", field: "fcm_subtrader_id", generate: &generate{Name: "n", FCMSubtraderID: new("user")}},
		{name: "a subtrader with a long suffix", field: "fcm_subtrader_id", generate: &generate{Name: "n", FCMSubtraderID: new("u_12345678901234567")}},
		{name: "an unknown key type", field: "key_type", generate: &generate{Name: "n", KeyType: new(gen.KeyType("dsa"))}},
		{name: "no public key", field: "public_key", create: &create{Name: "n"}},
		{name: "text for a public key", field: "public_key", create: &create{Name: "n", PublicKey: "ssh-ed25519 AAAA"}},
		{name: "a private key for a public key", field: "public_key", create: &create{Name: "n", PublicKey: strings.ReplaceAll(canaryPEM, `\n`, "\n")}},
		{name: "a private key after a public key", field: "public_key", create: &create{Name: "n", PublicKey: public + strings.ReplaceAll(canaryPEM, `\n`, "\n")}},
		{name: "two public keys", field: "public_key", create: &create{Name: "n", PublicKey: public + public}},
		{name: "text before a public key", field: "public_key", create: &create{Name: "n", PublicKey: "key: " + public}},
		{name: "a certificate", field: "public_key", create: &create{Name: "n", PublicKey: strings.ReplaceAll(public, "PUBLIC KEY", "CERTIFICATE")}},
		{name: "a truncated public key", field: "public_key", create: &create{Name: "n", PublicKey: strings.Replace(public, "MCow", "MC", 1)}},
		{name: "an EC public key", field: "public_key", create: &create{Name: "n", PublicKey: spki(t, curve.Public())}},
		{name: "an RSA public key of 1024 bits", field: "public_key", create: &create{Name: "n", PublicKey: smallRSA}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, answer(201, `{}`))
			var err error
			if row.generate != nil {
				_, err = f.client(t).GenerateAPIKey(t.Context(), *row.generate)
			} else {
				_, err = f.client(t).CreateAPIKey(t.Context(), *row.create)
			}
			mustMatch(t, err, wrapper.ErrInvalidRequest)
			failure := mustBeError(t, err)
			if !strings.HasPrefix(failure.Message, row.field) {
				t.Errorf("%q does not start with the field %q", failure.Message, row.field)
			}
			if failure.Attempts != 0 || len(f.seen()) != 0 {
				t.Error("a request went out")
			}
			mustShowNoSecret(t, err)
		})
	}
}

// weakRSAPublicKey returns a key that crypto/rsa refuses to make: 1024 bits.
func weakRSAPublicKey(t *testing.T) string {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return spki(t, key.Public())
}

func TestAListOfAMalformedSubtraderIsRefusedLocally(t *testing.T) {
	f := newFixture(t, answer(200, emptyList))
	_, err := f.client(t).GetAPIKeysOfSubtrader(t.Context(), "user")
	mustMatch(t, err, wrapper.ErrInvalidRequest)
	if len(f.seen()) != 0 {
		t.Error("a request went out")
	}
}

func TestAGeneratedKeyIsNotLostToADriftOfOtherFields(t *testing.T) {
	for name, step := range map[string]http.HandlerFunc{
		"a warning of another type": answer(201, `{"api_key_id":"`+otherKey+`","private_key":"`+canaryPEM+`","warning":{"a":1}}`),
		"a key type of another":     answer(201, `{"api_key_id":"`+otherKey+`","private_key":"`+canaryPEM+`","key_type":5}`),
		"another status of success": answer(200, `{"api_key_id":"`+otherKey+`","private_key":"`+canaryPEM+`"}`),
		"another content type":      answer(201, `{"api_key_id":"`+otherKey+`","private_key":"`+canaryPEM+`"}`, "Content-Type", "text/plain"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, step)
			made, err := f.client(t).GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
			if err != nil {
				t.Fatal(err)
			}
			if made.APIKeyID != otherKey || !strings.Contains(made.PrivateKey.RevealPrivateKey(), canaryBody) || made.Warning == nil {
				t.Errorf("got %+v", made)
			}
		})
	}
}

func TestACreatedKeysIDIsNotLostToADriftOfTheAnswer(t *testing.T) {
	for name, step := range map[string]http.HandlerFunc{
		"a warning of another type":  answer(201, `{"api_key_id":"`+otherKey+`","warning":{"text":"old"}}`),
		"no content type":            answer(201, `{"api_key_id":"`+otherKey+`"}`, "Content-Type", "text/plain"),
		"another status of success ": answer(200, `{"api_key_id":"`+otherKey+`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, step)
			made, err := f.client(t).CreateAPIKey(t.Context(), gen.CreateAPIKeyRequest{Name: "bot", PublicKey: spki(t, f.credentials.Signer().Public())})
			if err != nil {
				t.Fatal(err)
			}
			if made.APIKeyID != otherKey || made.Warning == nil {
				t.Errorf("got %+v, want the ID and a warning", made)
			}
		})
	}
}

func TestAnAnswerOfAnotherContentTypeIsNamed(t *testing.T) {
	f := newFixture(t, answer(200, emptyList, "Content-Type", "text/html"))
	_, err := f.client(t).GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrUnexpectedResponse)
	if !strings.Contains(err.Error(), `Content-Type "text/html"`) {
		t.Errorf("got %v", err)
	}
}

func TestDeleteRefusesIDsThatAreEmptyMalformedOrChangeThePath(t *testing.T) {
	for _, id := range []string{
		"", " ", "x", "generate", ".", "..", "../orders", otherKey + "/", "/" + otherKey, otherKey + "?x=1", otherKey + "#x",
		"%2e%2e", otherKey + " ", " " + otherKey, otherKey + "\n", strings.ReplaceAll(otherKey, "-", ""), `"` + otherKey + `"`,
	} {
		f := newFixture(t, answer(204, ``))
		err := f.client(t).DeleteAPIKey(t.Context(), id)
		mustMatch(t, err, wrapper.ErrInvalidRequest)
		if len(f.seen()) != 0 {
			t.Errorf("%q went out as %s", id, f.seen()[0].target)
		}
	}
	f := newFixture(t, answer(204, ``))
	if err := f.client(t).DeleteAPIKey(t.Context(), strings.ToUpper(otherKey)); err != nil {
		t.Errorf("a UUID in upper case is refused: %v", err)
	}
}

func TestA404AfterADeleteOfUnknownOutcomeIsASuccess(t *testing.T) {
	notFound := answer(404, `{"error":{"code":"not_found"}}`)
	for _, row := range []struct {
		name  string
		steps []http.HandlerFunc
		kinds []error
	}{
		{"after a lost connection", []http.HandlerFunc{hangUp, notFound}, nil},
		{"after a 500", []http.HandlerFunc{answer(500, ``), notFound}, nil},
		{"after a 500 and a 429", []http.HandlerFunc{answer(500, ``), answer(429, ``), notFound}, nil},
		{"in plain text it says nothing about the key", []http.HandlerFunc{answer(503, ``), http.NotFound}, []error{wrapper.ErrNotFound, wrapper.ErrOutcomeUnknown}},
		{"at once it is not", []http.HandlerFunc{notFound}, []error{wrapper.ErrNotFound}},
		{"after a 429 it is not", []http.HandlerFunc{answer(429, ``), notFound}, []error{wrapper.ErrNotFound}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, row.steps...)
			mustMatch(t, f.client(t).DeleteAPIKey(t.Context(), otherKey), row.kinds...)
		})
	}
}

func TestADeleteThatEndsWithoutAnAnswerIsOfUnknownOutcome(t *testing.T) {
	f := newFixture(t, answer(500, ``))
	mustMatch(t, f.client(t).DeleteAPIKey(t.Context(), otherKey), wrapper.ErrOutcomeUnknown, wrapper.ErrUnavailable)

	// A key that deletes itself cannot sign the second attempt.
	f = newFixture(t, hangUp, answer(401, `{"error":{"code":"authentication_error","details":"NOT_FOUND"}}`))
	mustMatch(t, f.client(t).DeleteAPIKey(t.Context(), ownKeyID), wrapper.ErrOutcomeUnknown, wrapper.ErrUnknownKey)
}

func TestHintsForWhatAnAccountMayNotDo(t *testing.T) {
	public := spki(t, newCredentials(t, ownKeyID).Signer().Public())
	forbidden := newFixture(t, answer(403, `{"error":{"code":"forbidden"}}`)).client(t)
	_, create := forbidden.CreateAPIKey(t.Context(), gen.CreateAPIKeyRequest{Name: "n", PublicKey: public})
	_, generate := forbidden.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "n"})
	for want, err := range map[string]error{"Premier": create, "FCM": generate} {
		mustMatch(t, err, wrapper.ErrForbidden)
		if hint := mustBeError(t, err).Hint; !strings.Contains(hint, want) {
			t.Errorf("hint %q does not say %q", hint, want)
		}
	}
	_, conflict := newFixture(t, answer(409, conflictBody)).client(t).GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "n"})
	mustMatch(t, conflict, wrapper.ErrConflict)
}

// Every documented refusal of every operation, in a body that the contract allows.
func TestEveryDocumentedRefusalOfEveryOperationIsMapped(t *testing.T) {
	public := spki(t, newCredentials(t, ownKeyID).Signer().Public())
	calls := map[string]func(*wrapper.Client) error{
		"getApiKeys": func(c *wrapper.Client) error {
			_, err := c.GetAPIKeys(t.Context())
			return err
		},
		"createApiKey": func(c *wrapper.Client) error {
			_, err := c.CreateAPIKey(t.Context(), gen.CreateAPIKeyRequest{Name: "n", PublicKey: public})
			return err
		},
		"generateApiKey": func(c *wrapper.Client) error {
			_, err := c.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "n"})
			return err
		},
		"deleteApiKey": func(c *wrapper.Client) error { return c.DeleteAPIKey(t.Context(), otherKey) },
	}
	kinds := map[int]error{
		400: wrapper.ErrInvalidRequest, 401: wrapper.ErrUnauthenticated, 403: wrapper.ErrForbidden,
		404: wrapper.ErrNotFound, 409: wrapper.ErrConflict, 500: wrapper.ErrUnavailable,
	}
	documented := map[string][]int{
		"getApiKeys":     {401, 500},
		"createApiKey":   {400, 401, 403, 409, 500},
		"generateApiKey": {400, 401, 403, 409, 500},
		"deleteApiKey":   {400, 401, 404, 500},
	}
	for operation, statuses := range documented {
		for _, status := range statuses {
			t.Run(fmt.Sprintf("%s answers %d", operation, status), func(t *testing.T) {
				f := newFixture(t, answer(status, `{"error":{"code":"some_code","message":"some text"}}`))
				err := calls[operation](f.client(t))
				mustMatch(t, err, kinds[status])
				failure := mustBeError(t, err)
				if string(failure.Operation) != operation || failure.StatusCode != status || failure.Code != "some_code" || failure.Hint == "" {
					t.Errorf("got %#v", failure)
				}
				if unknown := errors.Is(err, wrapper.ErrOutcomeUnknown); unknown != (status == 500 && operation != "getApiKeys") {
					t.Errorf("ErrOutcomeUnknown is %t", unknown)
				}
			})
		}
	}
}
