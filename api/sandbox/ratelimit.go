package sandbox

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// RateLimits are token buckets, one for reads and one for writes of each account, that are
// refilled continuously and hold one second's worth (source: published; the published rates of
// the Basic level are 200 tokens for reads and 100 for writes). The zero RateLimits limits
// nothing.
type RateLimits struct {
	// ReadPerSecond is the refill of the bucket that reads (GET, HEAD) draw from, in tokens per second.
	// 0 means no limit.
	ReadPerSecond float64
	// WritePerSecond is the refill of the bucket that the other operations draw from, in tokens
	// per second. 0 means no limit.
	WritePerSecond float64
	// Cost is what a request draws, in tokens. 0 stands for the published 10.
	Cost float64
	// ManagementReads has all other operations draw from the bucket for reads, too. Which bucket
	// key management draws from is not documented.
	ManagementReads bool
}

func (l RateLimits) rateOf(method string) (bucket string, perSecond float64) {
	if !protocol.ChangesState(method) || l.ManagementReads {
		return "read", l.ReadPerSecond
	}
	return "write", l.WritePerSecond
}

type buckets struct {
	mu     sync.Mutex
	levels map[string]level
}

type level struct {
	tokens float64
	at     time.Time
}

// take draws cost tokens from the bucket of this name, and reports whether it held as many.
func (b *buckets) take(name string, perSecond, cost float64, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	current, known := b.levels[name]
	if !known {
		current = level{perSecond, now}
	}
	refill := max(now.Sub(current.at).Seconds(), 0) * perSecond
	current = level{min(current.tokens+refill, perSecond), now}
	enough := current.tokens >= cost
	if enough {
		current.tokens -= cost
	}
	if b.levels == nil {
		b.levels = map[string]level{}
	}
	b.levels[name] = current
	return enough
}

func (b *buckets) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.levels)
}

// limitRate answers 429 once the caller's account has used up its tokens.
func (s *Sandbox) limitRate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call, limits := callOf(r), s.choices.RateLimits
		bucket, perSecond := limits.rateOf(r.Method)
		name := bucket + " " + call.key.Account
		if perSecond > 0 && !s.buckets.take(name, perSecond, cmp.Or(limits.Cost, 10), s.now()) {
			s.refuse(w, r, RefusedRate, "")
			return
		}
		next.ServeHTTP(w, r)
	})
}
