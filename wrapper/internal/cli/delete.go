package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/internal/shell"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// deletedKey is what delete shows as JSON.
type deletedKey struct {
	APIKeyID string `json:"api_key_id"`
	Deleted  bool   `json:"deleted"`
}

func newDeleteCommand(s *settings) *cobra.Command {
	var (
		yes     bool
		request lifecycle.RevokeRequest
	)
	command := &cobra.Command{
		Use:   "delete ID --yes",
		Short: "Delete an API key for good",
		Long: `Deletes an API key for good. Whoever signs with it is refused from then on. Without
--yes nothing is deleted.

With a store the key is revoked there too. The key in use and the last one that
works are refused then, unless a flag allows it.`,
		Args: takes("ID"),
	}
	atService := s.calling(func(ctx context.Context, client *wrapper.Client, args []string) error {
		if err := client.DeleteAPIKey(ctx, args[0]); err != nil {
			return err
		}
		return s.tellDeleted(args[0])
	})
	inStore := s.managing(func(ctx context.Context, keys managed, args []string) error {
		request.KeyID = args[0]
		if err := s.revoke(ctx, keys, request); err != nil {
			return err
		}
		return s.tellDeleted(args[0])
	})
	command.RunE = func(command *cobra.Command, args []string) error {
		base, err := s.serviceURL()
		if err != nil {
			return err
		}
		if !yes {
			return usage(fmt.Sprintf("this would delete API key %s at %s for good", args[0], base), "Give --yes to do it")
		}
		switch dir, err := s.storeToSignWith(); {
		case err != nil:
			return err
		case dir == "":
			return atService(command, args)
		}
		return inStore(command, args)
	}
	command.Flags().BoolVar(&yes, "yes", false, "do it")
	command.Flags().BoolVar(&request.InUse, "allow-in-use", false, "let the current key of the store go; another that works becomes current")
	command.Flags().BoolVar(&request.Last, "allow-last", false, "let the last key of the store go; import another to go on")
	s.registerService(command.Flags(), callTimeout)
	return command
}

// revoke revokes a key of the store. A key that the store does not hold as live has nothing to
// keep safe: it is deleted at the service as if there were no store.
func (s *settings) revoke(ctx context.Context, keys managed, request lifecycle.RevokeRequest) error {
	entry, err := keys.store.Get(ctx, request.KeyID)
	isRevoked := err == nil && entry.State == keystore.StateRevoked
	if isRevoked || errors.Is(err, keystore.ErrNotFound) {
		err := s.deleteWithCurrent(ctx, keys, request.KeyID)
		if isRevoked && errors.Is(err, wrapper.ErrNotFound) {
			return nil
		}
		return err
	}
	switch err := withoutStore(keys, request.KeyID, keys.Revoke(ctx, request)); {
	case errors.Is(err, lifecycle.ErrKeyInUse):
		return usage(err.Error(), "Run kalshi-keys rotate, or give --allow-in-use")
	case errors.Is(err, lifecycle.ErrLastKey):
		return usage(err.Error(), "Generate another key first, or give --allow-last: nothing can be signed then")
	default:
		return err
	}
}

// withoutStore returns err with the way that needs no store, if the store stood in the way.
func withoutStore(keys managed, keyID string, err error) error {
	_, isCall := errors.AsType[*wrapper.Error](err)
	if err == nil || isCall || hintOf(err) != "" || errors.Is(err, lifecycle.ErrKeyInUse) || errors.Is(err, lifecycle.ErrLastKey) {
		return err
	}
	way := "To delete it without the store, take another key's ID and private key file: kalshi-keys delete " + keyID +
		" --yes --key-id ID --private-key-file FILE --base-url " + shell.Word(keys.baseURL)
	return &hintedError{err, way}
}

func (s *settings) deleteWithCurrent(ctx context.Context, keys managed, keyID string) error {
	_, unrecovered := keys.Recover(ctx)
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	if err := client.DeleteAPIKey(ctx, keyID); err != nil {
		return errors.Join(err, unrecovered)
	}
	if unrecovered != nil {
		return fmt.Errorf("API key %s is deleted, but something else could not be recovered: %w", keyID, unrecovered)
	}
	return nil
}

func (s *settings) tellDeleted(keyID string) error {
	return s.printDone("API key "+keyID+" is deleted", deletedKey{keyID, true}, [][]string{{"ID", keyID}, {"DELETED", "yes"}})
}
