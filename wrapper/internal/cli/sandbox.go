package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/control"
)

// sandboxFlags say where the sandbox listens and what it leaves for others to find it by.
type sandboxFlags struct {
	listen      string
	envFile     pathFlag
	keyType     choiceFlag
	allowRemote bool
	control     bool
	upstream    string
	choices     choicesFlags
}

// startedSandbox is what sandbox shows as JSON once it listens.
type startedSandbox struct {
	BaseURL        string          `json:"base_url"`
	APIKeyID       string          `json:"api_key_id"`
	KeyType        sandbox.KeyType `json:"key_type"`
	PrivateKeyFile string          `json:"private_key_file"`
	EnvFile        string          `json:"env_file"`
	// Inspector is where a browser shows the exchanges; only with --control.
	Inspector string `json:"inspector,omitempty"`
}

func newSandboxCommand(s *settings) *cobra.Command {
	var flags sandboxFlags
	command := &cobra.Command{
		Use:   "sandbox --env-file FILE",
		Short: "Run a server that behaves like the service, to try things out",
		Long: `Runs a server that behaves like the service's API key management, keeps its state
in memory and checks every signature, until it is interrupted.

Once it listens it writes FILE, with export lines for KALSHI_API_KEY_ID,
KALSHI_PRIVATE_KEY_PATH and KALSHI_BASE_URL, and FILE.pem, with the first key.
FILE appears last and complete, so a script can wait for it. Both are for you
only (mode 0600) and are removed when the sandbox stops.

  kalshi-keys sandbox --env-file sandbox.env &
  until [ -e sandbox.env ]; do sleep 0.1; done
  . ./sandbox.env
  kalshi-keys list

Each request that it turns down it reports to standard error, one line each, with the
mistake that was made; --verbose reports the others too. FILE of a sandbox that still
runs is left alone.

With --control it also serves an inspector for a browser: every exchange with its
checks, the keys, and faults to set and clear.

With --upstream it hands requests for other endpoints, such as orders, on to a server
of yours once it has checked their signature, timestamp, rate limits and scopes.
Without it they are checked too, and answered 404.

A client sends plain http to loopback only. A program in another container reaches the
sandbox in one network namespace: network_mode: "service:sandbox" in Compose, one pod
in Kubernetes.`,
		Args: takes(),
		RunE: func(command *cobra.Command, _ []string) error {
			return s.runSandbox(command.Context(), &flags)
		},
	}
	flags.register(command)
	command.Flags().BoolVar(&s.verbose, "verbose", false, "log every request to standard error, and not only those turned down")
	s.registerOutput(command.Flags())
	return command
}

func (f *sandboxFlags) register(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "`HOST:PORT` to listen at; port 0 takes a free one")
	flags.Var(&f.envFile, "env-file", "`FILE` to write shell assignments to")
	f.keyType = choiceFlag{value: string(sandbox.RSA), choices: []string{string(sandbox.RSA), string(sandbox.Ed25519)}}
	flags.Var(&f.keyType, "type", "`TYPE` of the first key: rsa or ed25519")
	flags.BoolVar(&f.allowRemote, "allow-remote", false, "let --listen take an address that other machines reach")
	flags.BoolVar(&f.control, "control", false, "serve "+control.Path+" too, to set up and inspect the sandbox by HTTP and in a browser")
	flags.StringVar(&f.upstream, "upstream", "", "`URL` of a server that answers what is not API keys, after the check")
	f.choices.register(flags)
	_ = command.MarkFlagRequired("env-file") // fails only for a flag that does not exist
}

