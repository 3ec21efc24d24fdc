package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func (b *bench) setFaults(tb testing.TB, faults ...sandbox.Fault) {
	tb.Helper()
	if err := b.box.SetFaults(faults...); err != nil {
		tb.Fatal(err)
	}
}

// attempt sends a request on a connection of its own, so that the transport does not repeat it,
// and returns the answer.
func (b *bench) attempt(tb testing.TB, s sent) (status int, body string, err error) {
	tb.Helper()
	s.leavesContract = true
	request := b.newRequest(tb, s)
	request.Close = true
	response, err := b.http.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

var generateEd25519 = sent{method: http.MethodPost, path: generatePath, body: `{"name":"made","key_type":"ed25519"}`}

func TestALostConnectionLeavesTheOperationUndoneOrDone(t *testing.T) {
	isReset := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	isEnd := func(err error) bool { return errors.Is(err, io.EOF) }
	isHalf := func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }
	for name, test := range map[string]struct {
		fault    sandbox.Fault
		expected func(error) bool
		status   int
		made     bool
	}{
		"a reset before":  {sandbox.Fault{Kind: sandbox.FaultReset}, isReset, 0, false},
		"a reset after":   {sandbox.Fault{Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing}, isReset, 0, true},
		"a drop before":   {sandbox.Fault{Kind: sandbox.FaultDrop}, isEnd, 0, false},
		"a drop after":    {sandbox.Fault{Kind: sandbox.FaultDrop, Point: sandbox.AfterProcessing}, isEnd, 0, true},
		"half of a body":  {sandbox.Fault{Kind: sandbox.FaultHalfBody}, isHalf, 201, true},
		"a reset halfway": {sandbox.Fault{Kind: sandbox.FaultReset, Point: sandbox.DuringAnswer}, isReset, 201, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			test.fault.Operation = protocol.GenerateAPIKey
			test.fault.Times = 1
			b.setFaults(t, test.fault)
			status, body, err := b.attempt(t, generateEd25519)
			if status != 0 && test.status == 0 || err == nil {
				t.Fatalf("the answer is %d %q, and the error %v", status, body, err)
			}
			// The reset of an answer under way may arrive before the client has read its head.
			if !test.expected(err) || status != test.status && !(status == 0 && isReset(err)) {
				t.Errorf("got %d and %v", status, err)
			}
			if strings.Contains(body, "}") {
				t.Errorf("the whole body came: %s", body)
			}
			if made := len(b.names(t)) == 2; made != test.made {
				t.Errorf("the key was made: %v, want %v", made, test.made)
			}
		})
	}
}

func TestAStatusFaultReplacesTheAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		fault      sandbox.Fault
		kind, body string
		made       bool
	}{
		"JSON before": {sandbox.Fault{Status: 503, Body: `{"msg":"down"}`}, "application/json", `{"msg":"down"}`, false},
		"text after": {sandbox.Fault{Status: 502, Body: "bad gateway", Point: sandbox.AfterProcessing,
			Header: map[string]string{"content-type": "text/plain", "Retry-After": "1"}}, "text/plain", "bad gateway", true},
		"HTML": {sandbox.Fault{Status: 504, Body: "<h1>504</h1>", Header: map[string]string{"Content-Type": "text/html"}}, "text/html", "<h1>504</h1>", false},
		"none": {sandbox.Fault{Status: 500}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			test.fault.Kind, test.fault.Times = sandbox.FaultStatus, 1
			b.setFaults(t, test.fault)
			request := generateEd25519
			request.leavesContract = true
			got := b.send(t, request)
			got.mustBe(t, test.fault.Status, test.body)
			if kind := got.header.Get("Content-Type"); kind != test.kind {
				t.Errorf("the content type is %q", kind)
			}
			if after := got.header.Get("Retry-After"); after != test.fault.Header["Retry-After"] {
				t.Errorf("Retry-After is %q", after)
			}
			if made := len(b.names(t)) == 2; made != test.made {
				t.Errorf("the key was made: %v, want %v", made, test.made)
			}
		})
	}
}

