package lifecycle

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// Times of a [Manager] (our own choices).
const (
	// DefaultSettle is how long a key is looked for after a request of unknown outcome, before
	// the Manager takes it that no key was made. A read 360 ms after a write was seen to be stale
	// (source: observed); a request that is still on its way needs longer.
	DefaultSettle = 10 * time.Second
	// DefaultGrace is how long a rotated key still works. Running clients follow the new one
	// within a second; the rest is for requests on their way.
	DefaultGrace = 5 * time.Second
	// NoGrace, as a grace period, revokes the old key at once. Requests that other programs
	// have signed with it and not yet sent will fail.
	NoGrace time.Duration = -1

	// proofTimeout is how long the service may take to know a new key.
	proofTimeout = time.Minute
	// watchPeriod is how long a key that has not appeared in the list is still looked for.
	watchPeriod = 24 * time.Hour
	// watchLooks is how many looks at the list a watch takes at least, each of them the settle time
	// after the one before.
	watchLooks = 3
	// attestationNotice is how long before the location attestation lapses Audit reports it.
	attestationNotice = 14 * 24 * time.Hour
)

// Option sets up a [Manager].
type Option func(*Manager) error

// WithClientOptions passes options to the clients that talk to the service, such as
// wrapper.WithHTTPTransport. The Manager sets base URL and clock itself.
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

// WithClock sets the clock that gives the time and by which all waits pass, also in the clients.
// The default is the system's clock.
func WithClock(clock wrapper.Clock) Option {
	return func(m *Manager) error {
		if clock == nil {
			return errors.New("WithClock: the clock is nil; leave the option out for the system's clock")
		}
		m.clock = clock
		return nil
	}
}

// WithSigner opens the private keys that are not in the store but in an HSM or a KMS. The
// Manager calls open for each change that signs with such an entry. The signer's public key
// must be the entry's. Without this option, the Manager refuses to sign with such an entry.
func WithSigner(open func(ctx context.Context, entry keystore.Entry) (crypto.Signer, error)) Option {
	return func(m *Manager) error {
		m.openSigner = open
		return nil
	}
}

// WithProgress has report called with one line whenever a method begins to wait or to do
// something that takes long. It runs in the method's goroutine and must not call the Manager.
func WithProgress(report func(line string)) Option {
	return func(m *Manager) error {
		if report == nil {
			return errors.New("WithProgress: the function is nil; leave the option out for silence")
		}
		m.report = report
		return nil
	}
}

// WithRecovered has shown called with what a method recovered before its own work, if it did something
// or met a foreign record: [RecoverReport.Done], and of Open what has the action [RecoverForeign]. It
// runs in the method's goroutine and must not call the Manager.
func WithRecovered(shown func(steps []RecoverStep)) Option {
	return func(m *Manager) error {
		if shown == nil {
			return errors.New("WithRecovered: the function is nil; leave the option out for silence")
		}
		m.recoveredSteps = shown
		return nil
	}
}

// WithSettle sets how long a key is looked for after a request of unknown outcome. The default
// is [DefaultSettle]. If the service's list is stale for longer, a key may stay live until a
// later Recover finds it.
func WithSettle(settle time.Duration) Option {
	return func(m *Manager) error {
		if settle <= 0 {
			return fmt.Errorf("WithSettle: must be greater than zero, is %v", settle)
		}
		m.settle = settle
		return nil
	}
}
