package cli_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	program "kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// recorded is what came to a server.
type recorded struct{ method, uri, contentType, body string }

// recording answers everything with status and body, and keeps what came.
func recording(t *testing.T, status int, body string) (program.World, *[]recorded) {
	t.Helper()
	var came []recorded
	return worldOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get(protocol.HeaderSignature) == "" {
			t.Errorf("the request is %v, %v", r, err)
		}
		came = append(came, recorded{r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), string(text)})
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})), &came
}

func TestAPISendsWhatTheArgumentsSay(t *testing.T) {
	const jsonType = "application/json"
	for name, row := range map[string]struct {
		args []string
		want recorded
		note string
	}{
		"a path below the base path":    {[]string{"GET", "/portfolio/balance"}, recorded{"GET", "/trade-api/v2/portfolio/balance", "", ""}, "note: the path was completed to /trade-api/v2/portfolio/balance\n"},
		"a path without its slash":      {[]string{"portfolio/balance"}, recorded{"GET", "/trade-api/v2/portfolio/balance", "", ""}, "note: "},
		"a whole path":                  {[]string{"/trade-api/v2/portfolio/balance"}, recorded{"GET", "/trade-api/v2/portfolio/balance", "", ""}, ""},
		"a query":                       {[]string{"get", "/trade-api/v2/markets?limit=1&x=a%20b"}, recorded{"GET", "/trade-api/v2/markets?limit=1&x=a%20b", "", ""}, ""},
		"fields of a query":             {[]string{"GET", "/trade-api/v2/markets?limit=1", "--field", "status=a b", "--field", "n=5"}, recorded{"GET", "/trade-api/v2/markets?limit=1&n=5&status=a+b", "", ""}, ""},
		"fields of a body":              {[]string{"/trade-api/v2/portfolio/orders", "-F", "count=10", "-F", "post_only=true", "-F", "price=0.10", "-F", "note=null", "-F", "side=yes", "-f", "id=7"}, recorded{"POST", "/trade-api/v2/portfolio/orders", jsonType, `{"count":10,"id":"7","note":null,"post_only":true,"price":0.10,"side":"yes"}`}, ""},
		"a large number":                {[]string{"/trade-api/v2/x", "--field", "n=12345678901234567890123"}, recorded{"POST", "/trade-api/v2/x", jsonType, `{"n":12345678901234567890123}`}, ""},
		"what is almost a number":       {[]string{"/trade-api/v2/x", "--field", "n=007", "--field", "m=1.", "--field", `q="7"`}, recorded{"POST", "/trade-api/v2/x", jsonType, `{"m":"1.","n":"007","q":"\"7\""}`}, ""},
		"a body from standard input":    {[]string{"POST", "/trade-api/v2/x", "--input", "-", "--field", "a=1"}, recorded{"POST", "/trade-api/v2/x?a=1", jsonType, `{"in": 1}`}, ""},
		"a DELETE":                      {[]string{"DELETE", "/trade-api/v2/portfolio/orders/7"}, recorded{"DELETE", "/trade-api/v2/portfolio/orders/7", "", ""}, ""},
		"a path of another interface":   {[]string{"/trade-api/ws/v2"}, recorded{"GET", "/trade-api/ws/v2", "", ""}, ""},
		"a path that is almost a base":  {[]string{"/trade-api/v2x"}, recorded{"GET", "/trade-api/v2x", "", ""}, ""},
		"segments that lead upwards":    {[]string{"/portfolio/../markets"}, recorded{"GET", "/trade-api/v2/markets", "", ""}, "note: "},
		"a percent sign in a path":      {[]string{"/trade-api/v2/markets/A%2FB"}, recorded{"GET", "/trade-api/v2/markets/A%2FB", "", ""}, ""},
		"no key is made by PUT, either": {[]string{"PUT", "/trade-api/v2/api_keys/generate", "--field", "a=1"}, recorded{"PUT", "/trade-api/v2/api_keys/generate", jsonType, `{"a":1}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			world, came := recording(t, http.StatusOK, `{"b":1,"a":[]}`)
			world.Stdin = strings.NewReader(`{"in": 1}`)
			got := run(t.Context(), world, append([]string{"api"}, row.args...)...)
			got.want(t, 0, row.note)
			if len(*came) != 1 || (*came)[0] != row.want {
				t.Errorf("sent %+v, want %+v", *came, row.want)
			}
			if got.stdout != "{\n  \"b\": 1,\n  \"a\": []\n}\n" || (row.note == "") != (got.stderr == "") {
				t.Errorf("printed %q and %q", got.stdout, got.stderr)
			}
		})
	}
}

func TestAPITakesAPastedURL(t *testing.T) {
	world, came := recording(t, http.StatusOK, `{}`)
	base := world.Env["KALSHI_BASE_URL"]
	run(t.Context(), world, "api", base+"/markets?limit=1").want(t, 0)
	if len(*came) != 1 || (*came)[0].uri != "/trade-api/v2/markets?limit=1" {
		t.Errorf("sent %+v", *came)
	}
	// One of another host is not signed for it.
	run(t.Context(), world, "api", "https://example.com/trade-api/v2/markets").want(t, 2, "the URL leads to example.com, but the base URL is "+base)
	run(t.Context(), world, "api", strings.Replace(base, "http:", "https:", 1)+"/markets").want(t, 2, "but the base URL is "+base)
	run(t.Context(), world, "api", "https://demo-api.kalshi.co/trade-api/v2/markets").want(t, 2, "but the base URL is "+base)
	// Without a base URL, one of the service's hosts says which environment is meant.
	delete(world.Env, "KALSHI_BASE_URL")
	world.Env["HTTPS_PROXY"] = "http://127.0.0.1:1"
	run(t.Context(), world, "api", "https://example.com/trade-api/v2/markets").want(t, 2, "the URL leads to example.com")
	if len(*came) != 1 {
		t.Errorf("sent %+v", *came)
	}
}

func TestAPIRefusesWhatItCannotSend(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		says string
	}{
		"a key whose private half would be lost": {[]string{"POST", "/api_keys/generate", "--field", "name=x"}, "kalshi-keys generate NAME --out FILE"},
		"the same by another spelling":           {[]string{"post", "/trade-api/v2//api_keys/./%67enerate/"}, "never printed"},
		"a method that is none":                  {[]string{"G T", "/x"}, "is not an HTTP method"},
		"a path with a blank":                    {[]string{"/a b"}, "Percent-encode"},
		"a field without a value":                {[]string{"/x", "--field", "a"}, "is not NAME=VALUE"},
		"a field without a name":                 {[]string{"/x", "--field", "=a"}, "is not NAME=VALUE"},
		"a field twice":                          {[]string{"/x", "--field", "a=1", "--raw-field", "a=2"}, "the field a is given twice"},
		"a body that is no JSON":                 {[]string{"/x", "--input", "-"}, "is not JSON"},
		"a body that is not there":               {[]string{"/x", "--input", "missing.json"}, "cannot be read"},
		"a private key in the place of a path":   {[]string{"GET", "x -----BEGIN " + "PRIVATE KEY-----"}, "holds a private key"},
		"nothing":                                {nil, "api needs METHOD and PATH"},
		"too much":                               {[]string{"GET", "/x", "/y"}, "does not take"},
	} {
		t.Run(name, func(t *testing.T) {
			world, came := recording(t, http.StatusOK, `{}`)
			world.Stdin = strings.NewReader("no JSON")
			got := run(t.Context(), world, append([]string{"api"}, row.args...)...)
			got.want(t, 2, row.says)
			if len(*came) != 0 || got.stdout != "" {
				t.Errorf("sent %+v, printed %q", *came, got.stdout)
			}
		})
	}
}

func TestAPIExplainsAnAnswerThatIsNoSuccess(t *testing.T) {
	world, _ := recording(t, http.StatusNotFound, `{"error":{"code":"not_found","message":"not found"}}`)
	got := run(t.Context(), world, "api", "/trade-api/v2/portfolio/orders/7")
	got.want(t, 4, "error: kalshi: ", "not_found", "hint: Nothing is there")
	if !strings.HasPrefix(got.stdout, "{\n  \"error\": {") {
		t.Errorf("printed %q", got.stdout)
	}
	got = run(t.Context(), world, "api", "/trade-api/v2/portfolio/orders/7", "--output", "json", "--include")
	if got.want(t, 4, `{"error":"kalshi: `, `"exit_code":4}`); !strings.HasSuffix(got.stdout, "\n\n{\"error\":{\"code\":\"not_found\",\"message\":\"not found\"}}\n") ||
		!strings.HasPrefix(got.stdout, "HTTP/1.1 404 Not Found\n") || !strings.Contains(got.stdout, "\nContent-Type: application/json\n") {
		t.Errorf("printed %q", got.stdout)
	}
}

func TestAPIRetriesByTheClientsPolicy(t *testing.T) {
	for method, want := range map[string]int{"GET": 4, "POST": 1} {
		world, came := recording(t, http.StatusServiceUnavailable, `{}`)
		run(t.Context(), world, "api", method, "/trade-api/v2/portfolio/orders").want(t, map[string]int{"GET": 5, "POST": 6}[method])
		if len(*came) != want {
			t.Errorf("%s was sent %d times, want %d", method, len(*came), want)
		}
	}
}

func TestAPIPrintsNothingThatATerminalObeysAndNoPrivateKey(t *testing.T) {
	const key = `-----BEGIN ` + `PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n`
	for body, want := range map[string]string{
		`{"a":"x` + "\u202e" + `"}`:     "{\n  \"a\": \"x\\u202e\"\n}\n",
		"plain\x1b[2J\r\ntext\n":        "plain\\x1b[2J\ntext\n",
		`{"private_key":"` + key + `"}`: "{\n  \"private_key\": \"[REDACTED]\\n\"\n}\n",
		"":                              "",
	} {
		world, _ := recording(t, http.StatusOK, body)
		if got := run(t.Context(), world, "api", "/trade-api/v2/x"); got.code != 0 || got.stdout != want {
			t.Errorf("%q was printed as %q, want %q", body, got.stdout, want)
		}
	}
}
