package ratelimit_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/ratelimit"
)

const base = "https://external-api.demo.kalshi.co/trade-api/v2"

func request(t *testing.T, method, path string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func newLimiter(t *testing.T, rates ratelimit.Rates, opts ...ratelimit.Option) *ratelimit.Limiter {
	t.Helper()
	limiter, err := ratelimit.New(rates, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return limiter
}

// takes returns how long each of n requests is held back, one after the other.
func takes(t *testing.T, limiter *ratelimit.Limiter, req *http.Request, n int) []time.Duration {
	t.Helper()
	var all []time.Duration
	for range n {
		began := time.Now()
		if err := limiter.Wait(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		all = append(all, time.Since(began))
	}
	return all
}

const tenth = 100 * time.Millisecond

func TestHalfASecondsWorthPassesAtOnceAndTheRestAtTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newLimiter(t, ratelimit.Rates{Read: 100, Write: 50})
		if got := takes(t, limiter, request(t, "GET", "/markets"), 7); !slices.Equal(got, []time.Duration{0, 0, 0, 0, 0, tenth, tenth}) {
			t.Errorf("reads waited %v", got)
		}
		// Writes have a bucket of their own, whatever the reads drew.
		if got := takes(t, limiter, request(t, "POST", "/portfolio/orders"), 4); !slices.Equal(got, []time.Duration{0, 0, tenth, 2 * tenth}) {
			t.Errorf("writes waited %v", got)
		}
	})
}

func TestARequestCostsWhatItsRouteDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newLimiter(t, ratelimit.Rates{Read: 100, Write: 100},
			ratelimit.WithCost("DELETE", "/portfolio/orders/{}", 2), ratelimit.WithCost("GET", "/exchange/status", 0),
			ratelimit.WithCostOf(func(req *http.Request) int {
				if req.Header.Get("X-Items") == "" {
					return -1
				}
				return 200
			}))
		for _, row := range []struct {
			name string
			req  *http.Request
			n    int
			want time.Duration
		}{
			{"25 cancels of 2", request(t, "DELETE", "/portfolio/orders/0f0e"), 25, 0},
			{"another one", request(t, "DELETE", "/portfolio/orders/0f0f"), 1, tenth / 5},
			{"an ordinary request", request(t, "POST", "/portfolio/orders"), 1, tenth},
			{"requests that cost nothing", request(t, "GET", "/exchange/status"), 100, 0},
		} {
			began := time.Now()
			takes(t, limiter, row.req, row.n)
			if got := time.Since(began); got != row.want {
				t.Errorf("%s took %s, want %s", row.name, got, row.want)
			}
		}
		batch := request(t, "POST", "/portfolio/orders/batched")
		batch.Header.Set("X-Items", "20")
		if got := takes(t, limiter, batch, 1)[0]; got != 2*time.Second {
			t.Errorf("a batch that costs more than the bucket holds waited %s, want 2s", got)
		}
	})
}

func TestARefusalPausesAllCallersAndEmptiesTheBucket(t *testing.T) {
	for name, row := range map[string]struct {
		after, want time.Duration
	}{
		"without a time":       {0, 500 * time.Millisecond},
		"for a Retry-After":    {3 * time.Second, 3 * time.Second},
		"for no more than 60s": {1 << 62, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			limiter := newLimiter(t, ratelimit.Rates{Read: 100, Write: 100})
			get := request(t, "GET", "/markets")
			takes(t, limiter, get, 5)
			began := time.Now()
			var all sync.WaitGroup
			var mu sync.Mutex
			var passed []time.Duration
			for range 3 {
				all.Go(func() {
					if err := limiter.Wait(t.Context(), get); err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					passed = append(passed, time.Since(began))
				})
			}
			synctest.Wait() // one holds a place in the bucket, two wait behind it
			limiter.Observer().AttemptEnded(t.Context(), wrapper.Attempt{Method: "GET", StatusCode: 200})
			limiter.Observer().AttemptEnded(t.Context(), wrapper.Attempt{Method: "HEAD", StatusCode: 429, RetryAfter: row.after})
			if got := takes(t, limiter, request(t, "POST", "/portfolio/orders"), 1)[0]; got != 0 {
				t.Errorf("%s: a write waited %s for a read that was refused", name, got)
			}
			all.Wait()
			if want := []time.Duration{row.want + tenth, row.want + 2*tenth, row.want + 3*tenth}; !slices.Equal(passed, want) {
				t.Errorf("%s: the callers passed after %v, want %v", name, passed, want)
			}
		})
	}
}

func TestAShorterRefusalDoesNotShortenAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newLimiter(t, ratelimit.Rates{Read: 100, Write: 100})
		limiter.Refused("POST", 2*time.Second)
		limiter.Refused("POST", time.Second)
		if got := takes(t, limiter, request(t, "PUT", "/communications/quotes/1/accept"), 1)[0]; got != 2*time.Second+tenth {
			t.Errorf("waited %s", got)
		}
	})
}

func TestCallersGetTheirTurnInTheOrderInWhichTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newLimiter(t, ratelimit.Rates{Read: 100, Write: 100})
		get := request(t, "GET", "/markets")
		takes(t, limiter, get, 5)
		var all sync.WaitGroup
		var mu sync.Mutex
		var order []int
		for i := range 20 {
			all.Go(func() {
				if err := limiter.Wait(t.Context(), get); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
			})
			synctest.Wait()
		}
		all.Wait()
		if !slices.IsSorted(order) || len(order) != 20 {
			t.Errorf("the order is %v", order)
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newLimiter(t, ratelimit.Rates{Read: 100, Write: 100})
		get := request(t, "GET", "/markets")
		takes(t, limiter, get, 5)

		short, cancel := context.WithTimeout(t.Context(), tenth/2)
		defer cancel()
		began := time.Now()
		if err := limiter.Wait(short, get); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 0 {
			t.Errorf("%v after %s; a wait that the deadline ends is not begun", err, time.Since(began))
		}

		if got := takes(t, limiter, get, 1)[0]; got != tenth {
			t.Errorf("the caller without time took tokens with it: the next waited %s", got)
		}

		limiter.Refused("GET", time.Second)
		cancelled, stop := context.WithCancelCause(t.Context())
		ended := make(chan error, 2)
		for range 2 { // one at the head, one behind it
			go func() { ended <- limiter.Wait(cancelled, get) }()
			synctest.Wait()
		}
		stop(errors.New("enough"))
		for range 2 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
		if got := takes(t, limiter, get, 1)[0]; got != time.Second+tenth {
			t.Errorf("those who left took tokens with them: the next waited %s", got)
		}
	})
}

func TestATierIsKnownByItsName(t *testing.T) {
	for tier, want := range map[ratelimit.Tier]ratelimit.Rates{
		ratelimit.Basic: {Read: 200, Write: 100}, "Advanced": {Read: 300, Write: 300}, ratelimit.Premier: {Read: 1000, Write: 1000},
		"PARAGON": {Read: 2000, Write: 2000}, ratelimit.Prime: {Read: 4000, Write: 4000},
	} {
		if got, err := tier.Rates(); got != want || err != nil {
			t.Errorf("%s has %+v, %v", tier, got, err)
		}
	}
	if _, err := ratelimit.ForTier("gold"); err == nil {
		t.Error("a tier that nobody published is taken")
	}
	if _, err := ratelimit.ForTier(ratelimit.Basic); err != nil {
		t.Error(err)
	}
}

func TestWhatALimiterCannotBeIsRefused(t *testing.T) {
	nan := float64(0)
	nan /= nan
	for name, build := range map[string]func() (*ratelimit.Limiter, error){
		"no rate":   func() (*ratelimit.Limiter, error) { return ratelimit.New(ratelimit.Rates{Read: 100}) },
		"no number": func() (*ratelimit.Limiter, error) { return ratelimit.New(ratelimit.Rates{Read: 100, Write: nan}) },
		"a negative cost": func() (*ratelimit.Limiter, error) {
			return ratelimit.ForTier(ratelimit.Basic, ratelimit.WithCost("GET", "/a", -1))
		},
		"a route of no use": func() (*ratelimit.Limiter, error) {
			return ratelimit.ForTier(ratelimit.Basic, ratelimit.WithCost("GET", "markets", 1))
		},
		"no function": func() (*ratelimit.Limiter, error) {
			return ratelimit.ForTier(ratelimit.Basic, ratelimit.WithCostOf(nil))
		},
	} {
		if _, err := build(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
