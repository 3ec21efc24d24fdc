package cli_test

import (
	"context"
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

// A demonstration against a service that does something wrong stops at the step that shows it.
func TestTheDemoFailsAtTheStepThatIsWrong(t *testing.T) {
	basic := sandbox.Account{UsageLevel: sandbox.Basic}
	forbidden := sandbox.Answer{Status: http.StatusForbidden, Body: `{}`}
	wornOut := func() (*rsa.PrivateKey, error) { return nil, errors.New("worn out") }
	gone := sandbox.Fault{
		Operation: sandbox.OperationDeleteAPIKey, Kind: sandbox.FaultStatus, Point: sandbox.BeforeProcessing,
		Status: http.StatusNotFound, Body: `{}`,
	}
	for name, c := range map[string]struct {
		option sandbox.Option
		faults []sandbox.Fault
		step   string
	}{
		"no RSA keys":                     {sandbox.WithRSAKeySource(wornOut), nil, "step 1,"},
		"keys may not be listed":          {sandbox.WithRequiredScopes("other", "write"), nil, "step 2,"},
		"keys may not be managed":         {sandbox.WithRequiredScopes("read", "other"), nil, "step 3,"},
		"new keys work late":              {sandbox.WithCreateDelay(time.Hour), nil, "step 4,"},
		"the usage level is too low":      {sandbox.WithAccount(sandbox.DefaultAccount, basic), nil, "step 7,"},
		"the list is old":                 {sandbox.WithListDelay(time.Hour), nil, "step 7,"},
		"wrong signatures look otherwise": {sandbox.WithAnswer(sandbox.RefusedSignature, forbidden), nil, "step 8,"},
		"late clocks are accepted":        {sandbox.WithWindow(time.Hour, time.Hour), nil, "step 9,"},
		"late clocks look otherwise":      {sandbox.WithAnswer(sandbox.RefusedTimestamp, forbidden), nil, "step 9,"},
		"keys cannot be deleted":          {sandbox.WithReplay(true), []sandbox.Fault{gone}, "step 10,"},
		"deleted keys keep working":       {sandbox.WithDeleteDelay(time.Hour), nil, "step 11,"},
		"deleted keys look otherwise":     {sandbox.WithAnswer(sandbox.RefusedUnknownKey, forbidden), nil, "step 11,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := sandbox.New(c.option)
			if err := box.SetFaults(c.faults...); err != nil {
				t.Fatal(err)
			}
			err := program.RunDemo(t.Context(), io.Discard, box)
			if err == nil || !strings.HasPrefix(err.Error(), c.step) {
				t.Errorf("the demo ended with %v, not at %s", err, c.step)
			}
		})
	}
}

func TestTheDemoStopsWhenItIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if err := program.RunDemo(ctx, io.Discard, sandbox.New()); err == nil {
		t.Error("the demo went on")
	}
}
