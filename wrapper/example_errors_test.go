package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// The PEM on disk belongs to another key ID. The service says no more than "incorrect
// signature"; the hint says what this machine can rule out.
func Example_wrongSignature() {
	baseURL, creds, stop := startSandbox()
	defer stop()
	_, anotherKey, stopAnother := startSandbox()
	defer stopAnother()

	mixedUp, err := wrapper.NewSignerCredentials(creds.KeyID(), anotherKey.Signer())
	if err != nil {
		log.Fatal(err)
	}
	client, err := wrapper.NewClient(mixedUp, wrapper.WithBaseURL(baseURL))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.GetAPIKeys(context.Background())
	if failure, ok := errors.AsType[*wrapper.Error](err); ok && errors.Is(err, wrapper.ErrBadSignature) {
		fmt.Println(failure.StatusCode, failure.Details)
		fmt.Println(failure.Hint)
	}
	// Output:
	// 401 INCORRECT_API_KEY_SIGNATURE
	// The signature is good for this private key and path. Check that the private key belongs to this key ID. 127.0.0.1 is not a host of the service, so check also that it passes path and headers on unchanged
}

// A demo key on production, or a key that was deleted: stop, instead of trying again all night.
func Example_unknownKey() {
	_, demoKey, stopDemo := startSandbox()
	defer stopDemo()
	production, _, stop := startSandbox()
	defer stop()

	client, err := wrapper.NewClient(demoKey, wrapper.WithBaseURL(production))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.GetAPIKeys(context.Background())
	if failure, ok := errors.AsType[*wrapper.Error](err); ok && errors.Is(err, wrapper.ErrUnknownKey) {
		fmt.Println(failure.StatusCode, failure.Details, "after", failure.Attempts, "attempt")
		fmt.Println(failure.Hint)
	}
	// Output:
	// 401 NOT_FOUND after 1 attempt
	// This environment does not know the key ID: it was deleted, or belongs to another environment (a demo key does not work on production). Do not retry with it
}

// A clock that is wrong is corrected; only a client that may not try twice sees the error.
func Example_clockSkew() {
	clock := newFakeClock()
	late := sandbox.WithClock(func() time.Time { return clock.Now().Add(10 * time.Minute) })
	baseURL, creds, stop := startSandbox(late)
	defer stop()

	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(baseURL), wrapper.WithClock(clock), wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1}))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.GetAPIKeys(context.Background())
	if failure, ok := errors.AsType[*wrapper.Error](err); ok && errors.Is(err, wrapper.ErrClockSkew) {
		fmt.Println(failure.StatusCode, failure.Code)
		fmt.Println("off by", client.ClockOffset().Round(time.Minute))
	}
	_, err = client.GetAPIKeys(context.Background())
	fmt.Println("the next call:", err)
	// Output:
	// 401 header_timestamp_expired
	// off by 10m0s
	// the next call: <nil>
}

// A PEM that lost something on its way is repaired where that is certain, and else refused with
// what it is. No byte of it is repeated.
func Example_mangledPrivateKey() {
	service := sandbox.New()
	key, err := service.Bootstrap()
	if err != nil {
		log.Fatal(err)
	}
	private := key.PrivateKey.RevealPrivateKey()

	_, err = wrapper.NewCredentials(key.ID, []byte(private[:len(private)/2]))
	if refused, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		fmt.Println(refused.Problem)
		fmt.Println(refused.Hint)
	}
	_, err = wrapper.NewCredentials("'"+key.ID[:8]+"'", []byte(private))
	if refused, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		fmt.Println(refused.Problem)
		fmt.Println(refused.Hint)
	}
	// Output:
	// truncated
	// Copy the private key again, from its BEGIN line to its END line; no part of it can be guessed
	// key_id
	// Give the API key's ID as the service shows it, such as 0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11, with nothing around it
}

// The answer to a generate is lost after the key was made. Sending it again would leave a live
// key whose private half nobody has.
func Example_outcomeUnknown() {
	service := sandbox.New()
	first, err := service.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	if err := service.SetFaults(sandbox.Fault{
		Operation: protocol.GenerateAPIKey, Point: sandbox.AfterProcessing, Kind: sandbox.FaultReset,
	}); err != nil {
		log.Fatal(err)
	}
	creds, err := wrapper.NewCredentials(first.ID, []byte(first.PrivateKey.RevealPrivateKey()))
	if err != nil {
		log.Fatal(err)
	}
	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(server.URL+sandbox.BasePath))
	if err != nil {
		log.Fatal(err)
	}

	_, err = client.GenerateAPIKey(context.Background(), gen.GenerateAPIKeyRequest{Name: "bot"})
	if failure, ok := errors.AsType[*wrapper.Error](err); ok && errors.Is(err, wrapper.ErrOutcomeUnknown) {
		fmt.Println(failure.Hint)
	}
	list, err := client.GetAPIKeys(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range list.APIKeys {
		fmt.Println(key.Name)
	}
	// Output:
	// A key may be live whose private half was lost. Do not generate again before you have listed the keys and deleted one of this name that you do not hold
	// bootstrap
	// bot
}
