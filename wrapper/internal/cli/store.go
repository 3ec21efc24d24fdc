package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

const (
	// envStore names the environment variable for the store's directory (our own choice).
	envStore = "KALSHI_STORE"
	// storeTimeout bounds a command on a store, without a grace period: it may recover, prove a
	// new key and look for one that did not appear (our own choice).
	storeTimeout = 5 * time.Minute
)

// storeFlags say which store a command works on, and at which service.
type storeFlags struct {
	addressFlags

	dir     pathFlag
	timeout time.Duration
	settle  time.Duration
	verbose bool
	// makes lets the command make a store that is not there.
	makes bool
}

func (f *storeFlags) register(flags *pflag.FlagSet) {
	registerStore(flags, &f.dir)
	f.addressFlags.register(flags)
	flags.DurationVar(&f.timeout, "timeout", storeTimeout, "give up after this `TIME`, retries included")
	flags.DurationVar(&f.settle, "settle", lifecycle.DefaultSettle,
		"look this `TIME` for a key that a request of unknown outcome may have made")
	flags.BoolVar(&f.verbose, "verbose", false, "log every attempt to standard error")
}

func registerStore(flags *pflag.FlagSet, dir *pathFlag) {
	flags.Var(dir, "store", "`DIR` that keeps API keys with their private keys (or "+envStore+")")
}

// managing returns the work of a command on a store.
func (a app) managing(
	flags *storeFlags,
	work func(ctx context.Context, keys managed, args []string) error,
) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if flags.timeout <= 0 {
			return usage("--timeout must be greater than zero", "")
		}
		if flags.settle <= 0 {
			return usage("--settle must be greater than zero", "")
		}
		keys, err := a.manage(flags)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(command.Context(), flags.timeout)
		defer cancel()
		return withWayBack(ctx, keys, work(ctx, keys, args))
	}
}

// managed is a store and what looks after the keys in it.
type managed struct {
	*lifecycle.Manager

	store        *keystore.Store
	dir, address string
}

func (a app) manage(flags *storeFlags) (managed, error) {
	address, err := flags.address(a.getenv)
	if err != nil {
		return managed{}, err
	}
	dir, err := flags.directory(a.getenv)
	if err != nil {
		return managed{}, err
	}
	if err := usableBaseURL(address); err != nil {
		return managed{}, unusableAddress(err)
	}
	open := openStore
	if flags.makes {
		open = makeStore
	}
	store, err := open(dir)
	if err != nil {
		return managed{}, err
	}
	manager, err := lifecycle.New(store, address, a.lifecycleOptions(flags)...)
	if err != nil {
		return managed{}, unusableAddress(err)
	}
	return managed{manager, store, dir, address}, nil
}

// directory returns the store that the flag or else the environment names.
func (f *storeFlags) directory(getenv func(string) string) (string, error) {
	if f.dir != "" {
		return string(f.dir), nil
	}
	dir, err := pathFrom(getenv, envStore)
	if err == nil && dir == "" {
		return "", usage("no store is given", "Give --store or set "+envStore)
	}
	return dir, err
}

// openStore opens a store that is there: a new one in its place would be empty, and hide that
// the path is wrong.
func openStore(dir string) (*keystore.Store, error) {
	switch _, err := os.Lstat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usage(fmt.Sprintf("the store %s is not there", dir),
			"Check --store or "+envStore+"; kalshi-keys import KEY-ID FILE makes a store")
	case err != nil:
		return nil, unusableStore(dir, err)
	}
	return makeStore(dir)
}

// makeStore opens a store, and makes it if it is not there.
func makeStore(dir string) (*keystore.Store, error) {
	store, err := keystore.Open(dir)
	if err != nil {
		return nil, unusableStore(dir, err)
	}
	return store, nil
}

// unusableStore returns what opening a store came to as wrong usage. How to mend one that others
// could use, its error says itself.
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

func (a app) lifecycleOptions(flags *storeFlags) []lifecycle.Option {
	options := []lifecycle.Option{lifecycle.WithSettle(flags.settle)}
	if a.terminal {
		options = append(options, lifecycle.WithProgress(func(line string) {
			_, _ = fmt.Fprintln(a.stderr, printable(line))
		}))
	}
	if flags.verbose {
		options = append(options, lifecycle.WithClientOptions(wrapper.WithLogger(a.logger())))
	}
	return options
}

// currentCredentials returns what the store says is current for the service at address.
func currentCredentials(ctx context.Context, dir, address string) (*wrapper.Credentials, error) {
	entry, err := currentEntry(ctx, dir, address)
	if err != nil {
		return nil, err
	}
	return entry.Credentials()
}

func currentEntry(ctx context.Context, dir, address string) (keystore.Entry, error) {
	if err := usableBaseURL(address); err != nil {
		return keystore.Entry{}, unusableAddress(err)
	}
	store, err := openStore(dir)
	if err != nil {
		return keystore.Entry{}, err
	}
	entry, err := store.Current(ctx, address)
	switch {
	case err != nil:
		err = fmt.Errorf("the current key of the store %s for %s: %w", dir, address, err)
	case entry.State == keystore.StateRevoked:
		err = fmt.Errorf("key %s of the store %s: %w", entry.KeyID, dir, lifecycle.ErrRevoked)
	default:
		return entry, nil
	}
	return keystore.Entry{}, withWayBack(ctx, managed{store: store, address: address, dir: dir}, err)
}
