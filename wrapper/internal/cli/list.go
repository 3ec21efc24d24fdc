package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

func (a app) newListCommand() *cobra.Command {
	var (
		service   serviceFlags
		output    outputFlag
		subtrader textFlag
	)
	command := &cobra.Command{
		Use:   "list",
		Short: "List the API keys of the account",
		Long: `Lists the API keys of the account. The list may be stale for a moment after a key
was made or deleted.`,
		Args: takes(),
	}
	command.RunE = a.calling(&service, func(ctx context.Context, client *wrapper.Client, _ []string) error {
		keys, err := listKeys(ctx, client, string(subtrader))
		if err != nil {
			return err
		}
		return output.write(a.stdout, keys, keyTable(keys))
	})
	service.register(command.Flags())
	output.register(command.Flags())
	command.Flags().Var(&subtrader, "fcm-subtrader", "list only the keys bound to the subtrader of this `ID`; for FCM members")
	return command
}

func listKeys(ctx context.Context, client *wrapper.Client, subtrader string) (*gen.GetAPIKeysResponse, error) {
	if subtrader != "" {
		return client.GetAPIKeysOfSubtrader(ctx, subtrader)
	}
	return client.GetAPIKeys(ctx)
}

func keyTable(keys *gen.GetAPIKeysResponse) [][]string {
	rows := [][]string{{"ID", "NAME", "SCOPES", "SUBACCOUNT", "SUBTRADER"}}
	for _, key := range keys.APIKeys {
		rows = append(rows, []string{
			key.APIKeyID, key.Name, strings.Join(texts(key.Scopes), ", "),
			orDash(key.Subaccount), orDash(key.FCMSubtraderID),
		})
	}
	if seconds := keys.APIKeyRegionExpirationTS; seconds != nil {
		lapses := time.Unix(*seconds, 0).UTC().Format(time.RFC3339)
		rows = append(rows, nil, []string{"The account's location attestation lapses at " + lapses + "."})
	}
	return rows
}
