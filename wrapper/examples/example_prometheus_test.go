package examples_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"kalshi.internal/apikeys/wrapper"
)

// metrics counts attempts and times them, by what has few values.
func metrics(registry prometheus.Registerer) (wrapper.Observer, *prometheus.CounterVec) {
	attempts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kalshi_attempts_total", Help: "Attempts by route and result.",
	}, []string{"method", "route", "status", "reason"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "kalshi_attempt_seconds", Help: "How long an attempt took.",
	}, []string{"method", "route"})
	offset := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "kalshi_clock_offset_seconds", Help: "How far the local clock is behind the service's.",
	})
	registry.MustRegister(attempts, seconds, offset)
	return wrapper.Observer{AttemptEnded: func(_ context.Context, a wrapper.Attempt) {
		attempts.WithLabelValues(a.Method, a.Route, strconv.Itoa(a.StatusCode), string(a.Reason)).Inc()
		seconds.WithLabelValues(a.Method, a.Route).Observe(a.Duration.Seconds())
		offset.Set(a.ClockOffset.Seconds())
	}}, attempts
}

// An observer feeds Prometheus.
func Example_prometheus() {
	observer, attempts := metrics(prometheus.NewRegistry())
	transport, _, stop := newTransport(wrapper.WithObserver(observer))
	defer stop()

	request, err := http.NewRequest(http.MethodDelete, transport.BaseURL()+"/api_keys/0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11", http.NoBody)
	if err != nil {
		log.Fatal(err)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		log.Fatal(err)
	}
	_ = response.Body.Close()
	fmt.Println(testutil.ToFloat64(attempts.WithLabelValues("DELETE", "/trade-api/v2/api_keys/{}", "404", string(wrapper.ReasonRefused))))
	// Output:
	// 1
}
