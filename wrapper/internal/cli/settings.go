package cli

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	// envBaseURL names the environment variable for the base URL (our own choice).
	envBaseURL = "KALSHI_BASE_URL"
	// envStore names the environment variable for the store's directory or URL (our own choice).
	envStore = "KALSHI_STORE"

	// callTimeout bounds a whole command, retries included: four attempts of 15 s fit.
	callTimeout = 90 * time.Second
	// storeTimeout bounds a command on a store, without a grace period: it may recover, prove a
	// new key and look for one that did not appear (our own choice).
	storeTimeout = 5 * time.Minute
)

// settings are the flags that commands share, with the environment behind them. A command
// registers those that it has.
type settings struct {
	app

	output      choiceFlag
	baseURL     textFlag
	environment choiceFlag
	// keyID and keyFile say which API key to sign with. There is no flag for a private key's text,
	// since every user of a machine can read the arguments of every process.
	keyID   textFlag
	keyFile pathFlag
	// store is the store whose current key signs, or on which the command works.
	store storeFlag
	// sealTo and identity are the files that a store on a server is sealed by.
	sealTo, identity pathFlag

	timeout time.Duration
	settle  time.Duration
	verbose bool
	// recovered is what the command recovered before its own work, and was not shown yet.
	recovered []lifecycle.RecoverStep
}

func (s *settings) registerOutput(flags *pflag.FlagSet) {
	s.output = choiceFlag{value: "table", choices: []string{"table", "json"}}
	flags.VarP(&s.output, "output", "o", "`FORMAT` of the output: table or json")
}

func (s *settings) registerBaseURL(flags *pflag.FlagSet) {
	s.environment.choices = []string{"production", "production-external-api", "demo", "demo-former-host"}
	flags.Var(&s.baseURL, "base-url", "base `URL`, path included (or "+envBaseURL+")")
	flags.Var(&s.environment, "environment", "`HOST` of the service instead of --base-url: "+
		strings.Join(s.environment.choices, ", ")+" (default production)")
}

func (s *settings) registerKey(flags *pflag.FlagSet) {
	flags.Var(&s.keyID, "key-id", "`ID` of the API key to sign with (or "+wrapper.EnvAPIKeyID+")")
	flags.Var(&s.keyFile, "private-key-file",
		"`FILE` with its private key (or "+wrapper.EnvPrivateKeyPath+", or the PEM itself in "+wrapper.EnvPrivateKey+")")
	s.registerStore(flags)
}

func (s *settings) registerStore(flags *pflag.FlagSet) {
	where := "`DIR` that keeps"
	if s.remote.Open != nil {
		where = "`DIR` or URL, such as postgres://HOST/DB?name=DESK or etcd://H1,H2,H3/DESK, of the store with"
	}
	flags.Var(&s.store, "store", where+" API keys with their private keys (or "+envStore+")")
	s.registerSealing(flags)
}

// registerCall registers the flags of a command that sends requests, and that takes up to timeout
// by default.
func (s *settings) registerCall(flags *pflag.FlagSet, timeout time.Duration) {
	s.registerOutput(flags)
	s.registerBaseURL(flags)
	flags.DurationVar(&s.timeout, "timeout", timeout, "give up after this `TIME`, retries included")
	flags.BoolVar(&s.verbose, "verbose", false, "log every attempt to standard error")
}

// registerService registers the flags of a command that calls the service with a key.
func (s *settings) registerService(flags *pflag.FlagSet, timeout time.Duration) {
	s.registerCall(flags, timeout)
	s.registerKey(flags)
	s.settle = lifecycle.DefaultSettle
}

// registerManaged registers the flags of a command that works on a store.
func (s *settings) registerManaged(flags *pflag.FlagSet) {
	s.registerCall(flags, storeTimeout)
	s.registerStore(flags)
	flags.DurationVar(&s.settle, "settle", lifecycle.DefaultSettle,
		"look this `TIME` for a key that a request of unknown outcome may have made")
}

// givenBaseURL returns the base URL as it was given: by the flags, or else by the environment. It
// is production's where none was.
func (s *settings) givenBaseURL() (string, error) {
	hosts := map[string]wrapper.Environment{
		"production": wrapper.Production, "production-external-api": wrapper.ProductionExternalAPI,
		"demo": wrapper.Demo, "demo-former-host": wrapper.DemoFormerHost,
	}
	if s.baseURL != "" && s.environment.value != "" {
		return "", usage("--base-url and --environment exclude each other", "Give one of them")
	}
	return cmp.Or(string(s.baseURL), string(hosts[s.environment.value]), s.getenv(envBaseURL), string(wrapper.Production)), nil
}

// serviceURL returns the base URL in the form in which base URLs are compared.
func (s *settings) serviceURL() (*url.URL, error) {
	given, err := s.givenBaseURL()
	if err != nil {
		return nil, err
	}
	base, err := protocol.ParseBaseURL(given)
	switch {
	case errors.Is(err, protocol.ErrInsecure):
		return nil, usage(err.Error(), hintOneNamespace)
	case err != nil:
		return nil, usage(err.Error(), "Check --base-url or "+envBaseURL)
	}
	return base, nil
}

// within returns a context that ends after --timeout.
func (s *settings) within(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if s.timeout <= 0 {
		return nil, nil, usage("--timeout must be greater than zero", "")
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	return ctx, cancel, nil
}

// calling returns the work of a command that calls the service.
func (s *settings) calling(
	work func(ctx context.Context, client *wrapper.Client, args []string) error,
) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		ctx, cancel, err := s.within(command.Context())
		if err != nil {
			return err
		}
		defer cancel()
		client, err := s.client(ctx)
		if err != nil {
			return err
		}
		defer client.CloseIdleConnections()
		return s.withOldCopy(work(ctx, client, args))
	}
}

func (s *settings) client(ctx context.Context) (*wrapper.Client, error) {
	base, err := s.serviceURL()
	if err != nil {
		return nil, err
	}
	credentials, err := s.credentials(ctx, base)
	if err != nil {
		return nil, err
	}
	return wrapper.NewClient(credentials, append(s.clientOptions(), wrapper.WithBaseURL(base.String()))...)
}

func (s *settings) clientOptions() []wrapper.Option {
	if !s.verbose {
		return nil
	}
	return []wrapper.Option{wrapper.WithLogger(s.logger())}
}
