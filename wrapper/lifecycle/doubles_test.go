package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// doubling delivers each POST twice, the second time after the delay, and hands on the first answer.
type doubling struct {
	w     *world
	delay time.Duration
}

func (d doubling) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodPost {
		return d.w.carrier.RoundTrip(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	deliver := func() (*http.Response, error) {
		once := req.Clone(req.Context())
		once.Body = io.NopCloser(bytes.NewReader(body))
		return d.w.carrier.RoundTrip(once)
	}
	response, err := deliver()
	if waited := d.w.clock.Wait(req.Context(), d.delay); waited != nil {
		return nil, waited
	}
	if again, err := deliver(); err == nil {
		_ = again.Body.Close()
	}
	return response, err
}

func through(transport http.RoundTripper) lifecycle.Option {
	return lifecycle.WithClientOptions(wrapper.WithHTTPTransport(transport))
}

func TestAKeyThatAProxyHasMadeTwiceIsNotLeftLive(t *testing.T) {
	issue := func(ctx context.Context, m *lifecycle.Manager) (keystore.Entry, error) {
		return m.Issue(ctx, lifecycle.IssueRequest{Name: "second", Type: ed25519Type})
	}
	rotate := func(grace time.Duration) func(ctx context.Context, m *lifecycle.Manager) (keystore.Entry, error) {
		return func(ctx context.Context, m *lifecycle.Manager) (keystore.Entry, error) {
			rotated, err := m.Rotate(ctx, lifecycle.RotateRequest{Grace: grace})
			return rotated.New, err
		}
	}
	for name, row := range map[string]struct {
		delay, listDelay time.Duration
		do               func(context.Context, *lifecycle.Manager) (keystore.Entry, error)
	}{
		"issue, a list that is fresh":                {0, 0, issue},
		"issue, a list of 4 s ago":                   {0, 4 * time.Second, issue},
		"issue, a list of 4 s ago and a slow double": {3 * time.Second, 4 * time.Second, issue},
		"rotate, a list of 4 s ago":                  {0, 4 * time.Second, rotate(lifecycle.NoGrace)},
		"rotate with grace, a list of 4 s ago":       {0, 4 * time.Second, rotate(5 * time.Second)},
		"rotate with grace, a list that is fresh":    {0, 0, rotate(5 * time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.WithChoices(sandbox.Choices{ListDelay: row.listDelay}))
			w.clock.advance(time.Minute)
			made, err := row.do(t.Context(), w.newManager(through(doubling{w, row.delay})))
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range w.liveKeys() {
				if key.ID != made.KeyID && key.ID != w.first.ID {
					t.Errorf("key %s (%s) is live as well", key.ID, key.Name)
				}
			}
			if len(w.journal()) != 0 {
				t.Errorf("the journal holds %v", w.journal())
			}
		})
	}
}

// Until the list can be trusted, the journal keeps the change for whoever comes after a crash.
func TestADoubleIsLookedForAfterACrashToo(t *testing.T) {
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{ListDelay: 4 * time.Second}))
	w.clock.advance(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	stop := w.newManager(lifecycle.WithProgress(func(line string) {
		if strings.HasPrefix(line, "the list is old") {
			cancel()
		}
	}), through(doubling{w, 0}))
	entry, err := stop.Issue(ctx, lifecycle.IssueRequest{Name: "second", Type: ed25519Type})
	if !errors.Is(err, lifecycle.ErrUnfinished) || entry.KeyID == "" {
		t.Fatalf("%+v, %v", entry, err)
	}
	report, err := w.newManager().Recover(t.Context())
	if err != nil || len(report.Open) != 1 || report.Open[0].KeyID != entry.KeyID {
		t.Errorf("%+v, %v", report, err)
	}
	w.clock.advance(lifecycle.DefaultSettle)
	if _, err := w.newManager().Recover(t.Context()); err != nil || len(w.journal()) != 0 || len(w.liveKeys()) != 2 {
		t.Errorf("%v, the journal holds %v, live are %+v", err, w.journal(), w.liveKeys())
	}
}

