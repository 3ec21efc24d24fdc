package contract_test

import (
	"net/http/httptest"
	"testing"

	"kalshi.internal/apikeys/api/contract"
)

func TestAnOptionLetsExactlyItsDeviationPass(t *testing.T) {
	grown := list().answering(answer(200, `{"api_keys":[],"cursor":""}`))
	for _, tt := range []struct {
		name     string
		exchange exchange
		option   contract.Option
		allowed  bool
	}{
		{"a rule", list().to("GET", "/api_keys?limit=5"), contract.AllowRules(contract.RuleUnknownParameter), true},
		{"not another rule", list().to("GET", "/api_keys?a=%zz"), contract.AllowRules(contract.RuleUnknownParameter), false},
		{"any request", generate().sending(`{}`), contract.Allow(isRequest), true},
		{"not any response", grown, contract.Allow(isRequest), false},
		{"nothing, not even 429", list().answering(answer(429, "")), contract.AllowNothing(), false},
		{"what a program decides", grown, contract.Allow(func(v contract.Violation) bool { return v.Where == "body /cursor" }), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			collector := tt.exchange.throughTransport(t, tt.option)
			violations, allowed := len(collector.Violations()), len(collector.allowed)
			if violations+allowed != 1 || (allowed == 1) != tt.allowed {
				t.Errorf("got %v and allowed %v", collector.Violations(), collector.allowed)
			}
		})
	}
}

func TestGatewayErrorsAndRateLimitsAreAllowed(t *testing.T) {
	for _, status := range contract.DefaultAllowedStatuses() {
		collector := list().answering(answer(status, "")).throughTransport(t)
		if len(collector.Violations()) > 0 || len(collector.allowed) != 1 {
			t.Errorf("%d: got %v, allowed %v", status, collector.Violations(), collector.allowed)
		}
	}
}

func TestTheBasePathCanBeAnother(t *testing.T) {
	server := httptest.NewServer(answer(200, listBody))
	defer server.Close()
	for base, want := range map[string]int{"/trade-api/v2": 0, "": 1, "/trade-api": 1, "/trade-api/v2/": 1} {
		collector := &contract.Collector{}
		list().exchange(t, server.URL, contract.Transport(server.Client().Transport, collector, contract.WithBasePath(base)))
		if got := collector.Violations(); len(got) != want {
			t.Errorf("base path %q: got %v", base, got)
		}
	}
}

func isRequest(v contract.Violation) bool { return v.Direction == contract.Request }
