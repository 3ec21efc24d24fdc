package contract_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
)

// A program that uses the client tests itself against the sandbox, with every exchange held
// against the contract. In a test, contract.TB(t) takes the collector's place.
func Example() {
	box := sandbox.New()
	key, _ := box.Bootstrap(sandbox.OfType(sandbox.Ed25519)) // an RSA key takes far longer to make
	server := httptest.NewServer(box)
	defer server.Close()

	collector := &contract.Collector{}
	creds, _ := wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	client, _ := wrapper.NewClient(creds, wrapper.WithBaseURL(server.URL+sandbox.BasePath),
		wrapper.WithHTTPTransport(contract.Transport(nil, collector)))

	keys, err := client.GetAPIKeys(context.Background())
	fmt.Println(len(keys.APIKeys), "key,", err, "error,", len(collector.Violations()), "violations")
	// Output: 1 key, <nil> error, 0 violations
}