func TestWhatLostAnswersMayHaveMadeIsUnfinished(t *testing.T) {
	const staleness = 30 * time.Second
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{ListDelay: staleness}))
	w.clock.advance(time.Minute)
	lost := w.newManager(lifecycle.WithClientOptions(wrapper.WithHTTPTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
		response, err := w.carrier.RoundTrip(req)
		if err == nil && req.Method == http.MethodPost {
			_ = response.Body.Close()
			return nil, errors.New("the answer is lost")
		}
		return response, err
	}))))
	_, err := lost.Rotate(t.Context(), lifecycle.RotateRequest{})
	if !errors.Is(err, lifecycle.ErrUnfinished) || strings.Contains(err.Error(), "made no key") {
		t.Fatalf("%d keys are live, and the error is %v", len(w.liveKeys()), err)
	}
	w.clock.advance(staleness)
	if report, err := w.manager.Recover(t.Context()); err != nil || len(report.Done) == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if live := w.liveIDs(); len(live) != 1 || live[0] != w.first.ID {
		t.Errorf("live are %v", live)
	}
}

// The last request was refused for certain, and yet the first may have made a key.
func TestARefusalAfterALostAnswerIsUnfinished(t *testing.T) {
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{ListDelay: 30 * time.Second}))
	w.clock.advance(time.Minute)
	sent := 0
	manager := w.newManager(through(roundTripper(func(req *http.Request) (*http.Response, error) {
		response, err := w.carrier.RoundTrip(req)
		if err == nil && req.Method == http.MethodPost {
			_ = response.Body.Close()
			if sent++; sent == 1 {
				return nil, errors.New("the answer is lost")
			}
			return &http.Response{
				StatusCode: http.StatusForbidden, Header: http.Header{"Content-Type": {"application/json"}},
				Body: io.NopCloser(strings.NewReader(`{"error":{"code":"forbidden","message":"no"}}`)),
			}, nil
		}
		return response, err
	})))
	_, err := manager.Rotate(t.Context(), lifecycle.RotateRequest{})
	if !errors.Is(err, lifecycle.ErrUnfinished) || !errors.Is(err, wrapper.ErrForbidden) || len(w.journal()) != 1 {
		t.Errorf("%v, the journal holds %v", err, w.journal())
	}
}

// A store that can be read and not written.
type readOnly struct {
	keystore.Locker

	swap, lock error
}

func (r readOnly) Swap(ctx context.Context, data []byte, version string) (string, error) {
	if r.swap != nil {
		return "", r.swap
	}
	return r.Locker.Swap(ctx, data, version)
}

func (r readOnly) Lock(ctx context.Context) (func() error, error) {
	if r.lock != nil {
		return nil, r.lock
	}
	return r.Locker.Lock(ctx)
}

func TestALeakedKeyIsRevokedThroughAStoreThatCannotBeWritten(t *testing.T) {
	full := errors.New("no space left on device")
	for name, engine := range map[string]readOnly{"a full disk": {swap: full}, "a lock that cannot be made": {lock: full}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			leaked, err := w.manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "leaked", Type: ed25519Type})
			if err != nil {
				t.Fatal(err)
			}
			engine.Locker = w.engine
			w.store = keystore.New(engine)
			manager := w.newManager()
			err = manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: leaked.KeyID})
			if !errors.Is(err, lifecycle.ErrUnfinished) || !errors.Is(err, full) || !strings.Contains(err.Error(), "is revoked, but the store does not say so") {
				t.Errorf("the error is %v", err)
			}
			if live := w.liveIDs(); len(live) != 1 || live[0] != w.first.ID {
				t.Errorf("live are %v", live)
			}
			err = manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID})
			if !errors.Is(err, lifecycle.ErrKeyInUse) {
				t.Errorf("the current key: %v", err)
			}
			err = manager.Revoke(t.Context(), lifecycle.RevokeRequest{KeyID: w.first.ID, InUse: true, Last: true})
			if err == nil || len(w.liveKeys()) != 1 {
				t.Errorf("the current key: %v, live are %+v", err, w.liveKeys())
			}
		})
	}
}
