package otel_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/otel"
)

// bench is a client whose spans and metrics stay in memory.
type bench struct {
	box      *sandbox.Sandbox
	client   *wrapper.Client
	http     *http.Client
	url      string
	exporter *tracetest.InMemoryExporter
	reader   *sdkmetric.ManualReader

	mu      sync.Mutex
	secrets []string
}

// sent returns what must not be recorded, with the signatures of all requests.
func (b *bench) sent() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.secrets)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{exporter: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	b.box = sandbox.New(sandbox.WithFallback(http.NotFoundHandler()))
	key, err := b.box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.secrets = append(b.secrets, r.Header.Get("KALSHI-ACCESS-SIGNATURE"))
		b.mu.Unlock()
		b.box.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b.url = server.URL
	b.secrets = []string{key.ID, "secret-order", "secret-query"}
	creds, err := wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	if err != nil {
		t.Fatal(err)
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(b.exporter))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(b.reader))
	observer, err := otel.Observer(otel.WithTracerProvider(tracers), otel.WithMeterProvider(meters))
	if err != nil {
		t.Fatal(err)
	}
	options := []wrapper.Option{
		wrapper.WithBaseURL(server.URL + sandbox.BasePath), wrapper.WithObserver(observer), wrapper.WithRetry(wrapper.Retry{FirstBackoff: 1}),
	}
	transport, err := wrapper.NewTransport(creds, options...)
	if err != nil {
		t.Fatal(err)
	}
	if b.client, err = wrapper.NewClient(creds, options...); err != nil {
		t.Fatal(err)
	}
	b.http = &http.Client{Transport: transport}
	t.Cleanup(func() { transport.CloseIdleConnections(); b.client.CloseIdleConnections() })
	return b
}

func text(all []attribute.KeyValue) string {
	var words []string
	for _, kv := range all {
		words = append(words, fmt.Sprintf("%s=%v", kv.Key, kv.Value.AsInterface()))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func TestACallIsASpanWithItsAttemptsBelow(t *testing.T) {
	b := newBench(t)
	if err := b.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := b.exporter.GetSpans()
	if len(spans) != 3 {
		t.Fatalf("%d spans, want 3", len(spans))
	}
	first, second, call := spans[0], spans[1], spans[2]
	for _, attempt := range spans[:2] {
		if attempt.Parent.SpanID() != call.SpanContext.SpanID() || attempt.SpanKind != trace.SpanKindClient || attempt.Name != "GET /trade-api/v2/api_keys" {
			t.Errorf("the attempt is %s of kind %s below %s", attempt.Name, attempt.SpanKind, attempt.Parent.SpanID())
		}
	}
	if call.Parent.IsValid() || call.SpanKind != trace.SpanKindInternal || call.Name != "getApiKeys" || call.Status.Code != codes.Unset {
		t.Errorf("the call is %s of kind %s with status %v", call.Name, call.SpanKind, call.Status)
	}
	if first.Status.Code != codes.Error || first.Status.Description != "server error" || second.Status.Code != codes.Unset {
		t.Errorf("the attempts end as %v and %v", first.Status, second.Status)
	}
	address := strings.TrimPrefix(b.url, "http://127.0.0.1:")
	common := "kalshi.operation=getApiKeys %s server.address=127.0.0.1 server.port=" + address + " url.template=/trade-api/v2/api_keys"
	for _, row := range []struct {
		name string
		got  []attribute.KeyValue
		want string
	}{
		{"first attempt", first.Attributes, "error.type=503 http.request.method=GET http.response.status_code=503 " + fmt.Sprintf(common, "kalshi.reason=server error")},
		{"second attempt", second.Attributes, "http.request.method=GET http.request.resend_count=1 http.response.status_code=200 " + fmt.Sprintf(common, "kalshi.reason=answered")},
		{"call", call.Attributes, "http.request.method=GET http.response.status_code=200 kalshi.attempts=2 " + fmt.Sprintf(common, "kalshi.outcome_unknown=false kalshi.reason=answered")},
	} {
		if got := text(row.got); got != row.want {
			t.Errorf("the %s has\n%s\nwant\n%s", row.name, got, row.want)
		}
	}
}

func TestMetricsAreOfTheSemanticConventions(t *testing.T) {
	b := newBench(t)
	if err := b.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultReset, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if err := b.client.DeleteAPIKey(t.Context(), "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11"); err != nil {
		t.Fatal(err)
	}
	var all metricdata.ResourceMetrics
	if err := b.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	counts := map[string]uint64{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Histogram[float64]:
			for _, point := range data.DataPoints {
				counts[m.Name+" "+m.Unit+" "+text(point.Attributes.ToSlice())] = point.Count
			}
		case metricdata.Gauge[float64]:
			counts[m.Name+" "+m.Unit+" "+text(data.DataPoints[0].Attributes.ToSlice())] = uint64(len(data.DataPoints))
		}
	}
	const method, route = "http.request.method=DELETE", "url.template=/trade-api/v2/api_keys/{}"
	server := "server.address=127.0.0.1 server.port=" + strings.TrimPrefix(b.url, "http://127.0.0.1:")
	for _, want := range []string{
		"http.client.request.duration s error.type=connection lost after sending " + method + " " + server + " " + route,
		"http.client.request.duration s error.type=404 " + method + " http.response.status_code=404 " + server + " " + route,
		"kalshi.client.call.duration s error.type=404 " + method + " http.response.status_code=404 kalshi.operation=deleteApiKey " + server + " " + route,
		"kalshi.client.clock.offset s server.address=127.0.0.1",
	} {
		if counts[want] != 1 {
			t.Errorf("there is no %s in\n%v", want, counts)
		}
	}
}

func TestNothingSecretIsRecorded(t *testing.T) {
	b := newBench(t)
	made, err := b.client.CreateAPIKey(t.Context(), createRequest(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.client.DeleteAPIKey(t.Context(), made.APIKeyID); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), "BREW", b.url+sandbox.BasePath+"/portfolio/orders/secret-order?secret-query=1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	var all metricdata.ResourceMetrics
	if err := b.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	recorded := fmt.Sprintf("%+v %+v", b.exporter.GetSpans(), all)
	if !strings.Contains(recorded, "/trade-api/v2/portfolio/orders/{}") || !strings.Contains(recorded, "_OTHER") {
		t.Error("the order or its method was not recorded")
	}
	for _, secret := range append(b.sent(), made.APIKeyID, "BREW") {
		if secret == "" || strings.Contains(recorded, secret) {
			t.Errorf("%q is recorded", secret)
		}
	}
}

func TestARequestThatWasNotSentHasNoAttempt(t *testing.T) {
	b := newBench(t)
	request, err := http.NewRequestWithContext(wrapper.WithPolicy(t.Context(), wrapper.Retry{MaxAttempts: -1}), http.MethodGet, b.url+sandbox.BasePath+"/markets", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.http.Do(request)
	if err == nil {
		_ = response.Body.Close()
		t.Fatal("an invalid policy is taken")
	}
	spans := b.exporter.GetSpans()
	if len(spans) != 1 || spans[0].Name != "GET /trade-api/v2/markets" || spans[0].Status.Code != codes.Error {
		t.Errorf("the spans are %v", spans)
	}
}

func createRequest(t *testing.T) gen.CreateAPIKeyRequest {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return gen.CreateAPIKeyRequest{Name: "bot", PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
}
