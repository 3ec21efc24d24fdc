package lifecycle_test

import (
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// fastClock is the clock of a machine that is ahead of the service's by some time.
type fastClock struct {
	*fakeClock

	by *time.Duration
}

func (c fastClock) Now() time.Time { return c.fakeClock.Now().Add(*c.by) }

// fastWorld is a world whose program goes by a clock that is ahead by a day, and what it is ahead by.
func fastWorld(t *testing.T) (*world, *time.Duration) {
	t.Helper()
	ahead := 24 * time.Hour
	w := newWorld(t, sandbox.WithChoices(sandbox.Choices{Behind: 2 * ahead, Ahead: 2 * ahead}))
	w.options = []lifecycle.Option{lifecycle.WithClock(fastClock{w.clock, &ahead})}
	w.restart()
	return w, &ahead
}

func TestAGracePeriodDuringWhichTheClockIsSetBackBeginsAnew(t *testing.T) {
	w, ahead := fastWorld(t)
	w.clock.beforeNextWait(func() { *ahead = 0 })
	result, err := w.manager.Rotate(t.Context(), lifecycle.RotateRequest{})
	if err != nil || w.stateOf(result.Old.KeyID) != keystore.StateRevoked {
		t.Errorf("%+v, %v", result, err)
	}
	if waited := w.clock.waited.Round(time.Second); waited != 2*lifecycle.DefaultGrace {
		t.Errorf("waited %s", waited)
	}
}

func TestAGracePeriodThatBeganByAFastClockEndsOneGracePeriodFromNow(t *testing.T) {
	w, ahead := fastWorld(t)
	w.rotateWithoutWaiting()
	*ahead = 0
	now := w.clock.Now()
	for range 2 {
		w.restart()
		report, err := w.manager.Recover(t.Context())
		if err != nil || len(report.Open) != 1 || report.Open[0].Until.Sub(now).Round(time.Second) != time.Hour {
			t.Fatalf("%+v, %v", report, err)
		}
		w.clock.advance(59 * time.Minute)
	}
	w.clock.advance(time.Minute)
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || len(w.liveKeys()) != 1 {
		t.Errorf("%+v, %v, live are %v", report, err, w.liveKeys())
	}
}
