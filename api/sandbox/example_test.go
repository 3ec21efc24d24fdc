package sandbox_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// A test starts a sandbox, takes a first key from it, and talks to it as it would to the
// service. The wrapper's client does the signing in practice; here it is by hand.
func Example() {
	box := sandbox.New()
	server := httptest.NewServer(box)
	defer server.Close()
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		fmt.Println(err)
		return
	}

	response, err := get(server.Client(), server.URL+sandbox.BasePath+"/api_keys", key)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Println(response.Status)
	// Output: 200 OK
}

func get(client *http.Client, url string, key sandbox.Key) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(key.PrivateKey.RevealPrivateKey()))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	timestamp := protocol.Timestamp(time.Now())
	encoded, err := protocol.Sign(private.(ed25519.PrivateKey), timestamp, request.Method, protocol.Path(request.URL))
	if err != nil {
		return nil, err
	}
	request.Header.Set(protocol.HeaderKey, key.ID)
	request.Header.Set(protocol.HeaderTimestamp, timestamp)
	request.Header.Set(protocol.HeaderSignature, encoded)
	return client.Do(request)
}

// Every exchange can be looked up afterwards, with the reason for a refusal.
func ExampleSandbox_Exchanges() {
	box := sandbox.New()
	server := httptest.NewServer(box)
	defer server.Close()

	response, err := server.Client().Get(server.URL + sandbox.BasePath + "/api_keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	fmt.Println(response.StatusCode, string(body), err)
	for _, exchange := range box.Exchanges() {
		fmt.Println(exchange.Method, exchange.Operation, exchange.Status, exchange.Refusal)
	}
	// Output:
	// 401 {"error":{"code":"token_authentication_failure","message":"token authentication failure"}} <nil>
	// GET getApiKeys 401 no_credentials
}
