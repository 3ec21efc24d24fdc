package timeout_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"kalshi.internal/apikeys/wrapper/fleet/internal/timeout"
)

func TestTheTimeGrowsWhereAServerIsSlowAndShrinksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var adaptive timeout.Adaptive
		for i, step := range []struct {
			needs, wantAtMost time.Duration
			wantErr           bool
		}{
			{time.Second, time.Second, false},
			{4 * time.Second, 2500 * time.Millisecond, true},
			{4 * time.Second, 4 * time.Second, false},
			{time.Hour, 2500 * time.Millisecond, true},
			{time.Hour, 5 * time.Second, true},
			{time.Hour, 5 * time.Second, true},
			{5*time.Second - 1, 5*time.Second - 1, false},
			{0, 0, false},
			{time.Hour, 2500 * time.Millisecond, true},
		} {
			begun := time.Now()
			err := adaptive.Do(t.Context(), func(ctx context.Context) error {
				select {
				case <-time.After(step.needs):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
			if took := time.Since(begun); took != step.wantAtMost || (err != nil) != step.wantErr {
				t.Errorf("request %d: %v after %v, want %v", i+1, err, took, step.wantAtMost)
			}
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := adaptive.Do(ended, func(ctx context.Context) error { return ctx.Err() }); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
