package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen"
)

// grantFlags say what a new key may do.
type grantFlags struct {
	scopes     []string
	subaccount int
	subtrader  textFlag
}

func (f *grantFlags) register(command *cobra.Command) {
	flags := command.Flags()
	flags.StringSliceVar(&f.scopes, "scope", nil,
		"`SCOPE` to grant, once for each (default read and write): "+strings.Join(knownScopes(), ", "))
	flags.IntVar(&f.subaccount, "subaccount", 0, "restrict the key to this subaccount, `N` from 0 to 63")
	flags.Var(&f.subtrader, "fcm-subtrader", "`ID` of the subtrader to bind the key to, {user_id}_{suffix}; for FCM members")
}

// grant is what the flags ask for, in the form that requests have. What was not asked for is nil.
type grant struct {
	scopes     *gen.Scopes
	subaccount *gen.Subaccount
	subtrader  *gen.FCMSubtraderID
}

func (f *grantFlags) grant(command *cobra.Command) grant {
	var g grant
	// --scope "$UNSET" must not turn into full access: the client refuses the empty list.
	if command.Flags().Changed("scope") {
		g.scopes = &gen.Scopes{}
		for _, scope := range f.scopes {
			*g.scopes = append(*g.scopes, gen.Scope(scope))
		}
	}
	if command.Flags().Changed("subaccount") {
		g.subaccount = &f.subaccount
	}
	if f.subtrader != "" {
		g.subtrader = new(string(f.subtrader))
	}
	return g
}

func knownScopes() []string {
	return texts([]gen.Scope{
		gen.ScopeRead, gen.ScopeWrite,
		gen.ScopeReadBlockTradeAccept, gen.ScopeReadPortfolioBalance,
		gen.ScopeWriteBlockTradeAccept, gen.ScopeWriteFCMRisk, gen.ScopeWriteTrade, gen.ScopeWriteTransfer,
	})
}

func texts(scopes []gen.Scope) []string {
	list := make([]string, len(scopes))
	for i, scope := range scopes {
		list[i] = string(scope)
	}
	return list
}
