package sandbox

import (
	"context"
	"crypto/rsa"
	"reflect"
	"time"
)

// Option sets up a sandbox. Where an option takes a function, nil keeps the default.
type Option func(*Sandbox)

// WithChoices sets how the sandbox behaves where no document or recording tells what the service does. Given several
// times they add up: a field that is zero leaves what an earlier option set.
func WithChoices(choices Choices) Option {
	return func(s *Sandbox) {
		set, given := reflect.ValueOf(&s.choices).Elem(), reflect.ValueOf(choices)
		for i := range given.NumField() {
			if field := given.Field(i); !field.IsZero() {
				set.Field(i).Set(field)
			}
		}
	}
}

// WithClock replaces the system's clock: timestamps are checked against it, Date is written from
// it, and delays and rate limits run by it. It must be safe for concurrent use.
func WithClock(now func() time.Time) Option {
	return func(s *Sandbox) {
		if now != nil {
			s.now = now
		}
	}
}

// WithWait replaces how a fault of kind [FaultDelay] waits; it is the other half of [WithClock].
// It must return early, with an error, when the context ends: the client has gone.
func WithWait(wait func(ctx context.Context, d time.Duration) error) Option {
	return func(s *Sandbox) {
		if wait != nil {
			s.wait = wait
		}
	}
}

// WithRSAKeySource replaces the source of the RSA keys that generateApiKey and
// [Sandbox.Bootstrap] hand out: making one takes far longer than answering a request. Tests may hand
// out keys made beforehand, as long as sharing them does not matter. The source must be safe for
// concurrent use; its error becomes an answer with status 500.
func WithRSAKeySource(newKey func() (*rsa.PrivateKey, error)) Option {
	return func(s *Sandbox) {
		if newKey != nil {
			s.newRSAKey = newKey
		}
	}
}

// WithObserver has observe called for every exchange once it is noted, from the goroutine that serves it:
// after the answer was written, or before the answer of a fallback begins. It must be safe for concurrent use.
func WithObserver(observe func(Exchange)) Option {
	return func(s *Sandbox) {
		if observe != nil {
			s.observe = observe
		}
	}
}

// WithContractCheck holds every exchange against the contract and notes in [Exchange] what leaves
// it. The request is read whole before it is served.
func WithContractCheck() Option {
	return func(s *Sandbox) { s.checksContract = true }
}
