package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// listing is what the service lists.
type listing struct {
	keys []gen.APIKey
	// at is the service's time of the list, or this machine's if the service does not tell.
	at time.Time
	// attestation is when the account's location attestation lapses, in Unix seconds.
	attestation *int64
	// refused is set if the service refuses the list of a subtrader: its keys may be missing.
	refused error
}

// list returns the service's list merged with those of the subtraders. Nobody has recorded
// whether the list shows the keys that are bound to a subtrader, so both are always asked for. A
// nil subtrader stands for none.
func (m *Manager) list(ctx context.Context, by *wrapper.Client, subtraders ...*string) (listing, error) {
	all, err := notNull(by.GetAPIKeys(ctx))
	if err != nil {
		return listing{}, err
	}
	merged := listing{keys: all.APIKeys, attestation: all.APIKeyRegionExpirationTS}
	for _, subtrader := range subtraders {
		if subtrader == nil {
			continue
		}
		own, err := notNull(by.GetAPIKeysOfSubtrader(ctx, *subtrader))
		if isRefusal(err) || isNotFound(err) {
			m.progress("the service refuses the list of the subtrader: %v", err)
			merged.refused = err
			continue
		}
		if err != nil {
			return listing{}, err
		}
		for _, key := range own.APIKeys {
			if merged.find(key.APIKeyID) == nil {
				merged.keys = append(merged.keys, key)
			}
		}
	}
	merged.at = m.timeAt(by)
	return merged, nil
}

// timeAt returns the service's time by the last answer, and this machine's if that does not tell. What
// lasts for hours is counted by it: this machine's clock may be set in the meantime.
func (m *Manager) timeAt(by *wrapper.Client) time.Time {
	if at, ok := by.ServiceTime(); ok {
		return at
	}
	return m.clock.Now()
}

// notNull refuses null in place of the list. It may stand for an empty list or for one that could not
// be had, and keys are revoked because a list does not show them.
func notNull(list *gen.GetAPIKeysResponse, err error) (*gen.GetAPIKeysResponse, error) {
	if err == nil && list.APIKeys == nil {
		err = fmt.Errorf("lifecycle: %w: api_keys is null, where a list says which keys are live", wrapper.ErrUnexpectedResponse)
	}
	return list, err
}

// find returns the key with that ID, nil if the list does not show it.
func (l listing) find(keyID string) *gen.APIKey {
	at := l.index(keyID)
	if at < 0 {
		return nil
	}
	return &l.keys[at]
}

// index returns where the key with that ID is, -1 if the list does not show it.
func (l listing) index(keyID string) int {
	return slices.IndexFunc(l.keys, func(key gen.APIKey) bool { return sameKeyID(key.APIKeyID, keyID) })
}

// withTag returns the keys that carry the tag.
func (l listing) withTag(tag string) []gen.APIKey {
	return slices.DeleteFunc(slices.Clone(l.keys), func(key gen.APIKey) bool { return !carries(key.Name, tag) })
}

// sameKeyID reports whether two texts are the same UUID.
func sameKeyID(a, b string) bool { return strings.EqualFold(a, b) }

// look lists the keys until shows is content with what it sees, for at most the settle time, and
// returns the last list. Only after that time does the absence of a key mean that there is none:
// the list may be stale, and a request may still be on its way.
func (m *Manager) look(
	ctx context.Context, by *wrapper.Client, subtrader *string, why string, shows func(listing) bool,
) (listing, error) {
	var seen listing
	err := m.poll(ctx, m.settle, why, func() (bool, error) {
		var err error
		seen, err = m.list(ctx, by, subtrader)
		if err != nil {
			return !mayPass(err), err
		}
		return shows(seen), nil
	})
	return seen, err
}

// lookFor returns the keys that carry the intent's tag.
func (m *Manager) lookFor(ctx context.Context, by *wrapper.Client, in intent) ([]gen.APIKey, error) {
	seen, err := m.look(ctx, by, in.FCMSubtraderID, "looking in the list for a key that the request made", func(l listing) bool {
		return len(l.withTag(in.Tag)) > 0
	})
	return seen.withTag(in.Tag), err
}

// describe returns what the service's list says about a key that works.
func (m *Manager) describe(ctx context.Context, by *wrapper.Client, keyID string, subtrader *string) (gen.APIKey, error) {
	seen, err := m.look(ctx, by, subtrader, "waiting for the list to show key "+keyID, func(l listing) bool {
		return l.find(keyID) != nil
	})
	listed := seen.find(keyID)
	switch {
	case err == nil && listed == nil:
		err = errNotListed
	case err == nil && listed.Scopes == nil:
		err = fmt.Errorf("%w: api_keys[%d].scopes is null", wrapper.ErrUnexpectedResponse, seen.index(keyID))
	}
	if err != nil {
		return gen.APIKey{}, fmt.Errorf("lifecycle: it is not known what key %s may do: %w", keyID, err)
	}
	return *listed, nil
}

// mayPass reports whether the same request may succeed in a moment.
func mayPass(err error) bool {
	return errors.Is(err, wrapper.ErrUnavailable) || errors.Is(err, wrapper.ErrRateLimited) ||
		errors.Is(err, wrapper.ErrUnexpectedResponse)
}

// isRefusal reports whether the service itself has turned a request down, or the client before
// it sent anything, so that repeating the request does not help.
func isRefusal(err error) bool {
	refused := errors.Is(err, wrapper.ErrForbidden) || errors.Is(err, wrapper.ErrUnauthenticated) || errors.Is(err, wrapper.ErrInvalidRequest)
	failure, ok := errors.AsType[*wrapper.Error](err)
	return ok && refused && (failure.FromService() || failure.Attempts == 0) && !errors.Is(err, wrapper.ErrOutcomeUnknown)
}

// isNotFound reports whether the service itself says that it does not have what was asked for.
func isNotFound(err error) bool {
	failure, _ := errors.AsType[*wrapper.Error](err)
	return errors.Is(err, wrapper.ErrNotFound) && failure.FromService()
}
