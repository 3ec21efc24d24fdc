package otel

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// scope names this package as what makes the spans and metrics.
const scope = "kalshi.internal/apikeys/wrapper/otel"

// Attributes that the semantic conventions do not have.
const (
	// OperationKey is the contract's operation ID.
	OperationKey = attribute.Key("kalshi.operation")
	// ReasonKey says why another attempt follows, or why none does: a [wrapper.Reason].
	ReasonKey = attribute.Key("kalshi.reason")
	// AttemptsKey is how often a call was sent.
	AttemptsKey = attribute.Key("kalshi.attempts")
	// OutcomeUnknownKey says that some attempt of a call may have taken effect without the answer saying so.
	OutcomeUnknownKey = attribute.Key("kalshi.outcome_unknown")
)

// Option sets up an observer.
type Option func(*settings)

type settings struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// WithTracerProvider sets where the spans go. The default is the global provider.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(s *settings) { s.tracers = provider }
}

// WithMeterProvider sets where the metrics go. The default is the global provider.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(s *settings) { s.meters = provider }
}

// Observer returns what records the calls of a client: an argument for [wrapper.WithObserver]. It is safe for
// concurrent use. It returns an error if the meter provider makes an instrument of no use.
func Observer(opts ...Option) (wrapper.Observer, error) {
	s := settings{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, option := range opts {
		option(&s)
	}
	r := recorder{tracer: s.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))}
	if err := r.makeInstruments(s.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))); err != nil {
		return wrapper.Observer{}, err
	}
	return wrapper.Observer{
		CallStarted: r.callStarted, AttemptStarted: r.attemptStarted, AttemptEnded: r.attemptEnded, CallEnded: r.callEnded,
	}, nil
}

type recorder struct {
	tracer  trace.Tracer
	request httpconv.ClientRequestDuration
	call    metric.Float64Histogram
	offset  metric.Float64Gauge
}

func (r *recorder) makeInstruments(meter metric.Meter) error {
	var ofRequest, ofCall, ofOffset error
	r.request, ofRequest = httpconv.NewClientRequestDuration(meter)
	r.call, ofCall = meter.Float64Histogram("kalshi.client.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of calls, with all attempts and the waits between them."),
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60))
	r.offset, ofOffset = meter.Float64Gauge("kalshi.client.clock.offset", metric.WithUnit("s"),
		metric.WithDescription("By how much the local clock, being behind the service's, is corrected."))
	return errors.Join(ofRequest, ofCall, ofOffset)
}

func (r *recorder) callStarted(ctx context.Context, call wrapper.Info) context.Context {
	ctx, _ = r.tracer.Start(ctx, cmp.Or(string(call.Operation), method(call.Method)+" "+call.Route),
		trace.WithAttributes(common(call.Method, call.Route, call.Host, string(call.Operation))...))
	return ctx
}

func (r *recorder) callEnded(ctx context.Context, call wrapper.Info) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(AttemptsKey.Int(call.Attempts), ReasonKey.String(string(call.Reason)),
		OutcomeUnknownKey.Bool(call.EarlierOutcomeUnknown || call.LastOutcomeUnknown))
	status := statusOf(call.StatusCode, call.Reason)
	end(span, status, call.Reason)
	attributes := append(common(call.Method, call.Route, call.Host, string(call.Operation)), status...)
	r.call.Record(ctx, call.Duration.Seconds(), metric.WithAttributes(attributes...))
}

func (r *recorder) attemptStarted(ctx context.Context, a wrapper.Attempt) context.Context {
	attributes := common(a.Method, a.Route, a.Host, string(a.Operation))
	if a.Number > 1 {
		attributes = append(attributes, semconv.HTTPRequestResendCount(a.Number-1))
	}
	ctx, _ = r.tracer.Start(ctx, method(a.Method)+" "+a.Route, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	return ctx
}

func (r *recorder) attemptEnded(ctx context.Context, a wrapper.Attempt) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(ReasonKey.String(string(a.Reason)))
	status := statusOf(a.StatusCode, a.Reason)
	end(span, status, a.Reason)
	address, port := server(a.Host)
	r.request.Record(ctx, a.Duration.Seconds(), httpconv.RequestMethodAttr(method(a.Method)), address, port,
		append(status, r.request.AttrURLTemplate(a.Route))...)
	r.offset.Record(ctx, a.ClockOffset.Seconds(), metric.WithAttributes(semconv.ServerAddress(address)))
}

func common(name, route, host, operation string) []attribute.KeyValue {
	address, port := server(host)
	attributes := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(method(name)), semconv.URLTemplate(route), semconv.ServerAddress(address), semconv.ServerPort(port),
	}
	if operation != "" {
		attributes = append(attributes, OperationKey.String(operation))
	}
	return attributes
}

// statusOf returns the status and what kind of error it is.
func statusOf(code int, reason wrapper.Reason) []attribute.KeyValue {
	switch {
	case code == 0:
		return []attribute.KeyValue{semconv.ErrorTypeKey.String(string(reason))}
	case code >= http.StatusBadRequest:
		return []attribute.KeyValue{semconv.HTTPResponseStatusCode(code), semconv.ErrorTypeKey.String(strconv.Itoa(code))}
	}
	return []attribute.KeyValue{semconv.HTTPResponseStatusCode(code)}
}

func end(span trace.Span, status []attribute.KeyValue, reason wrapper.Reason) {
	span.SetAttributes(status...)
	if slices.ContainsFunc(status, func(kv attribute.KeyValue) bool { return kv.Key == semconv.ErrorTypeKey }) {
		span.SetStatus(codes.Error, string(reason))
	}
	span.End()
}

// method returns a method that the semantic conventions know, or the value that they have for others.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return name
	}
	return "_OTHER"
}

// server splits a host into address and port. Only loopback may be plain http, and has port 80 if it names none.
func server(host string) (string, int) {
	address, text, err := net.SplitHostPort(host)
	if err != nil {
		if protocol.IsLoopback(host) {
			return host, 80
		}
		return host, 443
	}
	port, _ := strconv.Atoi(text)
	return address, port
}
