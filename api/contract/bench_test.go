package contract_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"kalshi.internal/apikeys/api/contract"
)

// The two benchmarks check the same exchange, a create and its answer, without a network.

func BenchmarkCheckedExchange(b *testing.B) {
	collector := &contract.Collector{}
	transport := contract.Transport(response(201, createdBody), collector)
	r := benchmarkRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		send(b, transport, r)
	}
	if got := collector.Violations(); len(got) > 0 {
		b.Fatal(got)
	}
}

func BenchmarkPlainOpenapi3filter(b *testing.B) {
	doc, err := openapi3.NewLoader().LoadFromFile(contractPath)
	if err != nil {
		b.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: "http://127.0.0.1/trade-api/v2"}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		b.Fatal(err)
	}
	transport := filtered{response(201, createdBody), router}
	r := benchmarkRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		send(b, transport, r)
	}
}

func benchmarkRequest(b *testing.B) *http.Request {
	e := create()
	r, err := http.NewRequestWithContext(b.Context(), e.method, "http://127.0.0.1/trade-api/v2"+e.path, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header = e.header
	return r
}

func send(b *testing.B, transport http.RoundTripper, r *http.Request) {
	body := []byte(createBody(`,"scopes":["read","write"],"subaccount":3`))
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	answer, err := transport.RoundTrip(r)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		b.Fatal(err)
	}
	_ = answer.Body.Close()
}

// filtered is the least that holds an exchange against a contract with openapi3filter alone.
type filtered struct {
	next   http.RoundTripper
	router routers.Router
}

func (f filtered) RoundTrip(r *http.Request) (*http.Response, error) {
	route, params, err := f.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		return nil, err
	}
	answer, err := f.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header,
	}
	if err := openapi3filter.ValidateResponse(context.Background(), output.SetBodyBytes(body)); err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}
