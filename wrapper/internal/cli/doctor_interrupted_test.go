package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// waiting returns a patient at a service that does not answer, and calls came when it is asked.
func waiting(t *testing.T, came func()) *patient {
	t.Helper()
	p := newPatient(t)
	p.world.Env["KALSHI_BASE_URL"] = worldOf(t, hanging(t, came)).Env["KALSHI_BASE_URL"]
	return p
}

func TestAnInterruptedDoctorDiagnosesNothing(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	mended := filepath.Join(t.TempDir(), "clean.pem")
	got := waiting(t, interrupt).examineUntil(ctx, "--mend", mended)
	got.want(t, "base_url", "ok")
	for _, check := range []string{"tls", "service", "clock", "signed_request", "scopes", "attestation", "mend"} {
		got.want(t, check, "not_checked", "not checked: interrupted")
	}
	got.outcome.want(t, 1, "error: doctor was interrupted", "hint: ")
	if _, err := os.Stat(mended); err == nil {
		t.Error("the private key was written after the interrupt")
	}
}

func TestADoctorThatIsOutOfTimeStillSaysThatNoAnswerCame(t *testing.T) {
	got := waiting(t, func() {}).examine("--timeout", "100ms")
	got.want(t, "tls", "problem", "no answer came in time")
	got.outcome.want(t, 5)
}
