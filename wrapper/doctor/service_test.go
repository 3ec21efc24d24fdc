package doctor_test

import (
	"context"
	"maps"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/doctor"
	"kalshi.internal/apikeys/wrapper/protocol"
)

func TestWhoAnswersIsNamed(t *testing.T) {
	page := func(status int, body string) sandbox.Fault {
		return sandbox.Fault{Status: status, Body: body, Header: map[string]string{"Content-Type": "text/html"}}
	}
	redirect := func(status int, target string) sandbox.Fault {
		return sandbox.Fault{Status: status, Header: map[string]string{"Location": target}}
	}
	for _, row := range []struct {
		name   string
		answer sandbox.Fault
		status doctor.Status
		kind   error
		want   []string
	}{
		{"a sign-in page", page(200, "<html>"), problem, wrapper.ErrUnavailable, []string{"HTTP 200 (text/html)", "sign-in page"}},
		{"a redirect", redirect(302, "https://hotel.test/hunter2?session=hunter2"), problem, wrapper.ErrUnavailable,
			[]string{"leading to https://hotel.test", "redirects are not followed"}},
		{"a redirect of the service", redirect(301, "/trade-api/v2/api_keys"), problem, wrapper.ErrUnavailable, []string{"/trade-api/v2/api_keys"}},
		{"a redirect to nowhere", sandbox.Fault{Status: 302}, problem, wrapper.ErrUnavailable, []string{"HTTP 302"}},
		{"a firewall", page(403, "<html>"), problem, wrapper.ErrForbidden, []string{"HTTP 403", "country"}},
		{"a service that fails", page(503, ""), problem, wrapper.ErrUnavailable, []string{"HTTP 503", "try again later"}},
		{"too many requests", sandbox.Fault{Status: 429, Times: 1}, warning, nil, []string{"HTTP 429", "fewer"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPatient(t)
			row.answer.Kind = sandbox.FaultStatus
			if err := p.box.SetFaults(row.answer); err != nil {
				t.Fatal(err)
			}
			got := p.examine()
			got.want("service", row.status, row.want...)
			got.wantKind(row.kind)
		})
	}
}

func TestTheClockIsComparedWithTheServices(t *testing.T) {
	for _, row := range []struct {
		name   string
		ahead  time.Duration
		status doctor.Status
		kind   error
		want   []string
	}{
		{"a second", 700 * time.Millisecond, ok, nil, []string{"within 2 seconds"}},
		{"some seconds", 6 * time.Second, warning, nil, []string{"seconds behind the service's", "up to 10"}},
		{"more than is accepted for sure", 13 * time.Second, problem, wrapper.ErrUnauthenticated, []string{" seconds behind"}},
		{"a minute late", 61 * time.Second, problem, wrapper.ErrUnauthenticated, []string{" seconds behind the service's", "set-ntp"}},
		{"a minute early", -61 * time.Second, problem, wrapper.ErrUnauthenticated, []string{" seconds ahead of the service's", "other programs do not"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			now := time.Now()
			p := newPatient(t, sandbox.WithClock(func() time.Time { return now.Add(row.ahead) }))
			p.Now = func() time.Time { return now }
			got := p.examine()
			got.want("clock", row.status, row.want...)
			if row.ahead.Abs() > time.Minute {
				got.want("signed_request", ok, "after the time was corrected by ")
			}
			got.wantKind(row.kind)
		})
	}
}

// A handshake that takes long must not pass for a clock that is wrong.
func TestTheClockIsMeasuredFromWhenTheConnectionStands(t *testing.T) {
	now := time.Now()
	p := newPatient(t, sandbox.WithClock(func() time.Time { return now }))
	var connected atomic.Bool
	p.Now = func() time.Time {
		if connected.Load() {
			return now
		}
		return now.Add(-20 * time.Second)
	}
	p.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		defer connected.Store(true)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	p.examine().want("clock", ok, "within 2 seconds")
}

// Nobody can tell when in the course of a slow answer its Date was written.
func TestTheClockIsNotBlamedForASlowAnswer(t *testing.T) {
	now := time.Now()
	for _, dated := range []time.Duration{0, 12 * time.Second} {
		p := newPatient(t, sandbox.WithClock(func() time.Time { return now.Add(dated) }))
		asked := false
		p.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			asked = false
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		p.Now = func() time.Time {
			if asked {
				return now.Add(12 * time.Second)
			}
			asked = true
			return now
		}
		p.examine().want("clock", ok, "within 8 seconds")
	}
}

func TestTheClockIsNotComparedWithADateThatIsOldOrMissing(t *testing.T) {
	for want, header := range map[string]http.Header{
		"came from a cache": {"Age": {"120"}},
		"has no Date":       {"Date": nil},
	} {
		p := newPatient(t)
		p.at(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(protocol.HeaderKey) != "" {
				p.box.ServeHTTP(w, r)
				return
			}
			maps.Copy(w.Header(), header)
			answering(http.StatusUnauthorized, "")(w, r)
		}))
		p.examine().want("clock", unchecked, want)
	}
}
