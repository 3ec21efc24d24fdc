package sandbox

import (
	"fmt"
	"regexp"
	"slices"

	"kalshi.internal/apikeys/gen/server"
)

// grant is what createApiKey and generateApiKey have in common: who the new key is for, and
// what it may do.
type grant struct {
	name       string
	scopes     *server.Scopes
	subaccount *int
	subtrader  *string
}

// check holds a grant against the rules of the contract and the limits of the choices.
func (g grant) check(choices Choices) error {
	switch {
	case g.name == "" && !choices.EmptyNames:
		return invalid("name must not be empty")
	case choices.MaxNameLength > 0 && len(g.name) > choices.MaxNameLength:
		return invalid(fmt.Sprintf("name has %d bytes: %d are allowed", len(g.name), choices.MaxNameLength))
	}
	if err := checkBinding(g.subaccount, g.subtrader); err != nil {
		return err
	}
	return g.checkScopes(choices)
}

// checkBinding holds what a key is restricted or bound to against the rules of the contract.
func checkBinding(subaccount *int, subtrader *string) error {
	switch {
	case subaccount != nil && subtrader != nil:
		return invalid("subaccount and fcm_subtrader_id exclude each other")
	case subaccount != nil && (*subaccount < 0 || *subaccount > maxSubaccount):
		return invalid(fmt.Sprintf("subaccount is outside 0 to %d", maxSubaccount))
	case subtrader != nil && !subtraderID.MatchString(*subtrader):
		return invalid("fcm_subtrader_id is not of the form {user_id}_{suffix}, the suffix being 1 to 16 letters and digits")
	}
	return nil
}

func (g grant) checkScopes(choices Choices) error {
	if g.scopes == nil {
		return nil
	}
	scopes := *g.scopes
	if len(scopes) == 0 && !choices.EmptyScopes {
		return invalid("scopes must not be empty: leave it out for full access")
	}
	if i := slices.IndexFunc(scopes, func(s server.Scope) bool { return !s.Valid() }); i >= 0 {
		return invalid(fmt.Sprintf("scopes[%d] is not a scope that can be asked for", i))
	}
	if slices.Contains(scopes, server.ScopeWrite) && !slices.Contains(scopes, server.ScopeRead) {
		return invalid("scopes: write needs read")
	}
	return nil
}

// granted returns the scopes asked for, each once, and full access if none were (source:
// published).
func (g grant) granted() []string {
	if g.scopes == nil {
		return fullAccess()
	}
	scopes := []string{}
	for _, scope := range *g.scopes {
		if !slices.Contains(scopes, string(scope)) {
			scopes = append(scopes, string(scope))
		}
	}
	return scopes
}

func fullAccess() []string {
	return []string{string(server.ScopeRead), string(server.ScopeWrite)}
}

// maxSubaccount is the highest number of a subaccount (source: published).
const maxSubaccount = 63

// subtraderID is {user_id}_{suffix} (source: published).
var subtraderID = regexp.MustCompile(`^.+_[0-9A-Za-z]{1,16}$`)
