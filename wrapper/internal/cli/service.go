package cli

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kalshi.internal/apikeys/wrapper"
)

// envBaseURL names the environment variable for the base URL (our own choice).
const envBaseURL = "KALSHI_BASE_URL"

// defaultTimeout bounds a whole command, retries included: four attempts of 15 s fit.
const defaultTimeout = 90 * time.Second

// serviceFlags say which service to call, as whom and for how long.
type serviceFlags struct {
	addressFlags

	credentials credentialFlags
	timeout     time.Duration
	verbose     bool
}

func (f *serviceFlags) register(flags *pflag.FlagSet) {
	f.registerFor(flags, defaultTimeout)
	registerStore(flags, &f.credentials.store)
}

// registerFor registers the flags of a command that takes up to timeout by default.
func (f *serviceFlags) registerFor(flags *pflag.FlagSet, timeout time.Duration) {
	f.credentials.register(flags)
	f.addressFlags.register(flags)
	flags.DurationVar(&f.timeout, "timeout", timeout, "give up after this `TIME`, retries included")
	flags.BoolVar(&f.verbose, "verbose", false, "log every attempt to standard error")
}

// addressFlags say where the service is.
type addressFlags struct {
	baseURL     textFlag
	environment choiceFlag
}

func (f *addressFlags) register(flags *pflag.FlagSet) {
	f.environment.choices = []string{"production", "production-external-api", "demo", "demo-former-host"}
	flags.Var(&f.baseURL, "base-url", "base `URL`, path included (or "+envBaseURL+")")
	flags.Var(&f.environment, "environment", "`HOST` of the service instead of --base-url: "+strings.Join(f.environment.choices, ", ")+" (default production)")
}

// address returns the base URL to use: the flags', the environment's or production's.
func (f *addressFlags) address(getenv func(string) string) (string, error) {
	if f.baseURL != "" && f.environment.value != "" {
		return "", usage("--base-url and --environment exclude each other", "Give one of them")
	}
	if f.baseURL != "" {
		return string(f.baseURL), nil
	}
	switch f.environment.value {
	case "production":
		return string(wrapper.Production), nil
	case "production-external-api":
		return string(wrapper.ProductionExternalAPI), nil
	case "demo":
		return string(wrapper.Demo), nil
	case "demo-former-host":
		return string(wrapper.DemoFormerHost), nil
	}
	if fromEnv := getenv(envBaseURL); fromEnv != "" {
		return fromEnv, nil
	}
	return string(wrapper.Production), nil
}

// calling returns the work of a command that calls the service.
func (a app) calling(
	flags *serviceFlags,
	work func(ctx context.Context, client *wrapper.Client, args []string) error,
) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if flags.timeout <= 0 {
			return usage("--timeout must be greater than zero", "")
		}
		ctx, cancel := context.WithTimeout(command.Context(), flags.timeout)
		defer cancel()
		client, err := a.newClient(ctx, flags)
		if err != nil {
			return err
		}
		defer client.CloseIdleConnections()
		return work(ctx, client, args)
	}
}

func (a app) newClient(ctx context.Context, flags *serviceFlags) (*wrapper.Client, error) {
	address, err := flags.address(a.getenv)
	if err != nil {
		return nil, err
	}
	credentials, err := flags.credentials.load(ctx, a.getenv, address)
	if err != nil {
		return nil, err
	}
	options := []wrapper.Option{wrapper.WithBaseURL(address)}
	if flags.verbose {
		options = append(options, wrapper.WithLogger(a.logger()))
	}
	client, err := wrapper.NewClient(credentials, options...)
	if err != nil {
		return nil, unusableAddress(err)
	}
	return client, nil
}

// usableBaseURL returns what the library has against a base URL. Nothing is signed with no
// credentials.
func usableBaseURL(address string) error {
	_, err := wrapper.NewTransport((*wrapper.Credentials)(nil), wrapper.WithBaseURL(address))
	return err
}

func unusableAddress(err error) error {
	if errors.Is(err, wrapper.ErrInsecure) {
		return usage(err.Error(), "")
	}
	return usage(err.Error(), "Check --base-url or "+envBaseURL)
}

func (a app) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
