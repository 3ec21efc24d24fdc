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
	"kalshi.internal/apikeys/wrapper/protocol"
)

// A demonstration against a service that does something wrong stops at the step that shows it.
func TestTheDemoFailsAtTheStepThatIsWrong(t *testing.T) {
	basic := sandbox.Account{UsageLevel: sandbox.Basic}
	forbidden := sandbox.Answer{Status: http.StatusForbidden, Body: `{}`}
	wornOut := func() (*rsa.PrivateKey, error) { return nil, errors.New("worn out") }
	gone := sandbox.Fault{
		Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Point: sandbox.BeforeProcessing,
		Status: http.StatusNotFound, Body: `{}`,
	}
	for name, c := range map[string]struct {
		option sandbox.Option
		faults []sandbox.Fault
		step   string
	}{
		"no RSA keys":                     {sandbox.WithRSAKeySource(wornOut), nil, "step 1,"},
		"keys may not be listed":          {sandbox.WithChoices(sandbox.Choices{ListScope: "other", ManageScope: "write"}), nil, "step 2,"},
		"keys may not be managed":         {sandbox.WithChoices(sandbox.Choices{ListScope: "read", ManageScope: "other"}), nil, "step 3,"},
		"new keys work late":              {sandbox.WithChoices(sandbox.Choices{CreateDelay: time.Hour}), nil, "step 4,"},
		"the usage level is too low":      {sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: basic}}), nil, "step 7,"},
		"the list is old":                 {sandbox.WithChoices(sandbox.Choices{ListDelay: time.Hour}), nil, "step 7,"},
		"wrong signatures look otherwise": {sandbox.WithChoices(sandbox.Choices{Answers: map[sandbox.Refusal]sandbox.Answer{sandbox.RefusedSignature: forbidden}}), nil, "step 8,"},
		"late clocks are accepted":        {sandbox.WithChoices(sandbox.Choices{Behind: time.Hour, Ahead: time.Hour}), nil, "step 9,"},
		"late clocks look otherwise":      {sandbox.WithChoices(sandbox.Choices{Answers: map[sandbox.Refusal]sandbox.Answer{sandbox.RefusedTimestamp: forbidden}}), nil, "step 9,"},
		"keys cannot be deleted":          {sandbox.WithObserver(nil), []sandbox.Fault{gone}, "step 10,"},
		"deleted keys keep working":       {sandbox.WithChoices(sandbox.Choices{DeleteDelay: time.Hour}), nil, "step 11,"},
		"deleted keys look otherwise":     {sandbox.WithChoices(sandbox.Choices{Answers: map[sandbox.Refusal]sandbox.Answer{sandbox.RefusedUnknownKey: forbidden}}), nil, "step 11,"},
		"orders are placed twice":         {sandbox.WithFallback(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })), nil, "step 12,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := program.RunDemo(t.Context(), io.Discard, c.option, func(box *sandbox.Sandbox) {
				if err := box.SetFaults(c.faults...); err != nil {
					t.Error(err)
				}
			})
			if err == nil || !strings.HasPrefix(err.Error(), c.step) {
				t.Errorf("the demo ended with %v, not at %s", err, c.step)
			}
		})
	}
}

func TestTheDemoStopsWhenItIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if err := program.RunDemo(ctx, io.Discard); err == nil {
		t.Error("the demo went on")
	}
}
