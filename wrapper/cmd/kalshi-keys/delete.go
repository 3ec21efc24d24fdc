package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper"
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
	)
	command := &cobra.Command{
		Use:   "delete ID --yes",
		Short: "Delete an API key for good",
		Long: `Deletes an API key for good. Whoever signs with it is refused from then on. Without
--yes nothing is deleted.`,
		Args: takes("ID"),
	}
	remove := a.calling(&service, func(ctx context.Context, client *wrapper.Client, args []string) error {
		if err := client.DeleteAPIKey(ctx, args[0]); err != nil {
			return err
		}
		return output.write(a.stdout, deletedKey{args[0], true}, [][]string{{"ID", args[0]}, {"DELETED", "yes"}})
	})
	command.RunE = func(command *cobra.Command, args []string) error {
		if yes {
			return remove(command, args)
		}
		address, err := service.address(a.getenv)
		if err != nil {
			return err
		}
		return usage(fmt.Sprintf("this would delete API key %s at %s for good", args[0], address), "Give --yes to do it")
	}
	command.Flags().BoolVar(&yes, "yes", false, "do it")
	service.register(command.Flags())
	output.register(command.Flags())
	return command
}
