package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// deletedKey is what delete shows as JSON.
type deletedKey struct {
	APIKeyID string `json:"api_key_id"`
	Deleted  bool   `json:"deleted"`
}

func (a app) newDeleteCommand() *cobra.Command {
	var (
		service serviceFlags
		output  outputFlag
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
	remove := a.calling(&service, func(ctx context.Context, client *wrapper.Client, args []string) error {
		if err := client.DeleteAPIKey(ctx, args[0]); err != nil {
			return err
		}
		return a.tellDeleted(output, args[0])
	})
	revoke := func(ctx context.Context, keys managed, args []string) error {
		request.KeyID = args[0]
		if err := a.revoke(ctx, keys, &service, request); err != nil {
			return err
		}
		return a.tellDeleted(output, args[0])
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		if yes {
			dir, err := service.credentials.storeToSignWith(a.getenv)
			switch {
			case err != nil:
				return err
			case dir == "":
				return remove(command, args)
			}
			return a.managing(service.asStoreFlags(), revoke)(command, args)
		}
		address, err := service.address(a.getenv)
		if err != nil {
			return err
		}
		return usage(fmt.Sprintf("this would delete API key %s at %s for good", args[0], address), "Give --yes to do it")
	}
	command.Flags().BoolVar(&yes, "yes", false, "do it")
	command.Flags().BoolVar(&request.InUse, "allow-in-use", false, "let the current key of the store go; another that works becomes current")
	command.Flags().BoolVar(&request.Last, "allow-last", false, "let the last key of the store go; import another to go on")
	service.register(command.Flags())
	output.register(command.Flags())
	return command
}

func (a app) tellDeleted(output outputFlag, keyID string) error {
	return output.writeDone(a.stdout, "API key "+keyID+" is deleted",
		deletedKey{keyID, true}, [][]string{{"ID", keyID}, {"DELETED", "yes"}})
}
