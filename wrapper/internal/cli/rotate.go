package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// rotateFlags say how to replace the current key.
type rotateFlags struct {
	keyType choiceFlag
	grace   time.Duration
	ifOlder ageFlag
	scopes  []string
}

// rotatedKey is what rotate shows as JSON.
type rotatedKey struct {
	storedKey

	// Replaced is the key that is revoked now, empty if none had to be replaced.
	Replaced string `json:"replaced,omitempty"`
}

func newRotateCommand(s *settings) *cobra.Command {
	var flags rotateFlags
	command := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the current key of a store by a new one",
		Long: `Makes a key like the current one of the store, has it sign a request, makes it
current, and revokes the old one after a grace period. At every instant the
current key works. Stopped half way, the next command on the store goes on.

A program that follows the store, or that asks for credentials again before the
grace period ends, notices nothing.

--if-older 30d leaves a key alone that is younger, so that a timer may run often and
on several machines. --scope gives the new key other scopes; one that may not make
keys cannot be rotated by itself again.`,
		Args: takes(),
	}
	rotate := s.managing(func(ctx context.Context, keys managed, _ []string) error {
		rotated, err := keys.Rotate(ctx, flags.request())
		if err != nil {
			return err
		}
		shown := rotatedKey{shownKey(rotated.New, true), rotated.Old.KeyID}
		return s.printDone("API key "+rotated.New.KeyID+" is current", shown,
			append(shown.rows(), []string{"REPLACED", flags.replaced(rotated)}))
	})
	command.RunE = func(command *cobra.Command, args []string) error {
		if err := flags.check(command); err != nil {
			return err
		}
		if s.timeout > 0 {
			s.timeout += flags.grace // which is no reason to give up
		}
		return rotate(command, args)
	}
	flags.register(command)
	s.registerManaged(command.Flags())
	return command
}

func (f *rotateFlags) register(command *cobra.Command) {
	flags := command.Flags()
	f.keyType.choices = keyTypes()
	flags.Var(&f.keyType, "type", "`TYPE` of the new pair: rsa or ed25519 (default the old key's)")
	flags.DurationVar(&f.grace, "grace", lifecycle.DefaultGrace, "let the old key work for this `TIME` after the switch")
	flags.Var(&f.ifOlder, "if-older", "replace the key only if it is older than this `TIME`, such as 30d or 12h")
	flags.StringSliceVar(&f.scopes, "scope", nil,
		"`SCOPE` of the new key, once for each (default the old key's): "+strings.Join(knownScopes(), ", "))
}

func (f *rotateFlags) check(command *cobra.Command) error {
	switch {
	case f.grace < 0:
		return usage("--grace must not be less than zero", "")
	case command.Flags().Changed("scope") && len(f.scopes) == 0:
		return usage("--scope must name at least one scope", "Leave it out to keep the old key's; is a variable unset?")
	}
	return nil
}

func (f *rotateFlags) request() lifecycle.RotateRequest {
	request := lifecycle.RotateRequest{Type: gen.KeyType(f.keyType.value), Grace: f.grace, IfOlder: time.Duration(f.ifOlder)}
	if f.grace == 0 {
		request.Grace = lifecycle.NoGrace
	}
	for _, scope := range f.scopes {
		request.Scopes = append(request.Scopes, gen.Scope(scope))
	}
	return request
}

func (f *rotateFlags) replaced(rotated lifecycle.RotateResult) string {
	switch {
	case !rotated.Already:
		return rotated.Old.KeyID
	case f.ifOlder > 0:
		return "nothing: the key is younger than " + f.ifOlder.String()
	}
	return "nothing: it had been rotated already"
}
