package lifecycle

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// Manager issues, rotates and revokes the API keys of one account in one environment that a
// store holds. All its methods take the store's lock, so any number of Managers, in any number
// of processes, may share a store. A Manager is safe for concurrent use.
type Manager struct {
	store         *keystore.Store
	baseURL       string
	clientOptions []wrapper.Option
	clock         wrapper.Clock
	openSigner    func(context.Context, keystore.Entry) (crypto.Signer, error)
	report        func(string)
	settle        time.Duration

	recoveredSteps func([]RecoverStep)
}

// New returns a Manager for the keys that store holds for baseURL. It neither reads the store
// nor sends anything. It returns an error for an invalid base URL or option.
func New(store *keystore.Store, baseURL string, opts ...Option) (*Manager, error) {
	if store == nil {
		return nil, errors.New("lifecycle: the store is nil; see keystore.Open")
	}
	base, err := protocol.ParseBaseURL(baseURL)
	if err != nil {
		return nil, fmt.Errorf("lifecycle: %w", err)
	}
	m := &Manager{
		store:   store,
		baseURL: base.String(),
		// All clients of a Manager share the connections of one transport.
		clientOptions: []wrapper.Option{wrapper.WithHTTPTransport(http.DefaultTransport)},
		clock:         wrapper.SystemClock(),
		report:        func(string) {},
		settle:        DefaultSettle,

		recoveredSteps: func([]RecoverStep) {},
	}
	for i, option := range opts {
		if option == nil {
			return nil, fmt.Errorf("lifecycle: option %d is nil", i+1)
		}
		if err := option(m); err != nil {
			return nil, fmt.Errorf("lifecycle: %w", err)
		}
	}
	m.clientOptions = append(m.clientOptions, wrapper.WithBaseURL(m.baseURL), wrapper.WithClock(m.clock))
	// A client sends nothing before it is called: this one only finds invalid options.
	if _, err := m.newClient(noCredentials{}); err != nil {
		return nil, fmt.Errorf("lifecycle: %w", err)
	}
	return m, nil
}

// noCredentials is a source for a client that is never called.
type noCredentials struct{}

func (noCredentials) Credentials(context.Context) (*wrapper.Credentials, error) {
	return nil, ErrNoSigner
}

func (m *Manager) newClient(source wrapper.CredentialSource) (*wrapper.Client, error) {
	return wrapper.NewClient(whileHeld{source}, m.clientOptions...)
}

// recovered runs work with the store's lock held, after it has recovered what it could. The
// error that work is given says what it could not.
func (m *Manager) recovered(ctx context.Context, work func(context.Context, RecoverReport, error) error) error {
	return m.locked(ctx, func(ctx context.Context) error {
		report, err := m.recover(ctx)
		return work(ctx, report, err)
	})
}

func (m *Manager) progress(format string, args ...any) {
	m.report(fmt.Sprintf(format, args...))
}

// wait says why it waits, and waits for d.
func (m *Manager) wait(ctx context.Context, d time.Duration, format string, args ...any) error {
	m.progress(format, args...)
	return m.clock.Wait(ctx, d)
}

// Pauses between looks at the service (our own choices).
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 2 * time.Second
)

// poll calls look until it is done, at growing intervals and for at most the given time, and
// returns the error of the last look.
func (m *Manager) poll(ctx context.Context, atMost time.Duration, why string, look func() (done bool, err error)) error {
	deadline := m.clock.Now().Add(atMost)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		done, err := look()
		left := deadline.Sub(m.clock.Now())
		if done || left <= 0 {
			return err
		}
		if ended := m.wait(ctx, min(pause, left), "%s (up to %s more)", why, left.Round(time.Second)); ended != nil {
			return errors.Join(ended, err)
		}
	}
}

// lasting returns ctx without its end, for writes to the store. They are not broken off: most
// of all, a private key that the service shows once must get there.
func lasting(ctx context.Context) context.Context {
	return context.WithoutCancel(ctx)
}
