package lifecycle_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// warningAbout has the service say something about every key that it makes.
func warningAbout(next http.RoundTripper, text string) http.RoundTripper {
	return saying(next, "warning", text)
}

// saying has the service say text in a field of its answer about every key that it makes.
func saying(next http.RoundTripper, field, text string) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(req)
		if err != nil || req.Method != http.MethodPost {
			return response, err
		}
		defer func() { _ = response.Body.Close() }()
		body := map[string]any{}
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			return nil, err
		}
		body[field] = text
		changed, err := json.Marshal(body)
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
		return response, err
	})
}

func TestTheServicesWarningIsInTheEntryAndStaysThere(t *testing.T) {
	for name, row := range map[string]struct{ said, want string }{
		"a sentence":        {"expires\nin May", "expires\nin May"},
		"nothing":           {"", ""},
		"no end of it":      {strings.Repeat("x", 200<<10), strings.Repeat("x", 4<<10)},
		"cut in a letter":   {"x" + strings.Repeat("ü", 4<<10), "x" + strings.Repeat("ü", 2<<10-1)},
		"what is no letter": {"a\xffb", "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			transport := wrapper.WithHTTPTransport(warningAbout(w.carrier, row.said))
			manager := w.newManager(lifecycle.WithClientOptions(transport))
			var made []keystore.Entry
			for _, way := range []lifecycle.Way{lifecycle.Generate, lifecycle.Create} {
				entry, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type, Way: way})
				if err != nil {
					t.Fatal(err)
				}
				made = append(made, entry)
			}
			result, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
			if err != nil {
				t.Fatal(err)
			}
			w.restart()
			for _, entry := range append(made, result.New) {
				kept, err := w.store.Get(t.Context(), entry.KeyID)
				if err != nil || entry.Warning != row.want || kept.Warning != row.want {
					t.Errorf("returned %.40q, kept %.40q, want %.40q (%v)", entry.Warning, kept.Warning, row.want, err)
				}
			}
		})
	}
}
