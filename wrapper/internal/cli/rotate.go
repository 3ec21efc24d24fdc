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

func (a app) newRotateCommand() *cobra.Command {
	var (
		store   storeFlags
		output  outputFlag
		keyType choiceFlag
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
	rotate := a.managing(&store, func(ctx context.Context, keys managed, _ []string) error {
		rotated, err := keys.Rotate(ctx, rotateRequest(keyType, grace))
		if err != nil {
			return err
		}
		shown := rotatedKey{shownKey(rotated.New, true), rotated.Old.KeyID}
		return output.writeDone(a.stdout, "API key "+rotated.New.KeyID+" is current", shown, shown.table())
	})
	command.RunE = func(command *cobra.Command, args []string) error {
		if grace < 0 {
			return usage("--grace must not be less than zero", "")
		}
		if store.timeout > 0 {
			store.timeout += grace // which is no reason to give up
		}
		return rotate(command, args)
	}
	keyType.choices = keyTypes()
	command.Flags().Var(&keyType, "type", "`TYPE` of the new pair: rsa or ed25519 (default the old key's)")
	command.Flags().DurationVar(&grace, "grace", lifecycle.DefaultGrace, "let the old key work for this `TIME` after the switch")
	store.register(command.Flags())
	output.register(command.Flags())
	return command
}

func rotateRequest(keyType choiceFlag, grace time.Duration) lifecycle.RotateRequest {
	if grace == 0 {
		grace = lifecycle.NoGrace
	}
	return lifecycle.RotateRequest{Type: gen.KeyType(keyType.value), Grace: grace}
}

func keyTypes() []string {
	return []string{string(gen.KeyTypeRSA), string(gen.KeyTypeEd25519)}
}

func (k rotatedKey) table() [][]string {
	if k.Replaced == "" {
		return append(k.storedKey.table(), []string{"REPLACED", "nothing: it had been rotated already"})
	}
	return append(k.storedKey.table(), []string{"REPLACED", k.Replaced})
}
