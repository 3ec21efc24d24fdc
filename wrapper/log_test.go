package wrapper_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

func TestEachAttemptIsLoggedWithNamedFieldsOnly(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f := newFixture(t,
		answer(429, rateLimitBody, "Retry-After", "2"),
		answer(409, conflictBody),
		answer(201, `{"api_key_id":"`+otherKey+`","private_key":"`+canaryPEM+`"}`))
	if _, err := f.client(t, wrapper.WithLogger(logger)).GenerateAPIKey(t.Context(), gen.GenerateAPIKeyRequest{Name: "secret name"}); err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		for name := range record {
			if !slices.Contains([]string{"time", "level", "msg", "operation", "attempt", "status", "duration", "retry", "reason", "wait"}, name) {
				t.Errorf("field %q is logged", name)
			}
		}
		if record["operation"] != "generateApiKey" || record["attempt"] != float64(i+1) {
			t.Errorf("record %d is %v", i, record)
		}
		reasons = append(reasons, record["reason"].(string))
	}
	if got := strings.Join(reasons, ", "); got != "rate limited, subtrader not yet visible, answered" {
		t.Errorf("logged the reasons %s", got)
	}
	for _, request := range f.seen() {
		for _, hidden := range []string{request.signature, request.keyID, otherKey, canaryBody, "secret name", "too many"} {
			if strings.Contains(out.String(), hidden) {
				t.Errorf("the log shows %q", hidden)
			}
		}
	}
}

func TestOtherEndpointsAreLoggedByMethodAndPathWithoutTheQuery(t *testing.T) {
	var out bytes.Buffer
	f := newFixture(t, answer(503, ``), answer(200, ``))
	logger := slog.New(slog.NewTextHandler(&out, nil))
	if err := f.roundTrip(t, "GET", "/portfolio/balance", wrapper.WithLogger(logger)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `operation="GET /trade-api/v2/portfolio/balance"`) || strings.Contains(out.String(), "q=1") {
		t.Errorf("logged %s", out.String())
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1 {
		t.Errorf("%d records at the default level, want 1: the answered attempt is for debugging", lines)
	}
}
