package wrapper_test

import (
	"context"
	"net/http"
	"net/http/httptest"
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

// A server that is asked once must not receive a signature that is good some day.
func TestADateThatNoDriftingClockShowsIsNotSignedFor(t *testing.T) {
	for name, row := range map[string]struct {
		ahead   time.Duration
		options []wrapper.Option
		signed  bool
	}{
		"40 years":                       {40 * 365 * 24 * time.Hour, nil, false},
		"40 years back":                  {-40 * 365 * 24 * time.Hour, nil, false},
		"two days":                       {48 * time.Hour, nil, false},
		"two days, which are allowed":    {48 * time.Hour, []wrapper.Option{wrapper.WithMaxClockCorrection(72 * time.Hour)}, true},
		"a minute, which is not allowed": {time.Minute, []wrapper.Option{wrapper.WithMaxClockCorrection(0)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			service := func() time.Time { return f.clock.Now().Add(row.ahead) }
			f.steps = []http.HandlerFunc{window(service, service)}
			client := f.client(t, row.options...)
			_, err := client.GetAPIKeys(t.Context())
			if row.signed != (err == nil) {
				t.Fatalf("the error is %v", err)
			}
			if row.signed {
				return
			}
			mustMatch(t, err, wrapper.ErrClockSkew, wrapper.ErrUnauthenticated)
			if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "not believed") || strings.Contains(hint, "000h") {
				t.Errorf("hint %q", hint)
			}
			for _, seen := range f.seen() {
				millis, _ := strconv.ParseInt(seen.timestamp, 10, 64)
				if off := time.UnixMilli(millis).Sub(f.clock.Now()).Abs(); off > time.Minute {
					t.Errorf("a timestamp is %s off", off)
				}
			}
			if offset := client.ClockOffset(); offset != 0 {
				t.Errorf("the clock was moved by %s", offset)
			}
		})
	}
}

func TestADateOutsideTheCertificatesValidityIsNotBelieved(t *testing.T) {
	f := newFixture(t)
	f.server = httptest.NewTLSServer(f.script)
	t.Cleanup(f.server.Close)
	certificate := f.server.Certificate()
	for name, row := range map[string]struct {
		at     time.Time
		signed bool
	}{
		"a day before its end": {certificate.NotAfter.Add(-24 * time.Hour), true},
		"a day after its end":  {certificate.NotAfter.Add(24 * time.Hour), false},
		"before its beginning": {certificate.NotBefore.Add(-24 * time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			service := func() time.Time { return row.at }
			f.steps = []http.HandlerFunc{window(service, service)}
			transport := f.server.Client().Transport.(*http.Transport).Clone()
			// The certificate itself is looked at with the machine's time, which is not that of the test.
			transport.TLSClientConfig.Time = func() time.Time { return certificate.NotBefore.Add(time.Hour) }
			client, err := wrapper.NewClient(f.credentials, f.options(wrapper.WithHTTPTransport(transport),
				wrapper.WithMaxClockCorrection(200*365*24*time.Hour))...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.CloseIdleConnections)
			if _, err := client.GetAPIKeys(t.Context()); row.signed != (err == nil) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestACorrectionThatServesOtherCallsOutlivesARefusal(t *testing.T) {
	f := newFixture(t)
	service := func() time.Time { return f.clock.Now().Add(41 * time.Second) }
	right := window(service, service)
	wrong := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", service().UTC().Format(http.TimeFormat))
		answer(401, expiredBody)(w, r)
	}
	f.steps = []http.HandlerFunc{right, right, wrong, wrong, right}
	client := f.client(t)
	if _, err := client.GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := client.GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrClockSkew)
	if _, err := client.GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(f.seen()); got != 5 {
		t.Errorf("%d requests, want 5: the last call needs no other correction", got)
	}
}

func TestACorrectionThatIsTriedTouchesNoOtherCall(t *testing.T) {
	f := newFixture(t)
	var client *wrapper.Client
	refuse := func(w http.ResponseWriter, r *http.Request) {
		if offset := client.ClockOffset(); offset != 0 {
			t.Errorf("other calls are corrected by %s already", offset)
		}
		w.Header().Set("Date", f.clock.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		answer(401, expiredBody)(w, r)
	}
	f.steps = []http.HandlerFunc{refuse}
	client = f.client(t)
	_, err := client.GetAPIKeys(t.Context())
	mustMatch(t, err, wrapper.ErrClockSkew)
	if got := len(f.seen()); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

func TestARequestThatIsHeldAfterItsSignatureSaysNothingOfTheClock(t *testing.T) {
	for name, hidden := range map[string]bool{"which the connection tells": false, "and nothing tells": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.steps = []http.HandlerFunc{window(f.clock.Now, f.clock.Now)}
			hold := roundTripper(func(req *http.Request) (*http.Response, error) {
				_ = f.clock.Wait(req.Context(), 20*time.Second)
				if hidden {
					req = req.Clone(context.WithoutCancel(t.Context()))
				}
				return http.DefaultTransport.RoundTrip(req)
			})
			client := f.client(t, wrapper.WithHTTPTransport(hold))
			_, err := client.GetAPIKeys(t.Context())
			mustMatch(t, err, wrapper.ErrClockSkew)
			if hint := mustBeError(t, err).Hint; !strings.Contains(hint, "after it was signed") {
				t.Errorf("hint %q", hint)
			}
			if offset := client.ClockOffset(); offset != 0 {
				t.Errorf("a right clock was moved by %s", offset)
			}
		})
	}
}

// A program that is stopped while its source decides then sends a timestamp that the service refuses. Who
// gives a key only while a lock is held relies on that.
func TestAnAttemptsTimestampIsOlderThanItsCredentials(t *testing.T) {
	f := newFixture(t, answer(503, ""), answer(200, emptyList))
	begun := f.clock.Now()
	asked := 0
	source := wrapper.CredentialSourceFunc(func(ctx context.Context) (*wrapper.Credentials, error) {
		asked++
		return f.credentials, f.clock.Wait(ctx, time.Hour)
	})
	client, err := wrapper.NewClient(source, f.options()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetAPIKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, request := range f.seen() {
		millis, _ := strconv.ParseInt(request.timestamp, 10, 64)
		if at := time.UnixMilli(millis).Sub(begun).Round(time.Hour); at != time.Duration(i)*time.Hour {
			t.Errorf("attempt %d has a timestamp %v later than its source was asked", i+1, at-time.Duration(i)*time.Hour)
		}
	}
	if asked != 2 {
		t.Errorf("the source was asked %d times for two attempts", asked)
	}
}
