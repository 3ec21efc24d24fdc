package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// managed is a store, the service that its keys are used at, and what looks after them.
type managed struct {
	*lifecycle.Manager

	store   *openedStore
	baseURL string
}

// managing returns the work of a command on a store that exists.
func (s *settings) managing(
	work func(ctx context.Context, keys managed, args []string) error,
) func(*cobra.Command, []string) error {
	return s.managingIn(s.openStore, func(ctx context.Context, keys managed, args []string) error {
		return s.withOldCopy(work(ctx, keys, args))
	})
}

// managingIn is managing with a store that open returns.
func (s *settings) managingIn(
	open func(address string) (*openedStore, error),
	work func(ctx context.Context, keys managed, args []string) error,
) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if !command.Flags().Changed("timeout") {
			s.timeout = max(s.timeout, storeTimeout)
		}
		if s.settle <= 0 {
			return usage("--settle must be greater than zero", "")
		}
		ctx, cancel, err := s.within(command.Context())
		if err != nil {
			return err
		}
		defer cancel()
		keys, err := s.manage(open)
		defer keys.store.close()
		if err != nil {
			return err
		}
		err = withWayBack(ctx, keys, work(ctx, keys, args))
		s.showRecovered()
		return err
	}
}

func (s *settings) manage(open func(address string) (*openedStore, error)) (managed, error) {
	base, err := s.serviceURL()
	if err != nil {
		return managed{}, err
	}
	address, err := s.storeAddress()
	if err != nil {
		return managed{}, err
	}
	store, err := open(address)
	if err != nil {
		return managed{}, err
	}
	manager, err := lifecycle.New(store.Store, base.String(), s.lifecycleOptions()...)
	return managed{manager, store, base.String()}, err
}

// storeAddress returns the store that was given: by the flag, or else by the environment.
func (s *settings) storeAddress() (string, error) {
	address := s.store.String()
	if address != "" {
		return address, nil
	}
	address, err := s.addressFrom(envStore)
	if err == nil && address == "" {
		err = usage("no store is given", "Give --store or set "+envStore)
	}
	return address, err
}

func (s *settings) lifecycleOptions() []lifecycle.Option {
	options := []lifecycle.Option{
		lifecycle.WithSettle(s.settle), lifecycle.WithClientOptions(s.clientOptions()...),
		lifecycle.WithRecovered(func(steps []lifecycle.RecoverStep) { s.recovered = append(s.recovered, steps...) }),
	}
	if s.terminal {
		options = append(options, lifecycle.WithProgress(func(line string) {
			_, _ = fmt.Fprintln(s.stderr, printable(line))
		}))
	}
	return options
}

// openStore opens a store that exists, as one on a server always does: a new one in its place would be empty, and hide that the
// path is wrong.
func (s *settings) openStore(dir string) (*openedStore, error) {
	if isRemote(dir) {
		return s.openRemote(dir)
	}
	switch _, err := os.Lstat(s.path(dir)); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usage(fmt.Sprintf("the store %s is not there", dir),
			"Check --store or "+envStore+"; kalshi-keys import KEY-ID FILE makes a store")
	case err != nil:
		return nil, unusableStore(dir, err)
	}
	return s.makeStore(dir)
}

// makeStore opens a store, and makes it if there is none.
func (s *settings) makeStore(dir string) (*openedStore, error) {
	if isRemote(dir) {
		return s.openRemote(dir)
	}
	store, err := keystore.Open(s.path(dir))
	if err != nil {
		return nil, unusableStore(dir, err)
	}
	return &openedStore{store, store, nil, dir}, nil
}

// unusableStore returns an error of opening a store as wrong usage. The error of a store that
// others could use says itself how to mend it.
func unusableStore(dir string, err error) error {
	if _, ok := errors.AsType[*keystore.InsecureError](err); ok {
		return err
	}
	text := err.Error()
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		text = fmt.Sprintf("the store %s cannot be used: %v", dir, inner.Err)
	}
	return usage(text, "Check --store or "+envStore)
}

// currentCredentials returns those of the key that is current in a store for the service at base.
func (s *settings) currentCredentials(ctx context.Context, dir string, base *url.URL) (*wrapper.Credentials, error) {
	entry, err := s.currentEntry(ctx, dir, base)
	if err != nil {
		return nil, err
	}
	return entry.Credentials()
}

func (s *settings) currentEntry(ctx context.Context, dir string, base *url.URL) (keystore.Entry, error) {
	store, err := s.openStore(dir)
	if err != nil {
		return keystore.Entry{}, err
	}
	defer store.close()
	entry, err := store.current.Current(ctx, base.String())
	switch {
	case err != nil:
		err = fmt.Errorf("the current key of the store %s for %s: %w", store.place, base, err)
	case entry.State == keystore.StateRevoked:
		err = fmt.Errorf("key %s of the store %s: %w", entry.KeyID, store.place, lifecycle.ErrRevoked)
	}
	return entry, withWayBack(ctx, managed{store: store, baseURL: base.String()}, err)
}

// storedKey is what commands on a store show of a key as JSON. It has no private key.
type storedKey struct {
	APIKeyID string         `json:"api_key_id"`
	Name     string         `json:"name"`
	KeyType  gen.KeyType    `json:"key_type"`
	State    keystore.State `json:"state"`
	Current  bool           `json:"current"`
	// Warning is what the service said of the key when it made it.
	Warning string `json:"warning,omitempty"`
}

func shownKey(entry keystore.Entry, current bool) storedKey {
	return storedKey{entry.KeyID, entry.Name, entry.Type, entry.State, current, entry.Warning}
}

func (k storedKey) rows() [][]string {
	current := "no"
	if k.Current {
		current = "yes"
	}
	return withWarning([][]string{
		{"ID", k.APIKeyID}, {"NAME", k.Name}, {"TYPE", string(k.KeyType)}, {"STATE", string(k.State)}, {"CURRENT", current},
	}, k.Warning)
}

// showStored prints an entry that done says something of.
func (s *settings) showStored(ctx context.Context, keys managed, entry keystore.Entry, done string) error {
	shown, err := s.shownIn(ctx, keys, entry)
	if err != nil {
		return err
	}
	return s.printDone("API key "+entry.KeyID+" "+done, shown, shown.rows())
}

// shownIn returns what is shown of an entry in its store.
func (*settings) shownIn(ctx context.Context, keys managed, entry keystore.Entry) (storedKey, error) {
	current, err := keys.store.Current(ctx, keys.baseURL)
	if err != nil && !errors.Is(err, keystore.ErrNoCurrent) {
		return storedKey{}, err
	}
	return shownKey(entry, current.KeyID == entry.KeyID), nil
}
