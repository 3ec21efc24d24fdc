package ratelimit_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/ratelimit"
)

// One limiter holds all clients of an account back.
func Example() {
	box := sandbox.New(sandbox.WithChoices(sandbox.Choices{RateLimits: sandbox.RateLimits{ReadPerSecond: 1000, WritePerSecond: 1000}}))
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(box)
	defer server.Close()
	creds, err := wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	if err != nil {
		log.Fatal(err)
	}

	limiter, err := ratelimit.ForTier(ratelimit.Premier)
	if err != nil {
		log.Fatal(err)
	}
	transport, err := wrapper.NewTransport(creds, wrapper.WithBaseURL(server.URL+sandbox.BasePath),
		wrapper.WithBeforeAttempt(limiter.Wait), wrapper.WithObserver(limiter.Observer()))
	if err != nil {
		log.Fatal(err)
	}

	response, err := (&http.Client{Transport: transport}).Get(server.URL + sandbox.BasePath + "/api_keys")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Println(response.Status)
	// Output:
	// 200 OK
}
