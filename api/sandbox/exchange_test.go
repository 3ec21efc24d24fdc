package sandbox_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestExchangesTellWhatWasAskedAndAnswered(t *testing.T) {
	var mu sync.Mutex
	var observed []sandbox.Exchange
	b := newBench(t, sandbox.WithObserver(func(e sandbox.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		observed = append(observed, e)
	}))
	b.send(t, sent{path: keysPath + "?fcm_subtrader_id=u_a"})
	b.delete(t, unknownID)
	b.send(t, sent{path: "/" + strings.Repeat("x", 300), leavesContract: true})
	b.send(t, sent{change: with(protocol.HeaderKey, "canary")})
	want := []sandbox.Exchange{
		{Method: "GET", Path: keysPath, Operation: "getApiKeys", Status: 200, KeyID: b.key.id, SignedBy: sandbox.Ed25519},
		{Method: "DELETE", Path: keysPath + "/" + unknownID, Operation: "deleteApiKey", Status: 404, KeyID: b.key.id, SignedBy: sandbox.Ed25519, Refusal: sandbox.RefusedNotFound},
		{Method: "GET", Path: "/" + strings.Repeat("x", 199) + "...", Status: 404, Refusal: sandbox.RefusedNoOperation},
		{Method: "GET", Path: keysPath, Operation: "getApiKeys", Status: 401, Refusal: sandbox.RefusedMalformedKeyID},
	}
	got := b.box.Exchanges()
	mu.Lock()
	defer mu.Unlock()
	if len(got) != len(want) || len(observed) != len(want) {
		t.Fatalf("got %d exchanges and %d observed, want %d", len(got), len(observed), len(want))
	}
	for i := range want {
		want[i].Time, want[i].Number = b.clock.Now(), i+1
		if want[i].Refusal != sandbox.RefusedNoOperation {
			want[i].Timestamp = protocol.Timestamp(b.clock.Now())
		}
		if (got[i].Explanation != nil) != (want[i].Refusal == sandbox.RefusedMalformedKeyID) || got[i].Explanation != observed[i].Explanation {
			t.Errorf("exchange %d is explained as %q, observed as %q", i, got[i].Explanation, observed[i].Explanation)
		}
		got[i].Explanation, observed[i].Explanation = nil, nil
		if !reflect.DeepEqual(got[i], want[i]) || !reflect.DeepEqual(observed[i], want[i]) {
			t.Errorf("exchange %d is\n%+v, observed\n%+v, want\n%+v", i, got[i], observed[i], want[i])
		}
	}
}

// An answer whose length is known ends for the client when all of it has come, any other one when
// the sandbox is done with it.
func TestALongAnswerEndsOnceItsExchangeIsInTheLog(t *testing.T) {
	b := newBench(t)
	for range 100 {
		b.bootstrap(t)
	}
	for name, fault := range map[string]sandbox.Fault{
		"a wrong date":      {Kind: sandbox.FaultWrongDate, Duration: time.Hour},
		"a missing field":   {Kind: sandbox.FaultMissingField, Field: "/api_keys/0/name"},
		"a delay after":     {Kind: sandbox.FaultDelay, Point: sandbox.AfterProcessing, Duration: time.Nanosecond},
		"a delay halfway":   {Kind: sandbox.FaultDelay, Point: sandbox.DuringAnswer, Duration: time.Nanosecond},
		"an answer instead": {Kind: sandbox.FaultStatus, Status: 503, Body: strings.Repeat("x", 20_000)},
		"a stale list":      {Kind: sandbox.FaultStaleList, Duration: time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			b.setFaults(t, fault)
			if length := b.send(t, sent{leavesContract: true}).header.Get("Content-Length"); length != "" {
				t.Errorf("the answer says that it has %s bytes", length)
			}
		})
	}
}

func TestTheLogOfExchangesIsBounded(t *testing.T) {
	b := newBench(t)
	for i := range 300 {
		b.send(t, sent{path: fmt.Sprintf("/%d", i), leavesContract: true})
	}
	if got := b.box.Exchanges(); len(got) != 256 || got[0].Path != "/44" || got[255].Path != "/299" || got[255].Number != 300 {
		t.Errorf("%d exchanges are kept, from %v to %v", len(got), got[0], got[len(got)-1])
	}
}
