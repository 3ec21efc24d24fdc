package control_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/control"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestFaultsCanBeSetReadAndClearedByHTTP(t *testing.T) {
	b := newBench(t)
	b.ask(t, "GET", "faults", "").mustBe(t, 200, `{"faults":[]}`)
	set := b.ask(t, "POST", "faults", `{"faults":[
		{"operation":"getApiKeys","kind":"status","status":503,"header":{"Retry-After":"1"},"body":"down","times":1},
		{"kind":"delay","duration":"250ms"},
		{"kind":"missing_field","field":"/api_keys"}]}`)
	want := `{"faults":[{"operation":"getApiKeys","point":"before","kind":"status","times":1,"status":503,"header":{"Retry-After":"1"},"body":"down"},` +
		`{"point":"before","kind":"delay","duration":"250ms"},{"point":"after","kind":"missing_field","field":"/api_keys"}]}`
	set.mustBe(t, 200, want)
	b.ask(t, "GET", "faults", "").mustBe(t, 200, want)
	b.send(t, sent{}).mustBe(t, 503, "down")
	b.ask(t, "DELETE", "faults", "").mustBe(t, 204, "")
	b.send(t, sent{}).mustHaveStatus(t, 200)
}

func TestAKeyCanBeRegisteredByHTTPAndIsListedWithoutKeyMaterial(t *testing.T) {
	b := newBench(t)
	public := b.publicPEM(t)
	made := b.ask(t, "POST", "keys", toJSON(t, map[string]any{"public_key": public}))
	made.mustHaveStatus(t, 201)
	var key struct {
		ID string `json:"api_key_id"`
	}
	if err := json.Unmarshal([]byte(made.body), &key); err != nil {
		t.Fatal(err)
	}
	b.send(t, sent{change: with(protocol.HeaderKey, key.ID)}).mustHaveStatus(t, 200)

	for _, options := range []map[string]any{
		{"account": "other", "name": "sub", "scopes": []string{"read"}, "subaccount": 3},
		{"name": "fcm", "fcm_subtrader_id": "u_a"},
	} {
		options["public_key"] = public
		b.ask(t, "POST", "keys", toJSON(t, options)).mustHaveStatus(t, 201)
	}
	b.send(t, sent{method: "POST", path: generatePath, body: `{"name":"doomed","key_type":"ed25519"}`}).mustHaveStatus(t, 201)
	all := b.box.Keys()
	b.send(t, sent{method: "DELETE", path: keysPath + "/" + all[len(all)-1].ID}).mustHaveStatus(t, 204)
	var list struct{ Keys []map[string]any }
	listed := b.ask(t, "GET", "keys", "")
	if err := json.Unmarshal([]byte(listed.body), &list); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, k := range list.Keys {
		delete(k, "api_key_id")
		got = append(got, toJSON(t, k))
	}
	want := []string{
		`{"account":"default","bootstrapped":true,"deleted":false,"key_type":"ed25519","name":"bootstrap","scopes":["read","write"]}`,
		`{"account":"default","bootstrapped":true,"deleted":false,"key_type":"ed25519","name":"bootstrap","scopes":["read","write"]}`,
		`{"account":"other","bootstrapped":true,"deleted":false,"key_type":"ed25519","name":"sub","scopes":["read"],"subaccount":3}`,
		`{"account":"default","bootstrapped":true,"deleted":false,"fcm_subtrader_id":"u_a","key_type":"ed25519","name":"fcm","scopes":["read","write"]}`,
		`{"account":"default","bootstrapped":false,"deleted":true,"key_type":"ed25519","name":"doomed","scopes":["read","write"]}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the keys are\n%s", strings.Join(got, "\n"))
	}
}

func TestExchangesAndResetByHTTP(t *testing.T) {
	b := newBench(t)
	b.send(t, sent{method: "POST", path: generatePath, body: `{"name":"made","key_type":"ed25519"}`}).mustHaveStatus(t, 201)
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultDrop})
	got := b.ask(t, "GET", "exchanges", "")
	if want := `{"exchanges":[{"number":1,"time":"2026-10-01T12:00:00Z","method":"POST","path":"` + generatePath +
		`","operation":"generateApiKey","status":201,"key_id":"` + b.keyID + `","timestamp":"1790856000000","signed_by":"ed25519"`; !strings.HasPrefix(got.body, want) {
		t.Errorf("got %s, want %s", got.body, want)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the headers are %v", got.header)
	}
	b.ask(t, "POST", "reset", "").mustBe(t, 204, "")
	b.ask(t, "GET", "exchanges", "").mustBe(t, 200, `{"exchanges":[]}`)
	if keys := b.box.Keys(); len(keys) != 1 || keys[0].ID != b.keyID {
		t.Errorf("the keys are %+v", keys)
	}
}

func TestWhatTheControlSurfaceDoesNotUnderstandItRefuses(t *testing.T) {
	b := newBench(t)
	for name, test := range map[string]struct{ path, body, want string }{
		"no body":                 {"faults", "", "Content-Type"},
		"no JSON":                 {"faults", "kind=drop", "invalid character"},
		"an unknown property":     {"faults", `{"faults":[{"kind":"drop","speed":1}]}`, "speed"},
		"a wrong type":            {"faults", `{"faults":{"kind":"drop"}}`, "cannot unmarshal"},
		"two values":              {"faults", `{"faults":[]}{}`, "more than one"},
		"half a value":            {"faults", `{"faults":[`, "EOF"},
		"too much":                {"faults", strings.Repeat(" ", 1<<20) + `{}`, "too large"},
		"a malformed duration":    {"faults", `{"faults":[{"kind":"delay","duration":"canary"}]}`, "duration is a text such as"},
		"an endless duration":     {"faults", `{"faults":[{"kind":"delay","duration":"999999999999h"}]}`, "duration is a text such as"},
		"an impossible fault":     {"faults", `{"faults":[{"kind":"drop","point":"during"}]}`, "drop cannot happen during"},
		"a key without a key":     {"keys", `{}`, "public_key is empty"},
		"a private key":           {"keys", `{"public_key":"-----BEGIN PRIVATE` + ` KEY-----canary"}`, "public_key holds a private key"},
		"a key of an unknown sub": {"keys", `{"subaccount":64,"public_key":"x"}`, "subaccount"},
		"a key in a list":         {"keys", `[{}]`, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.ask(t, "POST", test.path, test.body)
			got.mustHaveStatus(t, 400)
			if !strings.Contains(got.body, test.want) || strings.Contains(got.body, "canary") {
				t.Errorf("got %s, want %q", got.body, test.want)
			}
		})
	}
	b.ask(t, "GET", "nothing", "").mustHaveStatus(t, 404)
	b.ask(t, "PUT", "faults", "").mustHaveStatus(t, 405)
}

func TestASandboxAloneHasNoControlSurface(t *testing.T) {
	server := httptest.NewServer(sandbox.New())
	defer server.Close()
	for _, path := range []string{"faults", "keys", "exchanges"} {
		do(t, newRequest(t, "GET", server.URL+control.Path+path, "")).mustBe(t, 404, "404 page not found")
	}
}

func TestTheControlSurfaceIsForProgramsOfThisMachine(t *testing.T) {
	box := control.Handler(sandbox.New())
	const remote, host = "127.0.0.1:50000", "localhost:8080"
	for name, test := range map[string]struct {
		remote, host, origin string
		status               int
	}{
		"from loopback":                    {remote, host, "", 200},
		"from loopback of IPv6":            {"[::1]:50000", "[::1]:8080", "", 200},
		"for a loopback address":           {remote, "127.0.0.1", "", 200},
		"for IPv6 without a port":          {remote, "[::1]", "", 200},
		"for localhost in capitals":        {remote, "LOCALHOST:8080", "", 200},
		"from a page of its own":           {remote, host, "http://localhost:8080", 200},
		"from another machine":             {"192.0.2.1:50000", host, "", 403},
		"from nowhere":                     {"", host, "", 403},
		"for another name":                 {remote, "evil.example:8080", "", 403},
		"for a name that starts alike":     {remote, "localhost.evil.example", "", 403},
		"for no name":                      {remote, "", "", 403},
		"from a foreign page":              {remote, host, "https://evil.example", 403},
		"from a page of another port":      {remote, host, "http://localhost:3000", 403},
		"from a page that hides its place": {remote, host, "null", 403},
		"from a page with a broken origin": {remote, host, "http://%", 403},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, control.Path+"faults", nil)
			request.RemoteAddr, request.Host = test.remote, test.host
			if test.origin != "" {
				request.Header.Set("Origin", test.origin)
			}
			recorder := httptest.NewRecorder()
			box.ServeHTTP(recorder, request)
			if recorder.Code != test.status {
				t.Errorf("got %d %s, want %d", recorder.Code, recorder.Body, test.status)
			}
		})
	}
}

