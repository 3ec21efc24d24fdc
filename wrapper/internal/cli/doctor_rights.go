package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
)

// attestationNotice is how long before an attestation lapses that is worth a warning (our own
// choice).
const attestationNotice = 14 * 24 * time.Hour

// ownKey returns the key under examination, nil if the list does not have it.
func (e *examination) ownKey() *gen.APIKey {
	if e.answer.list == nil {
		return nil
	}
	for _, key := range e.answer.list.APIKeys {
		if strings.EqualFold(key.APIKeyID, e.settings.usableID) {
			return &key
		}
	}
	return nil
}

// withoutKey says why there is no key to look at.
func (e *examination) withoutKey() finding {
	if e.answer.list == nil {
		return unchecked("the keys could not be listed")
	}
	return unchecked("the list does not show the key; a new key can be missing for a while")
}

func (e *examination) checkScopes(context.Context) finding {
	key := e.ownKey()
	if key == nil {
		return e.withoutKey()
	}
	has := "the key has " + strings.Join(texts(key.Scopes), ", ")
	var unknown []string
	for _, scope := range key.Scopes {
		if !scope.Valid() {
			unknown = append(unknown, string(scope))
		}
	}
	switch {
	case len(key.Scopes) == 0:
		return problem(exitForbidden, "the key has no scope", "Make another key with the scopes that the program needs")
	case len(unknown) > 0:
		return warning(has, "This program does not know "+strings.Join(unknown, ", ")+": look for a newer version of it")
	case slices.Contains(key.Scopes, gen.ScopeWrite) && slices.Contains(key.Scopes, gen.ScopeRead):
		return fine(has + ": everything")
	}
	return fine(has + " alone; what needs another scope is answered with 403")
}

func (e *examination) checkBindings(context.Context) finding {
	key := e.ownKey()
	switch {
	case key == nil:
		return e.withoutKey()
	case key.Subaccount != nil:
		return fine(fmt.Sprintf("the key is for subaccount %d alone", *key.Subaccount))
	case key.FCMSubtraderID != nil:
		return fine("the key is for the subtrader " + *key.FCMSubtraderID + " alone")
	}
	return fine("the key is bound to no subaccount and no subtrader")
}

func (e *examination) checkAttestation(context.Context) finding {
	list := e.answer.list
	switch {
	case list == nil:
		return unchecked("the keys could not be listed")
	case list.APIKeyRegionExpirationTS == nil:
		return fine("the account has attested no location")
	}
	lapses := time.Unix(*list.APIKeyRegionExpirationTS, 0).UTC()
	text := lapses.Format(time.RFC3339)
	const advice = "Attest the account's location again at the service"
	switch left := time.Until(lapses); {
	case left <= 0:
		return problem(exitForbidden, "the account's location attestation lapsed at "+text, advice)
	case left <= attestationNotice:
		return warning(fmt.Sprintf("the account's location attestation lapses in %.0f days, at %s", left.Hours()/24, text), advice)
	}
	return fine("the account's location attestation lapses at " + text)
}
