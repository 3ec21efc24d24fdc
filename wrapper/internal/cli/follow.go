package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// Pauses after a failure of the store or of the command: our own choices.
const (
	firstFollowPause   = time.Second
	longestFollowPause = time.Minute
)

// envEnvFile names the variable that tells the command where the file with the assignments is (our own
// choice).
const envEnvFile = "KALSHI_ENV_FILE"

type followFlags struct {
	exec textFlag
	name textFlag
	once bool
}

// followedKey is what follow shows as JSON for each key that was handed over.
type followedKey struct {
	APIKeyID string `json:"api_key_id"`
}

func newFollowCommand(s *settings) *cobra.Command {
	var flags followFlags
	command := &cobra.Command{
		Use:   "follow --exec COMMAND",
		Short: "Hand the current key to a command, now and after each rotation",
		Long: `Runs COMMAND in a shell with the current key of a store, and again each time that
another key becomes current, until it is interrupted. COMMAND finds in its environment

  KALSHI_API_KEY_ID        the ID of the key
  KALSHI_PRIVATE_KEY_PATH  a file with its private key
  KALSHI_BASE_URL          the base URL
  KALSHI_ENV_FILE          a file with these as assignments for a shell, as export writes

The files are for you only, and are removed when COMMAND has ended. A COMMAND that
fails is run again, after a pause that grows to a minute. While the store does not
answer, nothing is run.

  kalshi-keys follow --exec 'kubectl create secret generic kalshi-key \
    --from-literal=key-id="$KALSHI_API_KEY_ID" \
    --from-file=private-key.pem="$KALSHI_PRIVATE_KEY_PATH" \
    --dry-run=client -o yaml | kubectl apply -f -'
  kalshi-keys follow --exec 'jq -n --arg id "$KALSHI_API_KEY_ID" \
    --rawfile pem "$KALSHI_PRIVATE_KEY_PATH" "{key_id: \$id, private_key: \$pem}" |
    aws secretsmanager put-secret-value --secret-id kalshi-key \
      --secret-string file:///dev/stdin'

Give a rotation a grace period that is longer than COMMAND and what it starts take.`,
		Args: takes(),
		RunE: func(command *cobra.Command, _ []string) error { return s.follow(command.Context(), flags) },
	}
	command.Flags().Var(&flags.exec, "exec", "`COMMAND` to run in a shell for each key")
	_ = command.MarkFlagRequired("exec") // fails only for a flag that does not exist
	command.Flags().Var(&flags.name, "name", "announce to the store, under this `NAME`, which revision is followed")
	command.Flags().BoolVar(&flags.once, "once", false, "run COMMAND for the key that is current now, and end as it does")
	s.registerOutput(command.Flags())
	s.registerBaseURL(command.Flags())
	s.registerStore(command.Flags())
	return command
}

// follower is one run of follow.
type follower struct {
	*settings

	flags   followFlags
	store   *openedStore
	baseURL string
	// handed is the key that the command has got.
	handed string
	// said is the failure that was reported last: one that stays is reported once.
	said string
}

func (s *settings) follow(ctx context.Context, flags followFlags) error {
	base, err := s.serviceURL()
	if err != nil {
		return err
	}
	address, err := s.storeAddress()
	if err != nil {
		return err
	}
	store, err := s.openStore(address)
	if err != nil {
		return err
	}
	defer store.close()
	f := &follower{settings: s, flags: flags, store: store, baseURL: base.String()}
	if flags.once {
		return f.look(ctx)
	}
	for pause := firstFollowPause; ctx.Err() == nil; {
		err := f.look(ctx)
		if err == nil {
			err = store.current.Changed(ctx, f.baseURL)
		}
		if err == nil {
			pause, f.said = firstFollowPause, ""
			continue
		}
		f.report(ctx, err)
		_ = protocol.Wait(ctx, pause)
		pause = min(2*pause, longestFollowPause)
	}
	return nil
}

func (f *follower) report(ctx context.Context, err error) {
	if text, _ := describe(err); ctx.Err() == nil && text != f.said {
		f.said = text
		f.say("warning", text+"; trying again")
	}
}

// look runs the command if another key is current than the one that it has got.
func (f *follower) look(ctx context.Context) error {
	entry, err := f.store.current.Current(ctx, f.baseURL)
	switch {
	case err != nil:
		return err
	case entry.State == keystore.StateRevoked:
		return fmt.Errorf("key %s of the store %s: %w", entry.KeyID, f.store.place, lifecycle.ErrRevoked)
	case entry.KeyID == f.handed:
		return f.announce(ctx)
	}
	if err := f.hand(ctx, entry); err != nil {
		return err
	}
	f.handed = entry.KeyID
	if err := f.printDone("the command has key "+entry.KeyID, followedKey{entry.KeyID}, [][]string{{"HANDED OVER", entry.KeyID}}); err != nil {
		return err
	}
	return f.announce(ctx)
}

func (f *follower) announce(ctx context.Context) error {
	published, ok := f.store.current.(*keystore.Published)
	if f.flags.name == "" || !ok {
		return nil
	}
	return f.store.engine.Announce(ctx, keystore.Follower{
		Name: f.flags.name.String(), BaseURL: f.baseURL, Revision: published.Revision(f.baseURL),
	})
}

// hand runs the command with files that are gone after it.
func (f *follower) hand(ctx context.Context, entry keystore.Entry) (err error) {
	if _, err := entry.Credentials(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kalshi-keys-") // for its owner alone
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	files := envFiles{env: filepath.Join(dir, "env"), pem: filepath.Join(dir, "env.pem")}
	files.given = files.env
	if err := f.writeNew(files, exportMark+files.assignments(entry.KeyID, entry.BaseURL), entry.PrivateKey); err != nil {
		return err
	}
	command := inShell(ctx, f.flags.exec.String())
	command.Env = append(os.Environ(), wrapper.EnvPrivateKey+"=", wrapper.EnvAPIKeyID+"="+entry.KeyID,
		wrapper.EnvPrivateKeyPath+"="+files.pem, envBaseURL+"="+entry.BaseURL, envEnvFile+"="+files.env)
	command.Stdout, command.Stderr = f.stderr, f.stderr // standard output is for what follow itself says
	if err := command.Run(); err != nil {
		return &failure{exitFailure, fmt.Sprintf("the command failed for key %s: %v", entry.KeyID, cmp.Or(ctx.Err(), err)), "Its own output says why"}
	}
	return nil
}

// inShell returns a command that ends in order with ctx, and for certain ten seconds after it.
func inShell(ctx context.Context, text string) *exec.Cmd {
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/C"
	}
	command := exec.CommandContext(ctx, name, flag, text) //nolint:gosec // The user's own command.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	return command
}
