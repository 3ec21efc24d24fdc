package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// attestationNotice is how long before an attestation lapses a warning begins (our own choice).
const attestationNotice = 14 * 24 * time.Hour

// ownKey returns the key under examination, or the check that says why it is missing.
func (e *examination) ownKey() (*gen.APIKey, Check) {
	for i, key := range e.list.APIKeys {
		if strings.EqualFold(key.APIKeyID, e.usableID) {
			return &e.list.APIKeys[i], Check{}
		}
	}
	return nil, unchecked("the list does not show the key; a new key can be missing for a while")
}

func (e *examination) checkScopes(context.Context) Check {
	key, missing := e.ownKey()
	if key == nil {
		return missing
	}
	var scopes, unknown []string
	for _, scope := range key.Scopes {
		scopes = append(scopes, string(scope))
		if !scope.Valid() {
			unknown = append(unknown, string(scope))
		}
	}
	text := "the key has " + strings.Join(scopes, ", ")
	switch {
	case len(scopes) == 0:
		return problem(wrapper.ErrForbidden, "the key has no scope", "Make another key with the scopes that the program needs")
	case len(unknown) > 0:
		return warning(text, "This program does not know "+strings.Join(unknown, ", ")+": look for a newer version of it")
	case slices.Contains(key.Scopes, gen.ScopeWrite) && slices.Contains(key.Scopes, gen.ScopeRead):
		return fine(text + ": everything")
	}
	return fine(text + " alone; what needs another scope is answered with 403")
}

func (e *examination) checkBindings(context.Context) Check {
	key, missing := e.ownKey()
	switch {
	case key == nil:
		return missing
	case key.Subaccount != nil:
		return fine(fmt.Sprintf("the key is for subaccount %d alone", *key.Subaccount))
	case key.FCMSubtraderID != nil:
		return fine("the key is for the subtrader " + *key.FCMSubtraderID + " alone")
	}
	return fine("the key is not bound to a subaccount or a subtrader")
}

func (e *examination) checkAttestation(context.Context) Check {
	if e.list.APIKeyRegionExpirationTS == nil {
		return fine("the account has attested no location")
	}
	lapses := time.Unix(*e.list.APIKeyRegionExpirationTS, 0).UTC()
	text := lapses.Format(time.RFC3339)
	const advice = "Attest the account's location again at the service"
	switch left := lapses.Sub(e.Now()); {
	case left <= 0:
		return problem(wrapper.ErrForbidden, "the account's location attestation lapsed at "+text, advice)
	case left <= attestationNotice:
		return warning(fmt.Sprintf("the account's location attestation lapses in %.0f days, at %s", left.Hours()/24, text), advice)
	}
	return fine("the account's location attestation lapses at " + text)
}