func TestAFieldCanBeMissingOrOfAnotherType(t *testing.T) {
	b := newBench(t)
	for name, test := range map[string]struct {
		kind  sandbox.FaultKind
		field string
		want  string
	}{
		"a missing field":        {sandbox.FaultMissingField, "/api_keys", `{}`},
		"a missing field deeper": {sandbox.FaultMissingField, "/api_keys/0/name", `{"api_keys":[{"api_key_id":"` + b.key.id + `","scopes":["read","write"]}]}`},
		"a number for a text":    {sandbox.FaultWrongType, "/api_keys/0/name", `{"api_keys":[{"api_key_id":"` + b.key.id + `","name":7,"scopes":["read","write"]}]}`},
		"a text for a list":      {sandbox.FaultWrongType, "/api_keys", `{"api_keys":"7"}`},
	} {
		t.Run(name, func(t *testing.T) {
			b.setFaults(t, sandbox.Fault{Kind: test.kind, Field: test.field})
			b.send(t, sent{leavesContract: true}).mustBe(t, 200, test.want)
		})
	}
}

func TestAFaultThatHasNoPlaceInTheAnswerIsNotUsedUp(t *testing.T) {
	b := newBench(t)
	for name, test := range map[string]struct {
		fault sandbox.Fault
		sent  sent
		want  int
	}{
		"an answer without the field": {sandbox.Fault{Kind: sandbox.FaultMissingField, Field: "/api_keys/1/name"}, sent{}, 200},
		"a field of what is a text":   {sandbox.Fault{Kind: sandbox.FaultMissingField, Field: "/api_keys/0/name/x/y"}, sent{}, 200},
		"a field of a list":           {sandbox.Fault{Kind: sandbox.FaultWrongType, Field: "/api_keys/0"}, sent{}, 200},
		"an answer without a body":    {sandbox.Fault{Kind: sandbox.FaultHalfBody}, sent{method: http.MethodDelete}, 204},
		"a field of no body":          {sandbox.Fault{Kind: sandbox.FaultWrongType, Field: "/a"}, sent{method: http.MethodDelete}, 204},
	} {
		t.Run(name, func(t *testing.T) {
			test.fault.Times = 1
			b.setFaults(t)
			if test.sent.method == http.MethodDelete {
				test.sent.path = keysPath + "/" + b.generate(t, "doomed").id
			}
			b.setFaults(t, test.fault)
			b.send(t, test.sent).mustHaveStatus(t, test.want)
			if left := b.box.Faults(); len(left) != 1 || left[0].Times != 1 {
				t.Errorf("left are %+v", left)
			}
			if log := b.box.Exchanges(); log[len(log)-1].Fault != "" {
				t.Errorf("the log says %+v", log[len(log)-1])
			}
		})
	}
}

func TestAStaleListShowsTheStateOfBefore(t *testing.T) {
	b := newBench(t)
	doomed := b.generate(t, "doomed")
	b.clock.Advance(time.Minute)
	b.delete(t, doomed.id).mustHaveStatus(t, 204)
	b.generate(t, "fresh")
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultStaleList, Duration: time.Second, Times: 1})
	b.delete(t, unknownID).mustHaveStatus(t, 404)
	if names := b.names(t); !slices.Equal(names, []string{"bootstrap", "doomed"}) {
		t.Errorf("the stale list is %q", names)
	}
	if names := b.names(t); !slices.Equal(names, []string{"bootstrap", "fresh"}) {
		t.Errorf("the list after the fault is %q", names)
	}
}

func TestAWrongDateIsWrongInTheHeaderAlone(t *testing.T) {
	b := newBench(t)
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultWrongDate, Duration: -time.Hour, Times: 1})
	for _, want := range []string{"Thu, 01 Oct 2026 11:00:00 GMT", "Thu, 01 Oct 2026 12:00:00 GMT"} {
		got := b.send(t, sent{})
		got.mustHaveStatus(t, 200)
		if date := got.header.Get("Date"); date != want {
			t.Errorf("Date is %q, want %q", date, want)
		}
	}
}

func TestADelayWaitsOnTheInjectedClock(t *testing.T) {
	for _, point := range []sandbox.FaultPoint{sandbox.BeforeProcessing, sandbox.AfterProcessing, sandbox.DuringAnswer} {
		t.Run(string(point), func(t *testing.T) {
			var b *bench
			var waited []time.Duration
			b = newBench(t, sandbox.WithWait(func(_ context.Context, d time.Duration) error {
				waited = append(waited, d)
				b.clock.Advance(d)
				return nil
			}))
			b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultDelay, Point: point, Duration: 10 * time.Second, Times: 1})
			got := b.send(t, sent{})
			got.mustHaveStatus(t, 200)
			if !slices.Equal(waited, []time.Duration{10 * time.Second}) {
				t.Errorf("it waited %v", waited)
			}
			want := "Thu, 01 Oct 2026 12:00:10 GMT"
			if point == sandbox.DuringAnswer {
				want = "Thu, 01 Oct 2026 12:00:00 GMT"
			}
			if date := got.header.Get("Date"); date != want {
				t.Errorf("Date is %q, want %q", date, want)
			}
		})
	}
}

