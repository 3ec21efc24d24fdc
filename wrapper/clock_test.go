package wrapper_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// window is a step that accepts timestamps within 15 s of the service's clock, as the service
// does, and says its own time in Date.
func window(service func() time.Time, date func() time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", date().UTC().Format(http.TimeFormat))
		millis, _ := strconv.ParseInt(r.Header.Get(protocol.HeaderTimestamp), 10, 64)
		if service().Sub(time.UnixMilli(millis)).Abs() > 15*time.Second {
			answer(401, expiredBody)(w, r)
			return
		}
		answer(200, emptyList)(w, r)
	}
}

func TestADriftingClockIsCorrectedFromTheServicesDate(t *testing.T) {
	for _, drift := range []time.Duration{41 * time.Second, -41 * time.Second, 6 * time.Hour, -5 * time.Minute} {
		t.Run(drift.String(), func(t *testing.T) {
			f := newFixture(t)
			service := func() time.Time { return f.clock.Now().Add(drift) }
			f.steps = []http.HandlerFunc{window(service, service)}
			client := f.client(t)
			for range 3 {
				if _, err := client.GetAPIKeys(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got := len(f.seen()); got != 4 {
				t.Errorf("%d requests for 3 calls, want 4: one correction that lasts", got)
			}
			if off := (client.ClockOffset() - drift).Abs(); off > time.Second {
				t.Errorf("corrected by %s, want %s", client.ClockOffset(), drift)
			}
		})
	}
}

func TestARequestThatWasHeldBackIsSentAgainWithoutTouchingTheClock(t *testing.T) {
	f := newFixture(t)
	f.steps = []http.HandlerFunc{
		func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", f.clock.Now().Format(http.TimeFormat))
			answer(401, expiredBody)(w, r)
		},
		answer(200, emptyList),
	}
	client := f.client(t)
	if _, err := client.GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if offset := client.ClockOffset(); offset != 0 {
		t.Errorf("the clock was moved by %s although it agreed with Date", offset)
	}
}

func TestAWrongDateIsTriedOnceAndForgotten(t *testing.T) {
	f := newFixture(t)
	wrong := func() time.Time { return f.clock.Now().Add(time.Hour) }
	late := func() time.Time { return f.clock.Now().Add(time.Minute) }
	f.steps = []http.HandlerFunc{window(late, wrong)}
	client := f.client(t)
	_, err := client.GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrClockSkew, wrapper.ErrUnauthenticated)
	if offset := client.ClockOffset(); offset != 0 {
		t.Errorf("a correction of %s that did not help was kept", offset)
	}
	if got := len(f.seen()); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

func TestADateThatNoClockShowsIsNotBelieved(t *testing.T) {
	for _, date := range []string{"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		f := newFixture(t, answer(401, expiredBody, "Date", date), answer(500, `{}`))
		client := f.client(t, wrapper.WithRetry(wrapper.Retry{MaxAttempts: 2}))
		if _, err := client.GetAPIKeys(t.Context()); err == nil {
			t.Fatal("no error")
		}
		if offset := client.ClockOffset(); offset != 0 {
			t.Errorf("Date %s moved the clock by %s", date, offset)
		}
	}
}

func TestAClockThatIsSetRightMakesTheCorrectionGoAway(t *testing.T) {
	f := newFixture(t)
	drift := 41 * time.Second
	service := func() time.Time { return f.clock.Now().Add(drift) }
	f.steps = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) { window(service, service)(w, r) }}
	client := f.client(t)
	for _, drift = range []time.Duration{drift, 0, -drift} {
		if _, err := client.GetAPIKeys(t.Context()); err != nil {
			t.Fatalf("drift %s: %v", drift, err)
		}
		if off := (client.ClockOffset() - drift).Abs(); off > time.Second {
			t.Errorf("drift %s was corrected by %s", drift, client.ClockOffset())
		}
	}
}

func TestNoOtherAnswerMovesTheClock(t *testing.T) {
	for name, step := range map[string]http.HandlerFunc{
		"a success":     answer(200, emptyList, "Date", "Mon, 02 Jan 2006 15:04:05 GMT"),
		"another 401":   answer(401, `{"error":{"code":"authentication_error","details":"NOT_FOUND"}}`, "Date", "Mon, 02 Jan 2006 15:04:05 GMT"),
		"an odd Date":   answer(401, expiredBody, "Date", "yesterday"),
		"a code in 403": answer(403, expiredBody, "Date", "Mon, 02 Jan 2006 15:04:05 GMT"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, step)
			client := f.client(t)
			_, _ = client.GetAPIKeys(t.Context())
			if offset := client.ClockOffset(); offset != 0 {
				t.Errorf("the clock was moved by %s", offset)
			}
		})
	}
}

func TestTheHintNamesTheSkew(t *testing.T) {
	for _, row := range []struct {
		skew time.Duration
		want string
	}{
		{time.Minute, "1m0s behind"},
		{-2 * time.Minute, "2m0s ahead of"},
		{0, "agrees with this machine's clock"},
	} {
		f := newFixture(t)
		f.steps = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", f.clock.Now().Add(row.skew).Format(http.TimeFormat))
			answer(401, expiredBody)(w, r)
		}}
		_, err := f.client(t).GetAPIKeys(t.Context())
		if hint := mustBeError(t, err).Hint; !strings.Contains(hint, row.want) {
			t.Errorf("hint %q does not say %q", hint, row.want)
		}
	}
}

func TestTheSystemClockWaitsAndStopsWithTheContext(t *testing.T) {
	f := newFixture(t, answer(503, ``), answer(200, emptyList))
	client, err := wrapper.NewClient(f.credentials, wrapper.WithBaseURL(f.server.URL+basePath), wrapper.WithRetry(wrapper.Retry{FirstBackoff: time.Nanosecond, MaxBackoff: time.Nanosecond}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
}
