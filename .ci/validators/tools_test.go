package validators_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/gen/spec"
)

// A tool checks exchanges. What it returns is ready: documents are read and compiled.
type tool struct {
	name  string
	ready func(testing.TB) check
}

// check returns what is wrong with an exchange, nil if nothing. It reads both bodies.
type check func(*http.Request, *http.Response) error

func tools() [3]tool {
	return [3]tool{
		{"apikeys", apikeys},
		{"openapi3filter", openapi3Filter},
		{"libopenapi-strict", libopenapiStrict},
	}
}

// apikeys is the contract kit of this project. It allows nothing that it would by default.
func apikeys(testing.TB) check {
	collector := &contract.Collector{}
	var answer *http.Response
	next := roundTripper(func(*http.Request) (*http.Response, error) { return answer, nil })
	transport := contract.Transport(next, collector, contract.AllowNothing())
	seen := 0
	return func(request *http.Request, response *http.Response) error {
		answer = response
		checked, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, checked.Body); err != nil {
			return err
		}
		found := collector.Violations()[seen:]
		seen += len(found)
		if len(found) > 0 {
			return errors.New(found[0].String())
		}
		return nil
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// openapi3Filter is kin-openapi as its documentation shows it, without an option but for the
// authentication, which it would refuse otherwise.
func openapi3Filter(tb testing.TB) check {
	tb.Helper()
	doc, err := spec.GetSpec()
	if err != nil {
		tb.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: baseURL}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		tb.Fatal(err)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	return func(request *http.Request, response *http.Response) error {
		route, params, err := router.FindRoute(request)
		if err != nil {
			return err
		}
		input := &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route, Options: options}
		if err := openapi3filter.ValidateRequest(request.Context(), input); err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		output := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: response.StatusCode, Header: response.Header, Options: options,
		}
		return openapi3filter.ValidateResponse(request.Context(), output.SetBodyBytes(body))
	}
}

// libopenapiStrict is libopenapi-validator with all that makes it stricter here.
func libopenapiStrict(tb testing.TB) check {
	tb.Helper()
	text, err := spec.GetSpecJSON()
	if err != nil {
		tb.Fatal(err)
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		tb.Fatal(err)
	}
	strict, problems := validator.NewValidator(document,
		config.WithStrictMode(), config.WithFormatAssertions(),
		config.WithRejectUndeclaredRequestBody(), config.WithRejectUnsupportedBodyContent())
	if len(problems) > 0 {
		tb.Fatal(errors.Join(problems...))
	}
	tb.Cleanup(strict.Release)
	return func(request *http.Request, response *http.Response) error {
		fits, problems := strict.ValidateHttpRequestResponse(request, response)
		if fits {
			return nil
		}
		if len(problems) == 0 {
			return errors.New("refused without a reason")
		}
		return fmt.Errorf("%s: %s", problems[0].Message, problems[0].Reason)
	}
}