func TestADelayedRequestWithATimestampThatGrewOldIsRefused(t *testing.T) {
	var b *bench
	b = newBench(t, sandbox.WithWait(func(_ context.Context, d time.Duration) error {
		b.clock.Advance(d)
		return nil
	}))
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultDelay, Duration: time.Minute})
	b.send(t, sent{}).mustBe(t, 401, expired)
}

func TestADelayEndsWhenTheClientGoes(t *testing.T) {
	ended := make(chan sandbox.Exchange, 1)
	waiting := make(chan struct{})
	b := newBench(t,
		sandbox.WithObserver(func(e sandbox.Exchange) { ended <- e }),
		sandbox.WithWait(func(ctx context.Context, _ time.Duration) error {
			close(waiting)
			<-ctx.Done()
			return ctx.Err()
		}))
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultDelay, Duration: time.Hour, Times: 1})
	ctx, leave := context.WithCancel(t.Context())
	request := b.newRequest(t, generateEd25519).WithContext(ctx)
	done := make(chan error, 1)
	go func() {
		response, err := b.http.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		done <- err
	}()
	<-waiting
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v", err)
	}
	if e := <-ended; e.Status != 0 || e.Fault != sandbox.FaultDelay {
		t.Errorf("the exchange is %+v", e)
	}
}

func TestTheTimerOfADelayEndsWithTheTimeAndWithTheRequest(t *testing.T) {
	b := newBench(t)
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultDelay, Duration: time.Millisecond, Times: 1}, sandbox.Fault{Kind: sandbox.FaultDelay, Duration: time.Hour})
	b.send(t, sent{}).mustHaveStatus(t, 200)

	ctx, leave := context.WithCancel(t.Context())
	leave()
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Error("a request whose client has gone was served")
		}
	}()
	b.box.ServeHTTP(httptest.NewRecorder(), b.newRequest(t, sent{}).WithContext(ctx))
}

func TestFaultsHappenInOrderAsOftenAsTheyMay(t *testing.T) {
	b := newBench(t)
	b.setFaults(t,
		sandbox.Fault{Operation: protocol.DeleteAPIKey, Kind: sandbox.FaultStatus, Status: 500},
		sandbox.Fault{Kind: sandbox.FaultStatus, Status: 502, Times: 2},
		sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Times: 1},
	)
	for i, want := range []int{502, 502, 503, 200} {
		if got := b.send(t, sent{leavesContract: true}); got.status != want {
			t.Errorf("request %d was answered %d, want %d", i, got.status, want)
		}
	}
	for range 3 {
		request := sent{method: http.MethodDelete, path: keysPath + "/" + unknownID, leavesContract: true}
		b.send(t, request).mustHaveStatus(t, 500)
	}
	if left := b.box.Faults(); len(left) != 1 || left[0].Times != 0 || left[0].Point != sandbox.BeforeProcessing {
		t.Errorf("left are %+v", left)
	}
	b.box.ClearFaults()
	b.delete(t, unknownID).mustHaveStatus(t, 404)
}

func TestAFaultDoesNotHappenToARequestForNoOperation(t *testing.T) {
	b := newBench(t)
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultReset, Times: 1})
	b.send(t, sent{path: "/other", leavesContract: true}).mustHaveStatus(t, 404)
	if left := b.box.Faults(); len(left) != 1 {
		t.Errorf("left are %+v", left)
	}
}

func TestAnExchangeTellsItsFault(t *testing.T) {
	b := newBench(t)
	b.setFaults(t, sandbox.Fault{Kind: sandbox.FaultDrop, Point: sandbox.AfterProcessing, Times: 1})
	_, _, _ = b.attempt(t, sent{})
	b.send(t, sent{}).mustHaveStatus(t, 200)
	log := b.box.Exchanges()
	if len(log) != 2 || log[0].Fault != sandbox.FaultDrop || log[0].Status != 0 || log[1].Fault != "" {
		t.Errorf("the log is %+v", log)
	}
}

