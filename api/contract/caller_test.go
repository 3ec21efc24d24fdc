package contract_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
)

func TestTheLineOfTheCallIsFoundThroughTheClient(t *testing.T) {
	server := httptest.NewServer(answer(200, `{"api_keys":[],"cursor":""}`))
	defer server.Close()
	creds, err := wrapper.NewSignerCredentials(keyID, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	collector := &contract.Collector{}
	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(server.URL+sandbox.BasePath),
		wrapper.WithHTTPTransport(contract.Transport(server.Client().Transport, collector)))
	if err != nil {
		t.Fatal(err)
	}
	_, _, line, _ := runtime.Caller(0)
	_, _ = client.GetAPIKeys(t.Context())
	got := collector.Violations()
	if want := fmt.Sprintf("contract/caller_test.go:%d", line+1); len(got) != 1 || !strings.HasSuffix(got[0].Caller, want) {
		t.Errorf("got %v, wanted %s", got, want)
	}
}

func TestATransportAroundThisOneIsNotTakenForTheCaller(t *testing.T) {
	server := httptest.NewServer(answer(302, ""))
	defer server.Close()
	collector := &contract.Collector{}
	inner := contract.Transport(server.Client().Transport, collector)
	client := http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return inner.RoundTrip(r)
	})}
	_, _, line, _ := runtime.Caller(0)
	_, _ = client.Do(list().request(t, server.URL)) //nolint:bodyclose // the answer is an error
	got := collector.Violations()
	if want := fmt.Sprintf("contract/caller_test.go:%d", line+1); len(got) != 1 || got[0].Caller != want {
		t.Errorf("got %v, wanted %s", got, want)
	}
}

func TestAServerKnowsNoCaller(t *testing.T) {
	got := generate().sending(`{}`).throughHandler(t).Violations()
	if len(got) != 1 || got[0].Caller != "" {
		t.Errorf("got %v", got)
	}
}