func (s *settings) runSandbox(ctx context.Context, flags *sandboxFlags) (err error) {
	options, err := s.sandboxOptions(flags)
	if err != nil {
		return err
	}
	files, err := s.envFilesAt(flags.envFile.String())
	if err != nil {
		return err
	}
	if err := files.claim(ctx); err != nil {
		return err
	}
	listener, err := listen(ctx, flags.listen, flags.allowRemote)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	box := sandbox.New(options...)
	var handler http.Handler = box
	if flags.control {
		handler = control.Handler(box, flags.controlHosts()...)
	}
	key, err := box.Bootstrap(sandbox.OfType(sandbox.KeyType(flags.keyType.value)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.release(key.ID)) }()
	if err := s.announce(key, listener.Addr(), files, flags.control); err != nil {
		return err
	}
	return serve(ctx, listener, handler)
}

func (s *settings) sandboxOptions(flags *sandboxFlags) ([]sandbox.Option, error) {
	choices, err := flags.choices.choices()
	if err != nil {
		return nil, err
	}
	options := []sandbox.Option{sandbox.WithObserver(logExchanges(s.logger(), s.verbose)), sandbox.WithChoices(choices)}
	if flags.control {
		options = append(options, sandbox.WithContractCheck())
	}
	if flags.upstream != "" {
		handler, err := upstream(flags.upstream, s.logger())
		if err != nil {
			return nil, err
		}
		options = append(options, sandbox.WithFallback(handler))
	}
	return options, nil
}

// controlHosts returns the host by which other machines may use the control surface, if they may.
func (f *sandboxFlags) controlHosts() []string {
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil || !f.allowRemote || host == "" {
		return nil
	}
	return []string{host}
}

// logExchanges logs what was turned down, with the reason, and on demand everything else. An
// exchange holds no secret.
func logExchanges(logger *slog.Logger, all bool) func(sandbox.Exchange) {
	return func(exchange sandbox.Exchange) {
		level := slog.LevelInfo
		if exchange.Refusal != "" || exchange.Explanation != nil {
			level = slog.LevelWarn
		} else if !all {
			return
		}
		attributes := []slog.Attr{
			slog.String("method", exchange.Method),
			slog.String("path", exchange.Path),
			slog.Int("status", exchange.Status),
			slog.String("operation", string(exchange.Operation)),
			slog.String("refusal", string(exchange.Refusal)),
			slog.String("explanation", exchange.Explanation.String()),
		}
		if exchange.SignedBy != "" {
			attributes = append(attributes, slog.String("signed_by", string(exchange.SignedBy)))
		}
		logger.LogAttrs(context.Background(), level, "sandbox exchange", attributes...)
	}
}

// announce tells the environment file and standard output how to reach the sandbox.
func (s *settings) announce(key sandbox.Key, address net.Addr, files envFiles, controlled bool) error {
	baseURL := origin(address) + sandbox.BasePath
	if err := files.write(key, baseURL); err != nil {
		return usage(fmt.Sprintf("the files for --env-file cannot be written: %v", err), hintOtherEnvFile)
	}
	started := startedSandbox{
		BaseURL: baseURL, APIKeyID: key.ID, KeyType: key.Type, PrivateKeyFile: files.pem, EnvFile: files.env,
	}
	rows := [][]string{
		{"BASE URL", baseURL}, {"FIRST KEY", key.ID}, {"PRIVATE KEY FILE", files.pem}, {"ENVIRONMENT FILE", files.env},
	}
	if controlled {
		started.Inspector = origin(address) + control.Path
		rows = append(rows, []string{"INSPECTOR", started.Inspector})
	}
	if err := s.print(started, table(rows)); err != nil {
		return err
	}
	if !controlled {
		s.say("hint", "With --control a page at "+control.Path+" shows every exchange and why it was refused")
	}
	if !isLocal(address) {
		s.say("hint", hintOneNamespace)
	}
	return nil
}

// hintOneNamespace says how a client in another container reaches a sandbox.
const hintOneNamespace = "A client sends plain http to loopback only. To use a sandbox from another container, share its " +
	"network namespace (network_mode: \"service:sandbox\" in Compose, one pod in Kubernetes) and keep --listen at 127.0.0.1"

// isLocal reports whether no other machine reaches what listens at address.
func isLocal(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
