package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// DefaultCost is what an ordinary request costs, in tokens (source: published).
const DefaultCost = 10

// Limiter holds requests back. It is safe for concurrent use and owns no goroutine.
type Limiter struct {
	read, write *bucket
	costs       map[string]int
	costOf      func(*http.Request) int
}

// Option sets up a [Limiter].
type Option func(*Limiter) error

// WithCost sets what a request costs, in tokens, by its method and its route below the base path, with {} in
// place of each ID: "DELETE", "/portfolio/orders/{}". GET /account/endpoint_costs lists what does not
// cost 10 (source: published). A cost of 0 lets requests pass at once.
func WithCost(method, route string, tokens int) Option {
	return func(l *Limiter) error {
		if tokens < 0 || !strings.HasPrefix(route, "/") {
			return fmt.Errorf("ratelimit: WithCost(%q, %q, %d): the route must begin with a slash, and the cost must not be negative", method, route, tokens)
		}
		l.costs[method+" "+protocol.BasePath+route] = tokens
		return nil
	}
}

// WithCostOf has a function say what a request costs, in tokens, where it knows: a negative number leaves it to
// [WithCost]. It is for batches, of which each item costs as much as a request of its own (source: published). It
// must not read the body and must be safe for concurrent use.
func WithCostOf(costOf func(*http.Request) int) Option {
	return func(l *Limiter) error {
		if costOf == nil {
			return errors.New("ratelimit: WithCostOf: the function is nil; leave the option out")
		}
		l.costOf = costOf
		return nil
	}
}

// New returns a limiter for these rates, and an error unless both are positive and the options are valid. Its
// buckets hold half a second's worth and begin full, where the service's hold one second's at least (source:
// published): what differs is left for requests that arrive closer together than they were sent (our own
// choice).
func New(rates Rates, opts ...Option) (*Limiter, error) {
	if !(rates.Read > 0 && rates.Write > 0) {
		return nil, fmt.Errorf("ratelimit: the rates must be positive, are %g and %g tokens per second", rates.Read, rates.Write)
	}
	l := &Limiter{read: newBucket(rates.Read), write: newBucket(rates.Write), costs: map[string]int{}}
	for _, option := range opts {
		if err := option(l); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// ForTier returns a limiter for the published rates of a tier.
func ForTier(tier Tier, opts ...Option) (*Limiter, error) {
	rates, err := tier.Rates()
	if err != nil {
		return nil, err
	}
	return New(rates, opts...)
}

// Wait returns nil when the request may be sent. It returns the context's error, wrapped, when that ends first or
// would end before the request's turn. It is a function for [wrapper.WithBeforeAttempt].
func (l *Limiter) Wait(ctx context.Context, req *http.Request) error {
	method := protocol.Method(req)
	if err := l.bucketOf(method).wait(ctx, l.cost(method, req)); err != nil {
		return fmt.Errorf("waiting for the rate limit: %w", err)
	}
	return nil
}

// Refused tells the limiter of a 429 to a request of this method: all requests of its bucket pause for
// retryAfter, or half a second if the answer names none, and the bucket is empty after that.
func (l *Limiter) Refused(method string, retryAfter time.Duration) {
	l.bucketOf(method).pause(retryAfter)
}

// Observer tells the limiter of the 429s that a client gets: an argument for [wrapper.WithObserver].
func (l *Limiter) Observer() wrapper.Observer {
	return wrapper.Observer{AttemptEnded: func(_ context.Context, attempt wrapper.Attempt) {
		if attempt.StatusCode == http.StatusTooManyRequests {
			l.Refused(attempt.Method, attempt.RetryAfter)
		}
	}}
}

func (l *Limiter) bucketOf(method string) *bucket {
	if protocol.ChangesState(method) {
		return l.write
	}
	return l.read
}

func (l *Limiter) cost(method string, req *http.Request) int {
	if l.costOf != nil {
		if tokens := l.costOf(req); tokens >= 0 {
			return tokens
		}
	}
	if len(l.costs) > 0 {
		if tokens, set := l.costs[method+" "+protocol.Route(protocol.Path(req.URL))]; set {
			return tokens
		}
	}
	return DefaultCost
}
