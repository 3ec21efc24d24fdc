package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestAFunctionThatIsNilKeepsTheDefault(t *testing.T) {
	box := sandbox.New(sandbox.WithClock(nil), sandbox.WithRSAKeySource(nil), sandbox.WithObserver(nil), sandbox.WithWait(nil))
	key, err := box.Bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	if err := box.SetFaults(sandbox.Fault{Kind: sandbox.FaultDelay, Duration: time.Nanosecond}); err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, keysPath, nil)
	sign(t, request, signer{key.ID, parsePrivateKey(t, key.PrivateKey.RevealPrivateKey())}, protocol.Timestamp(time.Now()))
	recorder := httptest.NewRecorder()
	box.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		t.Errorf("answered %d %s", recorder.Code, recorder.Body)
	}
}
