package lifecycle_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// alter changes the body of an answer in the service's JSON.
type alter func(req *http.Request, body map[string]any)

// altering passes what the service answers with success through change.
func altering(next http.RoundTripper, change alter) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(req)
		if err != nil || response.StatusCode/100 != 2 || response.StatusCode == http.StatusNoContent {
			return response, err
		}
		defer func() { _ = response.Body.Close() }()
		body := map[string]any{}
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			return nil, err
		}
		change(req, body)
		changed, err := json.Marshal(body)
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
		return response, err
	})
}

// altered returns a manager that sees the service's answers changed.
func (w *world) altered(change alter, more ...lifecycle.Option) *lifecycle.Manager {
	w.t.Helper()
	transport := wrapper.WithHTTPTransport(altering(w.seam.transport(w.carrier), change))
	return w.newManager(append([]lifecycle.Option{lifecycle.WithClientOptions(transport)}, more...)...)
}

// naming has the first answers about a new key name another, and as many as there are in times.
func naming(keyID string, times int) alter {
	return func(req *http.Request, body map[string]any) {
		if req.Method == http.MethodPost && times > 0 {
			times--
			body["api_key_id"] = keyID
		}
	}
}

// eachListed changes each key of a list.
func eachListed(req *http.Request, body map[string]any, change func(key map[string]any)) {
	if req.Method != http.MethodGet {
		return
	}
	for _, key := range body["api_keys"].([]any) {
		change(key.(map[string]any))
	}
}
