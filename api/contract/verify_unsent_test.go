package contract_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/contract"
)

// A listener on port 0 gets another one, so nothing can listen there.
const nobodyListens = "http://127.0.0.1:0/trade-api/v2"

func TestNothingIsLookedForWhereNothingCanHaveBeenMade(t *testing.T) {
	target := verifiedSandbox(t, nil).target
	target.BaseURL, target.HTTPClient = nobodyListens, nil
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	// A settle time that the test would not outlive.
	report, err := contract.Verify(ctx, target, contract.WithSettleTime(24*time.Hour))
	if !errors.Is(err, contract.ErrTarget) {
		t.Fatalf("error %v", err)
	}
	if text := report.Text(); strings.Contains(text, "may be left") || strings.Contains(text, "cleaning up") {
		t.Errorf("a key is said to be left that was never made:\n%s", text)
	}
}
