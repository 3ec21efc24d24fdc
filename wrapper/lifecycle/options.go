package lifecycle

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// Times of a [Manager] (our own choices).
const (
	// DefaultSettle is how long a key is looked for after a request of unknown outcome, before
	// it is taken not to exist. A read 360 ms after a write was seen to be stale (source:
	// observed); a request that is still on its way needs longer.
	DefaultSettle = 10 * time.Second
	// DefaultProofTimeout is how long the service may take to know a new key.
	DefaultProofTimeout = time.Minute
	// DefaultGrace is how long a rotated key still works. Running clients follow the new one
	// within a second; the rest is for requests on their way.
	DefaultGrace = 5 * time.Second
	// NoGrace, as a grace period, revokes the old key at once. Requests that other programs
	// have signed with it and not yet sent will fail.
	NoGrace time.Duration = -1
	// WatchPeriod is how long a key that never appeared is still looked for.
	WatchPeriod = 24 * time.Hour
)

// Option sets up a [Manager].
type Option func(*Manager) error

// WithClientOptions passes options to the clients that talk to the service, such as
// wrapper.WithHTTPTransport. Base URL and clock are set by the Manager.
func WithClientOptions(opts ...wrapper.Option) Option {
	return func(m *Manager) error {
		for i, option := range opts {
			if option == nil {
				return fmt.Errorf("WithClientOptions: option %d is nil", i+1)
			}
		}
		m.clientOptions = append(m.clientOptions, opts...)
		return nil
	}
}

// WithClock sets where the time comes from and how waits pass, also for the clients. Tests give
// their own.
func WithClock(clock wrapper.Clock) Option {
	return func(m *Manager) error {
		if clock == nil {
			return errors.New("WithClock: the clock is nil; leave the option out for the system's clock")
		}
		m.clock = clock
		return nil
	}
}

// WithSigner opens the private keys that are not in the store but in an HSM or a KMS. It is
// asked once per operation and entry, and the signer's public key must be the entry's. With nil
// there are none.
func WithSigner(open func(ctx context.Context, entry keystore.Entry) (crypto.Signer, error)) Option {
	return func(m *Manager) error {
		m.openSigner = open
		return nil
	}
}

// WithProgress has report called with one line whenever an operation begins to wait or to do
// what takes long. It runs in the operation's goroutine and must not call the Manager.
func WithProgress(report func(line string)) Option {
	return func(m *Manager) error {
		if report == nil {
			return errors.New("WithProgress: the function is nil; leave the option out for silence")
		}
		m.report = report
		return nil
	}
}

// WithProofTimeout sets how long the service may take to know a new key. The default is
// [DefaultProofTimeout].
func WithProofTimeout(timeout time.Duration) Option {
	return func(m *Manager) error {
		m.proofTimeout = timeout
		return requirePositive("WithProofTimeout", timeout)
	}
}

// WithSettle sets how long a key is looked for after a request of unknown outcome. The default
// is [DefaultSettle]. A shorter time than the service's list is stale for lets a key slip
// through until a later Recover.
func WithSettle(settle time.Duration) Option {
	return func(m *Manager) error {
		m.settle = settle
		return requirePositive("WithSettle", settle)
	}
}

func requirePositive(option string, value time.Duration) error {
	if value <= 0 {
		return fmt.Errorf("%s: must be greater than zero, is %v", option, value)
	}
	return nil
}

// options returns the client options in the order in which later ones win.
func (m *Manager) options() []wrapper.Option {
	own := []wrapper.Option{wrapper.WithHTTPTransport(m.transport)}
	return slices.Concat(own, m.clientOptions, []wrapper.Option{wrapper.WithBaseURL(m.baseURL), wrapper.WithClock(m.clock)})
}