func TestAnInvalidFaultIsRefusedAndNamed(t *testing.T) {
	const hour = time.Hour
	for name, test := range map[string]struct {
		fault sandbox.Fault
		want  []string
	}{
		"no kind":                     {sandbox.Fault{}, []string{"kind is unknown"}},
		"an unknown kind":             {sandbox.Fault{Kind: "flood"}, []string{"kind is unknown"}},
		"an unknown point":            {sandbox.Fault{Kind: sandbox.FaultReset, Point: "later"}, []string{"point is unknown"}},
		"an unknown operation":        {sandbox.Fault{Kind: sandbox.FaultReset, Operation: "getOrders"}, []string{"operation is unknown", "getApiKeys"}},
		"half a body before":          {sandbox.Fault{Kind: sandbox.FaultHalfBody, Point: sandbox.BeforeProcessing}, []string{"half_body", "before", "during"}},
		"a drop during":               {sandbox.Fault{Kind: sandbox.FaultDrop, Point: sandbox.DuringAnswer}, []string{"drop", "during"}},
		"a status during":             {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, Point: sandbox.DuringAnswer}, []string{"status", "during"}},
		"a stale list after":          {sandbox.Fault{Kind: sandbox.FaultStaleList, Duration: hour, Point: sandbox.AfterProcessing}, []string{"stale_list", "after"}},
		"a stale list of a delete":    {sandbox.Fault{Kind: sandbox.FaultStaleList, Duration: hour, Operation: protocol.DeleteAPIKey}, []string{"stale_list", "getApiKeys"}},
		"a wrong date before":         {sandbox.Fault{Kind: sandbox.FaultWrongDate, Duration: hour, Point: sandbox.BeforeProcessing}, []string{"wrong_date", "before"}},
		"a missing field before":      {sandbox.Fault{Kind: sandbox.FaultMissingField, Field: "/a", Point: sandbox.BeforeProcessing}, []string{"missing_field", "before"}},
		"times below zero":            {sandbox.Fault{Kind: sandbox.FaultReset, Times: -1}, []string{"times"}},
		"a delay of nothing":          {sandbox.Fault{Kind: sandbox.FaultDelay}, []string{"delay needs a duration"}},
		"a delay back in time":        {sandbox.Fault{Kind: sandbox.FaultDelay, Duration: -1}, []string{"delay", "negative"}},
		"a reset with a duration":     {sandbox.Fault{Kind: sandbox.FaultReset, Duration: hour}, []string{"reset does not take a duration"}},
		"a wrong type of nothing":     {sandbox.Fault{Kind: sandbox.FaultWrongType}, []string{"wrong_type needs a field"}},
		"a field that is no pointer":  {sandbox.Fault{Kind: sandbox.FaultWrongType, Field: "name"}, []string{"wrong_type", "slash"}},
		"a delay of a field":          {sandbox.Fault{Kind: sandbox.FaultDelay, Duration: hour, Field: "/a"}, []string{"delay does not take a field"}},
		"a status without a status":   {sandbox.Fault{Kind: sandbox.FaultStatus}, []string{"status needs a status"}},
		"a status with a body alone":  {sandbox.Fault{Kind: sandbox.FaultStatus, Body: "x"}, []string{"outside 200 to 599"}},
		"a status of 600":             {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 600}, []string{"outside 200 to 599"}},
		"a 204 with a body":           {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 204, Body: "x"}, []string{"204 has no body"}},
		"a drop with a header":        {sandbox.Fault{Kind: sandbox.FaultDrop, Header: map[string]string{"A": "b"}}, []string{"drop does not take a status"}},
		"one that could be after one": {sandbox.Fault{Kind: sandbox.FaultDrop, Body: "b"}, []string{"fault 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			box := sandbox.New()
			if err := box.SetFaults(sandbox.Fault{Kind: sandbox.FaultDrop}); err != nil {
				t.Fatal(err)
			}
			err := box.SetFaults(sandbox.Fault{Kind: sandbox.FaultReset}, test.fault)
			if err == nil {
				t.Fatal("it is accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %q, want it to contain %q", err, want)
				}
			}
			if left := box.Faults(); len(left) != 1 || left[0].Kind != sandbox.FaultDrop {
				t.Errorf("left are %+v, want those of before", left)
			}
		})
	}
}

func TestAResetOverTLSAndAnAnswerWithoutAConnection(t *testing.T) {
	box := sandbox.New()
	if err := box.SetFaults(sandbox.Fault{Kind: sandbox.FaultReset}); err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]func(*httptest.Server){
		"HTTP/1.1 over TLS": (*httptest.Server).StartTLS,
		"HTTP/2":            func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(box)
			start(server)
			defer server.Close()
			response, err := server.Client().Get(server.URL + keysPath)
			if err == nil {
				_ = response.Body.Close()
				t.Fatalf("it was answered %d", response.StatusCode)
			}
			if _, isNet := errors.AsType[*net.OpError](err); name != "HTTP/2" && !isNet {
				t.Errorf("got %v, want an error of the connection", err)
			}
		})
	}
}
