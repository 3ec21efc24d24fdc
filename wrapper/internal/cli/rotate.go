package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// rotatedKey is what rotate shows as JSON.
type rotatedKey struct {
	storedKey

	// Replaced is the key that is revoked now, empty if another process had rotated before.
	Replaced string `json:"replaced,omitempty"`
}

func newRotateCommand(s *settings) *cobra.Command {
	var (
		keyType = choiceFlag{choices: keyTypes()}
		grace   time.Duration
	)
	command := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the current key of a store by a new one",
		Long: `Makes a key like the current one of the store, has it sign a request, makes it
current, and revokes the old one after a grace period. At every instant the
current key works. Stopped half way, the next command on the store goes on.

A program that follows the store, or that asks for credentials again before the
grace period ends, notices nothing.`,
		Args: takes(),
	}
	rotate := s.managing(func(ctx context.Context, keys managed, _ []string) error {
		request := lifecycle.RotateRequest{Type: gen.KeyType(keyType.value), Grace: grace}
		if grace == 0 {
			request.Grace = lifecycle.NoGrace
		}
		rotated, err := keys.Rotate(ctx, request)
		if err != nil {
			return err
		}
		shown := rotatedKey{shownKey(rotated.New, true), rotated.Old.KeyID}
		replaced := shown.Replaced
		if replaced == "" {
			replaced = "nothing: it had been rotated already"
		}
		return s.printDone("API key "+rotated.New.KeyID+" is current", shown,
			append(shown.rows(), []string{"REPLACED", replaced}))
	})
	command.RunE = func(command *cobra.Command, args []string) error {
		if grace < 0 {
			return usage("--grace must not be less than zero", "")
		}
		if s.timeout > 0 {
			s.timeout += grace // which is no reason to give up
		}
		return rotate(command, args)
	}
	command.Flags().Var(&keyType, "type", "`TYPE` of the new pair: rsa or ed25519 (default the old key's)")
	command.Flags().DurationVar(&grace, "grace", lifecycle.DefaultGrace, "let the old key work for this `TIME` after the switch")
	s.registerManaged(command.Flags())
	return command
}
