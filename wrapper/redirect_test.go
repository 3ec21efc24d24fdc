package wrapper_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

func TestAPOSTThatIsRedirectedMayHaveTakenEffect(t *testing.T) {
	const elsewhere = "https://elsewhere.invalid/trade-api/v2/x"
	for _, target := range []string{basePath + "/x", elsewhere} {
		for _, status := range []int{302, 303} {
			f := newFixture(t, answer(status, ``, "Location", target))
			httpClient := &http.Client{Transport: f.transport(t)}
			_, err := httpClient.Post(f.server.URL+basePath+"/orders", "application/json", strings.NewReader(`{}`))
			mustMatch(t, err, wrapper.ErrUnexpectedResponse, wrapper.ErrOutcomeUnknown)
			if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "look before you repeat") || errors.Is(err, wrapper.ErrInsecure) {
				t.Errorf("%d to %s: %v", status, target, err)
			}
		}
	}
}

func TestAClientsPOSTThatIsRedirectedMayHaveTakenEffect(t *testing.T) {
	for status, unknown := range map[int]bool{301: false, 302: true, 303: true, 307: false, 308: false} {
		f := newFixture(t, answer(status, ``, "Location", basePath+"/x"))
		_, err := f.client(t).GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "bot"})
		mustMatch(t, err, wrapper.ErrUnexpectedResponse)
		if errors.Is(err, wrapper.ErrOutcomeUnknown) != unknown {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestARedirectThatFollowsNoEffectIsKnownToHaveChangedNothing(t *testing.T) {
	for _, row := range []struct {
		method string
		status int
	}{{"GET", 302}, {"GET", 303}, {"POST", 301}, {"POST", 307}, {"POST", 308}} {
		f := newFixture(t, answer(row.status, ``, "Location", basePath+"/x"))
		req, _ := http.NewRequestWithContext(t.Context(), row.method, f.server.URL+basePath+"/orders", nil)
		_, err := (&http.Client{Transport: f.transport(t)}).Do(req)
		mustMatch(t, err, wrapper.ErrUnexpectedResponse)
		if errors.Is(err, wrapper.ErrOutcomeUnknown) || !strings.Contains(mustBeError(t, err).Hint, "the one that would follow was not") {
			t.Errorf("%s, %d: %v", row.method, row.status, err)
		}
	}
}

func TestAHostOfOnesOwnIsRefusedByName(t *testing.T) {
	f := newFixture(t, answer(200, emptyList))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL+basePath+"/x", nil)
	req.Host = "elsewhere.invalid"
	_, err := f.transport(t).RoundTrip(req)
	mustMatch(t, err, wrapper.ErrInsecure)
	if !strings.Contains(err.Error(), "Request.Host") || len(f.seen()) != 0 {
		t.Errorf("after %d requests: %v", len(f.seen()), err)
	}
}
