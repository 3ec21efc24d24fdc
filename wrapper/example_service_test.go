package wrapper_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	service "kalshi.internal/apikeys/gen" // stands for a client that you generated
	"kalshi.internal/apikeys/wrapper"
)

// A generated client of the whole service gets the transport as its HTTP client.
func ExampleTransport() {
	baseURL, creds, stop := startSandbox()
	defer stop()

	transport, err := wrapper.NewTransport(creds, wrapper.WithBaseURL(baseURL))
	if err != nil {
		log.Fatal(err)
	}
	client, err := service.NewClientWithResponses(transport.BaseURL(), service.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		log.Fatal(err)
	}

	response, err := client.GetAPIKeysWithResponse(context.Background(), nil)
	if err != nil {
		log.Fatal(err) // no answer: an *wrapper.Error
	}
	if err := wrapper.ErrorFrom(response.HTTPResponse); err != nil {
		log.Fatal(err) // an answer that is a refusal
	}
	fmt.Println(response.Status(), len(response.JSON200.APIKeys))
	// Output:
	// 200 OK 1
}

// SignRequest signs for a client that oapi-codegen generated from any part of the contract.
func ExampleSignRequest() {
	baseURL, creds, stop := startSandbox()
	defer stop()
	keepAtHome := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a redirect would take the signature along, to any host
	}}
	client, err := service.NewClientWithResponses(baseURL,
		service.WithHTTPClient(keepAtHome), service.WithRequestEditorFn(wrapper.SignRequest(creds)))
	if err != nil {
		log.Fatal(err)
	}

	response, err := client.GetAPIKeysWithResponse(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Status(), len(response.JSON200.APIKeys))
	// Output:
	// 200 OK 1
}
