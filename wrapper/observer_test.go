package wrapper_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

var errOpen = errors.New("the breaker is open")

func TestARequestThatIsRefusedBeforeItsAttemptWasNotSent(t *testing.T) {
	for name, row := range map[string]struct {
		steps   []http.HandlerFunc
		method  string
		passes  int
		kinds   []error
		unknown bool
	}{
		"at once":                         {nil, "POST", 0, []error{wrapper.ErrNotSent, errOpen}, false},
		"after a 429":                     {[]http.HandlerFunc{answer(429, rateLimitBody)}, "POST", 1, []error{wrapper.ErrNotSent, wrapper.ErrRateLimited, errOpen}, false},
		"after an answer that was lost":   {[]http.HandlerFunc{hangUp}, "DELETE", 1, []error{wrapper.ErrOutcomeUnknown, errOpen}, true},
		"after a 503 that may have acted": {[]http.HandlerFunc{answer(503, ``)}, "DELETE", 1, []error{wrapper.ErrOutcomeUnknown, wrapper.ErrUnavailable, errOpen}, true},
		"after a 503 to a read":           {[]http.HandlerFunc{answer(503, ``)}, "GET", 1, []error{wrapper.ErrNotSent, wrapper.ErrUnavailable, errOpen}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, append(row.steps, answer(200, `{}`))...)
			asked := 0
			_, err := f.fetch(t.Context(), t, row.method, orderPath, orderBody, wrapper.WithBeforeAttempt(func(_ context.Context, req *http.Request) error {
				if req.Header.Get(protocol.HeaderSignature) != "" {
					t.Error("the request is signed already")
				}
				if asked++; asked > row.passes {
					return fmt.Errorf("%w for half a minute: %w", wrapper.ErrNotSent, errOpen)
				}
				return nil
			}))
			mustMatch(t, err, row.kinds...)
			if errors.Is(err, wrapper.ErrOutcomeUnknown) != row.unknown || errors.Is(err, wrapper.ErrNotSent) == row.unknown {
				t.Errorf("%v: the outcome must be unknown: %t", err, row.unknown)
			}
			if failure := mustBeError(t, err); failure.Attempts != row.passes || len(f.seen()) != row.passes {
				t.Errorf("%d attempts, %d requests; want %d", failure.Attempts, len(f.seen()), row.passes)
			}
		})
	}
}

func TestATransportOfTheCallersMaySayThatItSentNothing(t *testing.T) {
	f := newFixture(t, answer(200, ``))
	breaker := carrying(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("%w: %w", wrapper.ErrNotSent, errOpen)
	})
	_, err := f.fetch(t.Context(), t, "POST", orderPath, orderBody, wrapper.WithHTTPTransport(breaker))
	mustMatch(t, err, wrapper.ErrNotSent, wrapper.ErrUnavailable, errOpen)
	if errors.Is(err, wrapper.ErrOutcomeUnknown) {
		t.Errorf("%v: nothing was sent", err)
	}
	if failure := mustBeError(t, err); failure.Attempts != wrapper.DefaultRetry().MaxAttempts || failure.Hint != "The HTTP transport did not send the request" {
		t.Errorf("%d attempts, hint %q", failure.Attempts, failure.Hint)
	}
}

func TestFunctionsBeforeAnAttemptAreCalledInOrderForEachAttempt(t *testing.T) {
	f := newFixture(t, answer(503, ``), answer(200, `{}`))
	var asked []string
	note := func(name string) wrapper.Option {
		return wrapper.WithBeforeAttempt(func(_ context.Context, req *http.Request) error {
			asked = append(asked, name)
			req.Header.Set("X-Own", name)
			return nil
		})
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL+basePath+orderPath, http.NoBody)
	var sent []string
	carrier := &http.Transport{}
	t.Cleanup(carrier.CloseIdleConnections)
	watching := carrying(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, req.Header.Get("X-Own"))
		return carrier.RoundTrip(req)
	})
	response, err := f.transport(t, note("limiter"), note("breaker"), wrapper.WithHTTPTransport(watching)).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if want := []string{"limiter", "breaker", "limiter", "breaker"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
	if want := []string{"breaker", "breaker"}; !slices.Equal(sent, want) || len(req.Header) != 0 {
		t.Errorf("sent with the header %v, want %v; the caller's request has %v", sent, want, req.Header)
	}
}

