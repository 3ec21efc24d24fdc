package main

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

	dir     textFlag
	timeout time.Duration
	settle  time.Duration
	verbose bool
}

func (f *storeFlags) register(flags *pflag.FlagSet) {
	registerStore(flags, &f.dir)
	f.addressFlags.register(flags)
	flags.DurationVar(&f.timeout, "timeout", storeTimeout, "give up after this `TIME`, retries included")
	flags.DurationVar(&f.settle, "settle", lifecycle.DefaultSettle,
		"look this `TIME` for a key that a request of unknown outcome may have made")
	flags.BoolVar(&f.verbose, "verbose", false, "log every attempt to standard error")
}

func registerStore(flags *pflag.FlagSet, dir *textFlag) {
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

	store        *keystore.Directory
	dir, address string
}

func (a app) manage(flags *storeFlags) (managed, error) {
	address, err := flags.address(a.getenv)
	if err != nil {
		return managed{}, err
	}
	dir := storeDirectory(flags.dir, a.getenv)
	if dir == "" {
		return managed{}, usage("no store is given", "Give --store or set "+envStore)
	}
	store, err := openStore(dir)
	if err != nil {
		return managed{}, err
	}
	manager, err := lifecycle.New(store, address, a.lifecycleOptions(flags)...)
	if err != nil {
		return managed{}, unusableAddress(err)
	}
	return managed{manager, store, dir, address}, nil
}

// storeDirectory returns the store that the flag or else the environment names, "" for none.
func storeDirectory(flag textFlag, getenv func(string) string) string {
	if flag != "" {
		return string(flag)
	}
	return getenv(envStore)
}

func openStore(dir string) (*keystore.Directory, error) {
	store, err := keystore.Open(dir)
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, usage(fmt.Sprintf("the store %s cannot be used: %v", dir, inner.Err), "Check --store or "+envStore)
	}
	return store, err
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

// currentCredentials returns what the store says is current for the service at address. It makes
// no store.
func currentCredentials(ctx context.Context, dir, address string) (*wrapper.Credentials, error) {
	entry, err := currentEntry(ctx, dir, address)
	if err != nil {
		return nil, err
	}
	return entry.Credentials()
}

func currentEntry(ctx context.Context, dir, address string) (keystore.Entry, error) {
	if _, err := os.Stat(dir); err != nil {
		return keystore.Entry{}, usage(fmt.Sprintf("the store %s is not there", dir),
			"Check --store or "+envStore+"; kalshi-keys import makes a store")
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
