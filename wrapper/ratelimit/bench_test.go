package ratelimit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/ratelimit"
)

const (
	benchCallers = 64
	// benchRate is that of the Premier tier: 100 requests per second.
	benchRate = 1000
	benchTime = 4 * time.Second
)

// BenchmarkLimiter has 64 callers ask for three times what the sandbox's limiter permits. It reports the
// 429s of the first second and those after it, the calls beside those that the rate permits, and the calls of the
// caller that got fewest beside those of an even share.
func BenchmarkLimiter(b *testing.B) {
	for b.Loop() {
		measureLimiter(b)
	}
	b.ReportMetric(0, "ns/op")
}

func measureLimiter(b *testing.B) {
	b.Helper()
	box := sandbox.New(sandbox.WithChoices(sandbox.Choices{RateLimits: sandbox.RateLimits{ReadPerSecond: benchRate, WritePerSecond: benchRate}}))
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(box)
	defer server.Close()
	limiter, err := ratelimit.ForTier(ratelimit.Premier)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	var early, late atomic.Int32
	count := wrapper.Observer{AttemptEnded: func(_ context.Context, a wrapper.Attempt) {
		switch {
		case a.StatusCode != http.StatusTooManyRequests:
		case time.Since(began) < time.Second:
			early.Add(1)
		default:
			late.Add(1)
		}
	}}
	creds, err := wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	if err != nil {
		b.Fatal(err)
	}
	client, err := wrapper.NewClient(creds, wrapper.WithBaseURL(server.URL+sandbox.BasePath),
		wrapper.WithBeforeAttempt(limiter.Wait), wrapper.WithObserver(limiter.Observer()), wrapper.WithObserver(count))
	if err != nil {
		b.Fatal(err)
	}
	defer client.CloseIdleConnections()
	calls := callAtThreeTimesTheRate(b, client, began)
	total := 0
	for _, n := range calls {
		total += n
	}
	permitted := benchTime.Seconds() * benchRate / ratelimit.DefaultCost
	b.ReportMetric(float64(early.Load()), "early-429s")
	b.ReportMetric(float64(late.Load()), "late-429s")
	b.ReportMetric(float64(total)/permitted, "x-permitted")
	b.ReportMetric(float64(slices.Min(calls))*benchCallers/float64(total), "x-even-share")
}

// callAtThreeTimesTheRate has each caller begin a call at every tick, or as soon as the last is done. It returns
// the calls that each has done before the time ended.
func callAtThreeTimesTheRate(b *testing.B, client *wrapper.Client, began time.Time) []int {
	b.Helper()
	calls := make([]int, benchCallers)
	const interval = time.Second * benchCallers * ratelimit.DefaultCost / (3 * benchRate)
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			ticks := time.NewTicker(interval)
			defer ticks.Stop()
			for time.Since(began) < benchTime {
				if _, err := client.GetAPIKeys(b.Context()); err != nil {
					b.Error(err)
					return
				}
				if time.Since(began) < benchTime {
					calls[i]++
				}
				<-ticks.C
			}
		})
	}
	all.Wait()
	return calls
}
