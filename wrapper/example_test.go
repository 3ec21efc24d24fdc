package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// startSandbox returns the base URL of a sandbox, credentials that work there, and how to stop
// it.
func startSandbox(options ...sandbox.Option) (string, *wrapper.Credentials, func()) {
	service := sandbox.New(options...)
	first, err := service.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	creds, err := wrapper.NewCredentials(first.ID, []byte(first.PrivateKey.RevealPrivateKey()))
	if err != nil {
		log.Fatal(err)
	}
	return server.URL + sandbox.BasePath, creds, server.Close
}

func ExampleCredentialsFromFiles() {
	service := sandbox.New()
	server := httptest.NewServer(service)
	defer server.Close()
	dir, err := os.MkdirTemp("", "secrets")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	key, err := service.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		log.Fatal(err)
	}
	err = errors.Join(os.WriteFile(dir+"/id", []byte(key.ID), 0o600),
		os.WriteFile(dir+"/key.pem", []byte(key.PrivateKey.RevealPrivateKey()), 0o600))
	if err != nil {
		log.Fatal(err)
	}

	source := wrapper.CredentialsFromFiles(dir+"/id", dir+"/key.pem")
	client, err := wrapper.NewClient(source, wrapper.WithBaseURL(server.URL+sandbox.BasePath))
	if err != nil {
		log.Fatal(err)
	}
	list, err := client.GetAPIKeys(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(list.APIKeys), "key; the files agree:", source.Err() == nil)
	// Output: 1 key; the files agree: true
}

// exportSandbox starts a sandbox and sets the environment variables for it, as the file that
// `kalshi-keys sandbox --env-file` writes does.
func exportSandbox() (stop func()) {
	service := sandbox.New()
	first, err := service.Bootstrap()
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	variables := map[string]string{
		"KALSHI_API_KEY_ID":  first.ID,
		"KALSHI_PRIVATE_KEY": first.PrivateKey.RevealPrivateKey(),
		"KALSHI_BASE_URL":    server.URL + sandbox.BasePath,
		// Whoever runs the tests may have a sandbox of their own.
		"KALSHI_PRIVATE_KEY_PATH": "",
	}
	for name, value := range variables {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	return func() {
		server.Close()
		for name := range variables {
			_ = os.Unsetenv(name)
		}
	}
}

func ExampleCredentialsFromEnv() {
	defer exportSandbox()()

	creds, err := wrapper.CredentialsFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	// Or by name: wrapper.WithEnvironment(wrapper.Demo). Without an option: production.
	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(os.Getenv("KALSHI_BASE_URL")))
	if err != nil {
		log.Fatal(err)
	}
	list, err := client.GetAPIKeys(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range list.APIKeys {
		fmt.Println(key.Name, key.Scopes)
	}
	// Output:
	// bootstrap [read write]
}

func Example() {
	baseURL, creds, stop := startSandbox()
	defer stop()
	ctx := context.Background()

	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(baseURL))
	if err != nil {
		log.Fatal(err)
	}
	made, err := client.GenerateAPIKey(ctx, gen.GenerateAPIKeyRequest{Name: "trading bot", KeyType: new(gen.KeyTypeEd25519)})
	if err != nil {
		log.Fatal(err)
	}
	list, err := client.GetAPIKeys(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range list.APIKeys {
		fmt.Println(key.Name, key.Scopes)
	}
	fmt.Println("private key:", made.PrivateKey)
	if err := client.DeleteAPIKey(ctx, made.APIKeyID); err != nil {
		log.Fatal(err)
	}
	// Output:
	// bootstrap [read write]
	// trading bot [read write]
	// private key: [REDACTED]
}

func ExampleError() {
	baseURL, creds, stop := startSandbox()
	defer stop()
	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(baseURL))
	if err != nil {
		log.Fatal(err)
	}

	err = client.DeleteAPIKey(context.Background(), "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11")
	failure, _ := errors.AsType[*wrapper.Error](err)
	switch {
	case errors.Is(err, wrapper.ErrOutcomeUnknown):
		fmt.Println("look at the list before doing it again")
	case errors.Is(err, wrapper.ErrNotFound):
		fmt.Println("status", failure.StatusCode, "after", failure.Attempts, "attempt")
		fmt.Println(failure.Hint)
	}
	// Output:
	// status 404 after 1 attempt
	// No key of this account has the ID: it was deleted before, or belongs to another account or environment
}

// A clock that is 41 s late stopped trading bots; here it costs one more request.
func ExampleClient_ClockOffset() {
	clock := newFakeClock()
	baseURL, creds, stop := startSandbox(sandbox.WithClock(func() time.Time { return clock.Now().Add(41 * time.Second) }))
	defer stop()
	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(baseURL), wrapper.WithClock(clock))
	if err != nil {
		log.Fatal(err)
	}

	list, err := client.GetAPIKeys(context.Background())
	fmt.Println(len(list.APIKeys), err, client.ClockOffset().Round(time.Second))
	// Output:
	// 1 <nil> 41s
}

// A Transport signs the requests of any HTTP client, to any endpoint of the service.
func ExampleNewTransport() {
	baseURL, creds, stop := startSandbox()
	defer stop()
	transport, err := wrapper.NewTransport(creds, wrapper.WithBaseURL(baseURL))
	if err != nil {
		log.Fatal(err)
	}

	httpClient := &http.Client{Transport: transport}
	response, err := httpClient.Get(baseURL + "/api_keys")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Println(response.Status)
	// Output:
	// 200 OK
}

// An order is sent again after a lost answer if it has a client_order_id, and is there once.
func ExampleWithPolicy() {
	baseURL, creds, stop := startSandbox(sandbox.WithFallback(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":{"code":"order_already_exists"}}`, http.StatusConflict)
	})), loseFirstOrder)
	defer stop()
	transport, err := wrapper.NewTransport(creds, wrapper.WithBaseURL(baseURL))
	if err != nil {
		log.Fatal(err)
	}
	httpClient := &http.Client{Transport: transport}

	ctx := wrapper.WithPolicy(context.Background(), wrapper.Retry{Resend: wrapper.ByClientOrderID})
	order, err := http.NewRequestWithContext(ctx, http.MethodPost, transport.BaseURL()+"/portfolio/orders",
		strings.NewReader(`{"ticker":"KX-26","client_order_id":"7f3c"}`))
	if err != nil {
		log.Fatal(err)
	}
	response, err := httpClient.Do(order)
	if err != nil {
		log.Fatal(err) // errors.Is(err, wrapper.ErrOutcomeUnknown): look before you place another
	}
	defer func() { _ = response.Body.Close() }()
	call, _ := wrapper.CallInfo(response)
	fmt.Println(response.StatusCode, "after", call.Attempts, "attempts; the order is there:", call.AlreadyExists)
	// Output:
	// 409 after 2 attempts; the order is there: true
}

// loseFirstOrder has the answer to the first order be lost.
func loseFirstOrder(box *sandbox.Sandbox) {
	lost := sandbox.Fault{Method: http.MethodPost, Path: "/portfolio/orders", Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1}
	if err := box.SetFaults(lost); err != nil {
		log.Fatal(err)
	}
}
