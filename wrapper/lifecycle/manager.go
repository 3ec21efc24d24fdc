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
)

// Manager looks after the API keys of one account in one environment, as far as a store holds
// them. All its operations take the store's lock, so any number of Managers, in any number of
// processes, may share a store. A Manager is safe for concurrent use.
type Manager struct {
	store         keystore.Store
	baseURL       string
	transport     http.RoundTripper
	clientOptions []wrapper.Option
	clock         wrapper.Clock
	openSigner    func(context.Context, keystore.Entry) (crypto.Signer, error)
	report        func(string)
	proofTimeout  time.Duration
	settle        time.Duration
}

// New returns a Manager for the keys that store holds for baseURL. It neither reads the store
// nor sends anything. It returns an error for a base URL or an option that cannot be.
func New(store keystore.Store, baseURL string, opts ...Option) (*Manager, error) {
	if store == nil {
		return nil, errors.New("lifecycle: the store is nil; see keystore.Open")
	}
	normal, err := keystore.NormalizeBaseURL(baseURL)
	if err != nil {
		return nil, fmt.Errorf("lifecycle: %w", err)
	}
	m := &Manager{
		store:        store,
		baseURL:      normal,
		transport:    http.DefaultTransport,
		clock:        wrapper.SystemClock(),
		report:       func(string) {},
		proofTimeout: DefaultProofTimeout,
		settle:       DefaultSettle,
	}
	for i, option := range opts {
		if option == nil {
			return nil, fmt.Errorf("lifecycle: option %d is nil", i+1)
		}
		if err := option(m); err != nil {
			return nil, fmt.Errorf("lifecycle: %w", err)
		}
	}
	// A client sends nothing before it is called: this finds options that cannot be.
	if _, err := wrapper.NewClient(noCredentials{}, m.options()...); err != nil {
		return nil, fmt.Errorf("lifecycle: %w", err)
	}
	return m, nil
}

// locked runs work with the store's lock held.
func (m *Manager) locked(ctx context.Context, work func(context.Context) error) (err error) {
	unlock, err := m.store.Lock(ctx)
	if err != nil {
		return fmt.Errorf("lifecycle: the store could not be locked: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return work(ctx)
}

func (m *Manager) progress(format string, args ...any) {
	m.report(fmt.Sprintf(format, args...))
}

// wait waits for d, and tells why.
func (m *Manager) wait(ctx context.Context, d time.Duration, format string, args ...any) error {
	m.progress(format, args...)
	return m.clock.Wait(ctx, d)
}