// The time in a limiter does not count for an attempt, but an order that was refused once does not wait
// there longer than its policy allows.
func TestAWaitBeforeALaterAttemptEndsWhenThatComesTooLate(t *testing.T) {
	f := newFixture(t, answer(429, rateLimitBody), answer(200, `{}`))
	attempts := 0
	response, err := f.fetch(wrapper.WithPolicy(t.Context(), wrapper.Retry{MaxDelay: time.Second, FirstBackoff: time.Nanosecond}), t, "POST", orderPath, orderBody,
		wrapper.WithClock(wrapper.SystemClock()),
		wrapper.WithBeforeAttempt(func(ctx context.Context, _ *http.Request) error {
			if attempts++; attempts == 1 {
				if _, bounded := ctx.Deadline(); bounded {
					t.Error("the first wait is bounded by more than the caller's context")
				}
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}))
	if err != nil {
		t.Fatal(err)
	}
	if got := info(t, response); response.StatusCode != http.StatusTooManyRequests || got.Reason != wrapper.ReasonTooLate || len(f.seen()) != 1 {
		t.Errorf("status %d, %+v after %d requests; want the 429 back", response.StatusCode, got, len(f.seen()))
	}
}

// A limiter need not wait for a deadline that it cannot meet. The answer that there is goes back.
func TestALimiterThatGivesUpAtOnceLeavesTheAnswer(t *testing.T) {
	gone := func() wrapper.Option {
		attempts := 0
		return wrapper.WithBeforeAttempt(func(context.Context, *http.Request) error {
			if attempts++; attempts == 1 {
				return nil
			}
			return fmt.Errorf("the queue is long: %w", context.DeadlineExceeded)
		})
	}
	for name, row := range map[string]struct {
		method             string
		deadline, maxDelay time.Duration
		reason             wrapper.Reason
	}{
		"an order":                        {"POST", 0, 0, wrapper.ReasonTooLate},
		"a read with a deadline":          {"GET", time.Hour, 0, wrapper.ReasonDeadline},
		"an order with a later deadline":  {"POST", 2 * time.Hour, time.Hour, wrapper.ReasonTooLate},
		"an order with a nearer deadline": {"POST", time.Hour, 2 * time.Hour, wrapper.ReasonDeadline},
	} {
		f := newFixture(t, answer(429, rateLimitBody), answer(200, `{}`))
		ctx, cancel := t.Context(), func() {}
		if row.deadline > 0 {
			ctx, cancel = context.WithTimeout(ctx, row.deadline)
		}
		response, err := f.fetch(ctx, t, row.method, orderPath, orderBody, gone(), wrapper.WithRetry(wrapper.Retry{MaxDelay: row.maxDelay}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := info(t, response); got.StatusCode != http.StatusTooManyRequests || got.Reason != row.reason {
			t.Errorf("%s: %+v, want %q", name, got, row.reason)
		}
		cancel()
	}
	f := newFixture(t, answer(429, rateLimitBody), answer(200, `{}`))
	_, err := f.fetch(t.Context(), t, "GET", orderPath, "", gone())
	mustMatch(t, err, wrapper.ErrRateLimited, wrapper.ErrNotSent, context.DeadlineExceeded)
}

// A limiter may heed no context.
func TestALaterAttemptThatALimiterHeldTooLongIsNotMade(t *testing.T) {
	f := newFixture(t, answer(429, rateLimitBody), answer(200, `{}`))
	response, err := f.fetch(t.Context(), t, "POST", orderPath, orderBody,
		wrapper.WithBeforeAttempt(func(context.Context, *http.Request) error { return f.clock.Wait(t.Context(), 3*time.Second) }))
	if err != nil {
		t.Fatal(err)
	}
	if got := info(t, response); got.Reason != wrapper.ReasonTooLate || len(f.seen()) != 1 {
		t.Errorf("%+v after %d requests; want one", got, len(f.seen()))
	}
}

func TestABreakThatTheCallersContextMakesStaysVisible(t *testing.T) {
	f := newFixture(t, answer(200, `{}`))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := f.fetch(ctx, t, "POST", orderPath, orderBody, wrapper.WithBeforeAttempt(func(ctx context.Context, _ *http.Request) error {
		cancel()
		return ctx.Err()
	}))
	mustMatch(t, err, context.Canceled, wrapper.ErrNotSent)
}

// told are the events of an observer, in words.
type told []string

type attemptMark struct{}

func (r *told) observer(name string) wrapper.Observer {
	note := func(format string, args ...any) { *r = append(*r, name+" "+fmt.Sprintf(format, args...)) }
	return wrapper.Observer{
		CallStarted: func(ctx context.Context, call wrapper.Info) context.Context {
			note("call %s %s", call.Method, call.Route)
			return ctx
		},
		AttemptStarted: func(ctx context.Context, a wrapper.Attempt) context.Context {
			note("attempt %d", a.Number)
			return context.WithValue(ctx, attemptMark{}, a.Number)
		},
		AttemptEnded: func(ctx context.Context, a wrapper.Attempt) {
			note("attempt %v ended: %d, %s, again %t, waits %t, offset %s, took %t",
				ctx.Value(attemptMark{}), a.StatusCode, a.Reason, a.Again, a.Wait > 0, a.ClockOffset.Round(time.Second), a.Duration > 0)
		},
		CallEnded: func(ctx context.Context, call wrapper.Info) {
			note("call ended: %d after %d, %s, refused timestamp %t, in attempt %v", call.StatusCode, call.Attempts, call.Reason, call.TimestampRefused, ctx.Value(attemptMark{}))
		},
	}
}

func TestAnObserverIsToldOfEveryAttemptAndTheCall(t *testing.T) {
	ahead := newFakeClock().now.Add(41 * time.Second).UTC().Format(http.TimeFormat)
	f := newFixture(t, answer(503, ``), answer(401, expiredBody, "Date", ahead), answer(200, `{}`))
	var events told
	response, err := f.fetch(t.Context(), t, "DELETE", orderPath+"/0f0e-77", ``,
		wrapper.WithObserver(wrapper.Observer{}), wrapper.WithObserver(events.observer("a")))
	if err != nil {
		t.Fatal(err)
	}
	want := told{
		"a call DELETE /trade-api/v2/portfolio/orders/{}",
		"a attempt 1",
		"a attempt 1 ended: 503, server error, again true, waits true, offset 0s, took true",
		"a attempt 2",
		"a attempt 2 ended: 401, timestamp refused, signed afresh, again true, waits false, offset 0s, took true",
		"a attempt 3",
		"a attempt 3 ended: 200, answered, again false, waits false, offset 41s, took true",
		"a call ended: 200 after 3, answered, refused timestamp true, in attempt <nil>",
	}
	if !slices.Equal(events, want) {
		t.Errorf("the events are\n%s\nwant\n%s", strings.Join(events, "\n"), strings.Join(want, "\n"))
	}
	if got := info(t, response); got.ClockOffset.Round(time.Second) != 41*time.Second || got.Host != strings.TrimPrefix(f.server.URL, "http://") || got.Duration <= 0 {
		t.Errorf("the call is %+v", got)
	}
}

func TestACallThatIsEndedBeforeAnAttemptIsLogged(t *testing.T) {
	f := newFixture(t, answer(429, rateLimitBody))
	var log bytes.Buffer
	asked := 0
	_, err := f.fetch(t.Context(), t, "POST", orderPath, orderBody, wrapper.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		wrapper.WithBeforeAttempt(func(context.Context, *http.Request) error {
			if asked++; asked == 2 {
				return errOpen
			}
			return nil
		}))
	mustMatch(t, err, errOpen)
	for _, want := range []string{`reason="rate limited"`, `retry=false reason="another attempt was refused before sending"`} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("the log has not one record %s:\n%s", want, log.String())
		}
	}
}

// Each observer is told, in order, and the context of one is what the next is given.
func TestSeveralObserversAreToldInOrder(t *testing.T) {
	f := newFixture(t, answer(200, `{}`))
	var events told
	nested := wrapper.Observer{AttemptStarted: func(ctx context.Context, _ wrapper.Attempt) context.Context {
		return context.WithValue(ctx, attemptMark{}, fmt.Sprint("after ", ctx.Value(attemptMark{})))
	}}
	if _, err := f.fetch(t.Context(), t, "GET", orderPath, ``,
		wrapper.WithObserver(events.observer("a")), wrapper.WithObserver(nested), wrapper.WithObserver(wrapper.Observer{
			CallEnded: func(context.Context, wrapper.Info) { events = append(events, "b call ended") },
		})); err != nil {
		t.Fatal(err)
	}
	want := told{
		"a call GET /trade-api/v2/portfolio/orders",
		"a attempt 1",
		"a attempt after 1 ended: 200, answered, again false, waits false, offset 0s, took true",
		"a call ended: 200 after 1, answered, refused timestamp false, in attempt <nil>",
		"b call ended",
	}
	if !slices.Equal(events, want) {
		t.Errorf("the events are\n%s\nwant\n%s", strings.Join(events, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnAttemptThatIsRefusedWhileItIsSignedHasANumber(t *testing.T) {
	var numbers []int
	note := func(a wrapper.Attempt) { numbers = append(numbers, a.Number) }
	transport, err := wrapper.NewTransport(failingSource{errOpen}, wrapper.WithObserver(wrapper.Observer{
		AttemptStarted: func(ctx context.Context, a wrapper.Attempt) context.Context { note(a); return ctx },
		AttemptEnded:   func(_ context.Context, a wrapper.Attempt) { note(a) },
	}))
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, transport.BaseURL()+"/markets", http.NoBody)
	_, err = transport.RoundTrip(req)
	mustMatch(t, err, errOpen, wrapper.ErrNotSent)
	if !slices.Equal(numbers, []int{1, 1}) {
		t.Errorf("the attempt has the numbers %v", numbers)
	}
}

func TestAnObserverIsToldOfACallThatIsRefusedHere(t *testing.T) {
	f := newFixture(t, answer(200, `{}`))
	var events told
	_, err := f.fetch(t.Context(), t, "POST", orderPath, ``, wrapper.WithObserver(events.observer("a")),
		wrapper.WithBeforeAttempt(func(context.Context, *http.Request) error { return errOpen }))
	mustMatch(t, err, errOpen)
	want := told{"a call POST /trade-api/v2/portfolio/orders", "a call ended: 0 after 0, refused before sending, refused timestamp false, in attempt <nil>"}
	if !slices.Equal(events, want) {
		t.Errorf("the events are\n%s", strings.Join(events, "\n"))
	}
}

// Metrics are labelled with routes, so an ID must not be in one.
func TestARouteHasNoIDs(t *testing.T) {
	for path, want := range map[string]string{
		"/trade-api/v2/api_keys":                                           "/trade-api/v2/api_keys",
		"/trade-api/v2/api_keys/generate":                                  "/trade-api/v2/api_keys/generate",
		"/trade-api/v2/api_keys/" + otherKey:                               "/trade-api/v2/api_keys/{}",
		"/trade-api/v2/markets/KXHIGHNY-26DEC01-T52/orderbook":             "/trade-api/v2/markets/{}/orderbook",
		"/trade-api/v2/markets/kxbtc":                                      "/trade-api/v2/markets/{}",
		"/trade-api/v2/portfolio/orders/batched":                           "/trade-api/v2/portfolio/orders/batched",
		"/trade-api/v2/portfolio/order_groups/deadbeef/trigger":            "/trade-api/v2/portfolio/order_groups/{}/trigger",
		"/trade-api/v2/series/KX/events/KX-26/forecast_percentile_history": "/trade-api/v2/series/{}/events/{}/forecast_percentile_history",
		"/trade-api/ws/v2":                                                 "/trade-api/ws/v2",
		"/":                                                                "/",
		"/a%2Fb":                                                           "/{}",
		strings.Repeat("/x", 40):                                           strings.Repeat("/{}", 7) + "/...",
	} {
		if got := protocol.Route(path); got != want {
			t.Errorf("%s is the route %s, want %s", path, got, want)
		}
	}
}

func TestNilHooksAreRefused(t *testing.T) {
	for name, option := range map[string]wrapper.Option{
		"WithBeforeAttempt": wrapper.WithBeforeAttempt(nil), "WithPolicyFor": wrapper.WithPolicyFor(nil),
	} {
		if _, err := wrapper.NewTransport(newCredentials(t, ownKeyID), option); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s(nil): %v", name, err)
		}
	}
}

// A stream of calls asks the policy and the hooks once for each.
func TestCallsThatRunAtOnceDoNotShareTheirPolicies(t *testing.T) {
	f := newFixture(t, answer(503, ``))
	transport := f.transport(t)
	var done atomic.Int32
	t.Run("calls", func(t *testing.T) {
		for attempts := 1; attempts <= 8; attempts++ {
			t.Run(fmt.Sprintf("%d attempts", attempts), func(t *testing.T) {
				t.Parallel()
				ctx := wrapper.WithPolicy(t.Context(), wrapper.Retry{MaxAttempts: attempts})
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, f.server.URL+basePath+orderPath, http.NoBody)
				response, err := transport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = response.Body.Close()
				if got := info(t, response).Attempts; got != attempts {
					t.Errorf("%d attempts, want %d", got, attempts)
				}
				done.Add(1)
			})
		}
	})
	if done.Load() != 8 {
		t.Errorf("%d calls came to their end", done.Load())
	}
}
