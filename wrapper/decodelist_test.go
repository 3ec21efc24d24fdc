package wrapper_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// inMemory answers every request with one body, and needs no memory for it.
type inMemory struct {
	status int
	body   string
}

func (m inMemory) RoundTrip(*http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{StatusCode: m.status, Header: header, ContentLength: -1, Body: io.NopCloser(strings.NewReader(m.body))}, nil
}

// hostileBodies are bodies of about 2 MB, by what they repeat.
func hostileBodies() map[string]func() string {
	fill := func(before, piece, after string) func() string {
		return func() string { return before + strings.Repeat(piece, 2_000_000/len(piece)) + after }
	}
	key := func(rest string) string { return `{"api_key_id":"x","name":"n",` + rest + `}` }
	scopes := `"scopes":["` + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", ""), `","`) + `"]`
	return map[string]func() string{
		"numbers":                      fill(`{"api_keys":[`, `0,`, `0]}`),
		"empty objects":                fill(`{"api_keys":[`, `{},`, `{}]}`),
		"nulls":                        fill(`{"api_keys":[`, `null,`, `null]}`),
		"lists":                        fill(`{"api_keys":[`, `[],`, `[]]}`),
		"opening brackets":             fill(`{"api_keys":`, `[`, ``),
		"scopes of one key":            fill(`{"api_keys":[{"api_key_id":"x","name":"n","scopes":[`, `"",`, `""]}]}`),
		"numbers in scopes":            fill(`{"api_keys":[{"api_key_id":"x","name":"n","scopes":[`, `0,`, `0]}]}`),
		"a long name":                  fill(`{"api_keys":[{"api_key_id":"x","name":"`, `n`, `","scopes":[]}]}`),
		"a long name with escapes":     fill(`{"api_keys":[{"api_key_id":"x","name":"`, `\n`, `","scopes":[]}]}`),
		"small keys":                   fill(`{"api_keys":[`, key(`"scopes":[]`)+`,`, key(`"scopes":[]`)+`]}`),
		"keys of many scopes":          fill(`{"api_keys":[`, key(scopes)+`,`, key(scopes)+`]}`),
		"keys of few scopes":           fill(`{"api_keys":[`, key(`"scopes":["a","b","c"]`)+`,`, key(`"scopes":[]`)+`]}`),
		"a field spelled with escapes": fill(`{"api_keys":[`, strings.Replace(key(`"scopes":[]`), "_", `\u005f`, 1)+`,`, key(`"scopes":[]`)+`]}`),
		"names of the field":           fill(`{"api_keys":[],"x":[`, `"api_key_id",`, `0]}`),
		"a field of no meaning":        fill(`{"api_keys":[],"x":"`, `x`, `"}`),
		"many fields of no meaning":    fill(`{"api_keys":[]`, `,"x":0`, `}`),
		"white space":                  fill(`{"api_keys":[]`, ` `, `}`),
		"a code":                       fill(`{"code":"`, `x`, `"}`),
		"details":                      fill(`{"error":{"details":[`, `0,`, `0]}}`),
		"details at the top":           fill(`{"details":[`, `{},`, `0]}`),
		"errors in a list":             fill(`{"error":[`, `0,`, `0]}`),
		"a private key":                fill(`{"api_key_id":"x","private_key":"`, `k`, `"}`),
		"a private key with escapes":   fill(`{"api_key_id":"x","private_key":"\n`, `k`, `"}`),
		"a warning":                    fill(`{"api_key_id":"x","private_key":"k","warning":"\n`, `k`, `"}`),
		"no private key":               fill(`{"api_key_id":"x","private_key":[`, `0,`, `0]}`),
	}
}

// What a call allocates in all is at least what it needs at its peak, and unlike the peak does not
// depend on when memory is collected. The bodies come without their length, which costs more.
func TestNoBodyTakesMoreThanFourTimesItsSize(t *testing.T) {
	if testing.Short() {
		return // the race detector allocates, too
	}
	const callItself = 128 << 10
	calls := map[int]func(*wrapper.Client) error{
		200: func(c *wrapper.Client) error { _, err := c.GetAPIKeys(t.Context()); return err },
		201: func(c *wrapper.Client) error {
			_, err := c.GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
			return err
		},
		400: func(c *wrapper.Client) error { _, err := c.GetAPIKeys(t.Context()); return err },
	}
	for name, bodyOf := range hostileBodies() {
		body := bodyOf()
		for status, call := range calls {
			client, err := wrapper.NewClient(newCredentials(t, ownKeyID),
				wrapper.WithHTTPTransport(inMemory{status, body}), wrapper.WithRetry(wrapper.Retry{AttemptTimeout: patience}))
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err = call(client)
			runtime.ReadMemStats(&after)
			taken := after.TotalAlloc - before.TotalAlloc
			if taken > uint64(4*len(body)+callItself) {
				t.Errorf("HTTP %d with %s takes %.2f times the body: %v", status, name, float64(taken)/float64(len(body)), err)
			}
		}
	}
}

// The generated client has no other bounds than those of its types.
func TestTheGeneratedClientStopsAtTheFirstElementThatIsNoKey(t *testing.T) {
	bodies := hostileBodies()
	for _, name := range []string{"numbers", "empty objects", "nulls", "lists", "scopes of one key", "numbers in scopes"} {
		t.Run(name, func(t *testing.T) {
			body := bodies[name]()
			client, err := wrapper.NewClient(newCredentials(t, ownKeyID), wrapper.WithHTTPTransport(inMemory{200, body}))
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err = client.API().GetAPIKeysWithResponse(t.Context(), nil)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("no error")
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > uint64(8*len(body)) && !testing.Short() {
				t.Errorf("took %.2f times the body", float64(taken)/float64(len(body)))
			}
		})
	}
}

func TestDetailsOfAnErrorAreKeptAsTheyCame(t *testing.T) {
	client, err := wrapper.NewClient(newCredentials(t, ownKeyID), wrapper.WithHTTPTransport(inMemory{400, `{"error":{"code":"c","details":[1, 2]}}`}))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.API().CreateAPIKeyWithResponse(t.Context(), gen.CreateAPIKeyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	refusal, err := response.JSON400.Error.AsErrorObject()
	if err != nil || string(refusal.Details) != "[1, 2]" {
		t.Errorf("details %s, %v", refusal.Details, err)
	}
}

// slowToClose is a body that was read whole and comes to its end only in atEnd.
type slowToClose struct {
	inMemory

	atEnd func(*http.Request)
}

func (s slowToClose) RoundTrip(req *http.Request) (*http.Response, error) {
	response, err := s.inMemory.RoundTrip(req)
	response.Body = closer{response.Body, func() { s.atEnd(req) }}
	return response, err
}

type closer struct {
	io.Reader

	atEnd func()
}

func (c closer) Close() error {
	c.atEnd()
	return nil
}

func TestDecodingEndsWithTheContextAndWithTheAttempt(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	for name, row := range map[string]struct {
		ctx     context.Context
		atEnd   func(*http.Request)
		timeout time.Duration
		kinds   []error
	}{
		"the context": {cancelled, func(*http.Request) { cancel() }, patience, []error{context.Canceled}},
		"the attempt": {t.Context(), func(r *http.Request) { <-r.Context().Done() }, time.Second, []error{context.DeadlineExceeded, wrapper.ErrUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			transport := slowToClose{inMemory{200, emptyList}, row.atEnd}
			client, err := wrapper.NewClient(newCredentials(t, ownKeyID),
				wrapper.WithHTTPTransport(transport), wrapper.WithRetry(wrapper.Retry{AttemptTimeout: row.timeout}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.GetAPIKeys(row.ctx)
			mustMatch(t, err, row.kinds...)
			if status := mustBeError(t, err).StatusCode; status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
}

func TestNullIsAnEmptyListAndCanBeToldFromOne(t *testing.T) {
	for body, want := range map[string]*gen.GetAPIKeysResponse{
		`{"api_keys":null}`: {},
		`{"api_keys":[]}`:   {APIKeys: []gen.APIKey{}},
		`{"api_keys":[{"api_key_id":"x","name":"n","scopes":null}]}`:               {APIKeys: []gen.APIKey{{APIKeyID: "x", Name: "n"}}},
		`{"api_keys":[{"api_key_id":"x","name":"n","scopes":[]}],"cursor":"next"}`: {APIKeys: []gen.APIKey{{APIKeyID: "x", Name: "n", Scopes: []gen.Scope{}}}},
	} {
		f := newFixture(t, answer(200, body))
		list, err := f.client(t).GetAPIKeys(t.Context())
		if err != nil || !reflect.DeepEqual(list, want) {
			t.Errorf("%s gives %+v, %v", body, list, err)
		}
	}
}

func TestTheErrorNamesTheFieldAndTheElement(t *testing.T) {
	const first = `{"api_keys":[{"api_key_id":"x","name":"n","scopes":["a"]},`
	for body, want := range map[string]string{
		`{}`:                         "api_keys is missing",
		`[]`:                         "not a JSON object",
		`{"api_keys":{}}`:            "api_keys is not a list",
		first + `null]}`:             "api_keys[1]: it is no API key",
		first + `{}]}`:               "api_keys[1]: it is no API key",
		first + `0]}`:                "api_keys[1]: a JSON number",
		first + `{"api_key_id":7}]}`: "api_keys[1].api_key_id: a JSON number",
		first + `{"api_key_id":"y","name":"n"}]}`:                                                  "api_keys[1].scopes: missing",
		first + `{"api_key_id":"y","name":"n","scopes":[null]}]}`:                                  "api_keys[1].scopes: missing, or one of them is empty",
		first + `{"api_key_id":"y","name":"n","scopes":["a",null]}]}`:                              "api_keys[1].scopes: missing, or one of them is empty",
		first + `{"api_key_id":"y","name":"n","scopes":["a",7]}]}`:                                 "api_keys[1].scopes: a JSON number",
		first + `{"api_key_id":"y","name":"n","scopes":["a"` + strings.Repeat(`,"a"`, 64) + `]}]}`: "api_keys[1].scopes: more than 64",
		first + `{"api_key_id":"y","name":"` + strings.Repeat("n", 70_000) + `"}]}`:                "api_keys[1]: is larger than 65536 bytes",
		`{"api_keys":[],"api_key_region_expiration_ts":"soon"}`:                                    "api_key_region_expiration_ts: ",
		`{"api_keys":[]`:  "unexpected EOF",
		`{"api_keys":[}}`: "invalid character",
	} {
		f := newFixture(t, answer(200, body))
		_, err := f.client(t).GetAPIKeys(t.Context())
		mustMatch(t, err, wrapper.ErrUnexpectedResponse)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s gives %v, without %q", body, err, want)
		}
	}
}

func FuzzAListThatIsAcceptedIsOne(f *testing.F) {
	for _, seed := range []string{
		emptyList, `{"api_keys":null}`, `{"api_keys":[{"api_key_id":"x","name":"n","scopes":["a"],"subaccount":3}]}`,
		`{"api_keys":[{"api_key_id":"x","name":"n","scopes":null},{}]}`, `{"x":[1e999],"api_keys":[]}`, `{"api_keys":[]}{}`,
	} {
		f.Add(seed)
	}
	credentials, err := wrapper.NewSignerCredentials(ownKeyID, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		client, err := wrapper.NewClient(credentials, wrapper.WithHTTPTransport(inMemory{200, body}))
		if err != nil {
			t.Fatal(err)
		}
		list, err := client.GetAPIKeys(t.Context())
		if err != nil {
			return
		}
		if !json.Valid([]byte(body)) {
			t.Fatal("this is not JSON")
		}
		for i, key := range list.APIKeys {
			if key.APIKeyID == "" || slices.Contains(key.Scopes, "") {
				t.Errorf("element %d is no key: %+v", i, key)
			}
		}
	})
}
