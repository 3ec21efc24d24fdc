package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// newKeyFlags say what a new key is and what it may do.
type newKeyFlags struct {
	keyType    choiceFlag
	scopes     []string
	subaccount int
	subtrader  textFlag
}

// newKey is what the flags ask for, in the form that requests have. What was not asked for is nil.
type newKey struct {
	keyType    *gen.KeyType
	scopes     *gen.Scopes
	subaccount *gen.Subaccount
	subtrader  *gen.FCMSubtraderID
}

func (f *newKeyFlags) register(command *cobra.Command, typeHelp string) {
	flags := command.Flags()
	f.keyType.choices = keyTypes()
	flags.Var(&f.keyType, "type", typeHelp)
	flags.StringSliceVar(&f.scopes, "scope", nil,
		"`SCOPE` to grant, once for each (default read and write): "+strings.Join(knownScopes(), ", "))
	flags.IntVar(&f.subaccount, "subaccount", 0, "restrict the key to this subaccount, `N` from 0 to 63")
	flags.Var(&f.subtrader, "fcm-subtrader", "`ID` of the subtrader to bind the key to, {user_id}_{suffix}; for FCM members")
}

func (f *newKeyFlags) read(command *cobra.Command) newKey {
	var key newKey
	if f.keyType.value != "" {
		key.keyType = new(gen.KeyType(f.keyType.value))
	}
	// --scope "$UNSET" must not turn into full access: an empty list is refused.
	if command.Flags().Changed("scope") {
		key.scopes = &gen.Scopes{}
		for _, scope := range f.scopes {
			*key.scopes = append(*key.scopes, gen.Scope(scope))
		}
	}
	if command.Flags().Changed("subaccount") {
		key.subaccount = &f.subaccount
	}
	if f.subtrader != "" {
		key.subtrader = new(string(f.subtrader))
	}
	return key
}

// issuing returns the work of a command that makes a key and keeps it in the store. Without a
// store it ends with the failure of that name.
func (s *settings) issuing(way lifecycle.Way, flags *newKeyFlags, without *failure) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		switch dir, err := s.storeToSignWith(); {
		case err != nil:
			return err
		case dir == "":
			return without
		}
		key := flags.read(command)
		request := lifecycle.IssueRequest{
			Name: args[0], Way: way, Type: gen.KeyType(flags.keyType.value),
			Subaccount: key.subaccount, FCMSubtraderID: key.subtrader,
		}
		if key.scopes != nil {
			if len(*key.scopes) == 0 {
				return usage("--scope must name at least one scope", "Leave it out for full access; is a variable unset?")
			}
			request.Scopes = *key.scopes
		}
		return s.managing(func(ctx context.Context, keys managed, _ []string) error {
			entry, err := keys.Issue(ctx, request)
			if err != nil {
				return err
			}
			return s.showStored(ctx, keys, entry, "is live and in the store")
		})(command, args)
	}
}

func keyTypes() []string {
	return []string{string(gen.KeyTypeRSA), string(gen.KeyTypeEd25519)}
}

func knownScopes() []string {
	return texts([]gen.Scope{
		gen.ScopeRead, gen.ScopeWrite,
		gen.ScopeReadBlockTradeAccept, gen.ScopeReadPortfolioBalance,
		gen.ScopeWriteBlockTradeAccept, gen.ScopeWriteFCMRisk, gen.ScopeWriteTrade, gen.ScopeWriteTransfer,
	})
}

func texts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = string(value)
	}
	return list
}