func FuzzControlBody(f *testing.F) {
	for _, body := range []string{``, `{}`, `{"faults":null}`, `{"faults":[{"kind":"drop","point":"after","times":3}]}`,
		`{"faults":[{"kind":"wrong_type","field":"/api_keys/0/name"}]}`, `{"faults":[{"kind":"wrong_date","duration":"-1h"}]}`,
		`{"faults":[{"kind":"status","status":204}]}`, `{"public_key":"x","subaccount":1}`} {
		f.Add(true, body)
		f.Add(false, body)
	}
	f.Fuzz(func(t *testing.T, setsFaults bool, body string) {
		path := "keys"
		if setsFaults {
			path = "faults"
		}
		box := control.Handler(sandbox.New())
		first := post(t, box, path, body)
		if first.Code >= 500 {
			t.Fatalf("%s %q was answered %d", path, body, first.Code)
		}
		if setsFaults && first.Code == http.StatusOK {
			if again := post(t, box, path, first.Body.String()); again.Body.String() != first.Body.String() {
				t.Errorf("%s became %s when it was set again", first.Body, again.Body)
			}
		}
	})
}

func post(t *testing.T, box http.Handler, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, control.Path+path, strings.NewReader(body))
	request.RemoteAddr, request.Host = "127.0.0.1:1", "localhost"
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	box.ServeHTTP(recorder, request)
	return recorder
}
