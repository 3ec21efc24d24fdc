package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

func newListCommand(s *settings) *cobra.Command {
	var subtrader textFlag
	command := &cobra.Command{
		Use:   "list",
		Short: "List the API keys of the account",
		Long: `Lists the API keys of the account. The list may be stale for a moment after a key
was made or deleted.`,
		Args: takes(),
		RunE: s.calling(func(ctx context.Context, client *wrapper.Client, _ []string) (err error) {
			var keys *gen.GetAPIKeysResponse
			if subtrader == "" {
				keys, err = client.GetAPIKeys(ctx)
			} else {
				keys, err = client.GetAPIKeysOfSubtrader(ctx, string(subtrader))
			}
			if err != nil {
				return err
			}
			return s.print(withoutNull(keys), keyTable(keys))
		}),
	}
	s.registerService(command.Flags(), callTimeout)
	command.Flags().Var(&subtrader, "fcm-subtrader", "list only the keys bound to the subtrader of this `ID`; for FCM members")
	return command
}

// withoutNull writes [] where the service wrote null for an empty list.
func withoutNull(keys *gen.GetAPIKeysResponse) *gen.GetAPIKeysResponse {
	shown := *keys
	shown.APIKeys = orEmpty(slices.Clone(keys.APIKeys))
	for i := range shown.APIKeys {
		shown.APIKeys[i].Scopes = orEmpty(shown.APIKeys[i].Scopes)
	}
	return &shown
}

func keyTable(keys *gen.GetAPIKeysResponse) string {
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
	return table(rows)
}
