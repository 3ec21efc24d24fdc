package lifecycle

import (
	"context"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
)

// lister returns the service's list, or that of a subtrader.
type lister func(subtrader *string) (*gen.GetAPIKeysResponse, error)

func lists(ctx context.Context, by *wrapper.Client) lister {
	return func(subtrader *string) (*gen.GetAPIKeysResponse, error) {
		if subtrader == nil {
			return by.GetAPIKeys(ctx)
		}
		return by.GetAPIKeysOfSubtrader(ctx, *subtrader)
	}
}

// find returns the keys that match. Nobody has recorded whether the list shows the keys that are
// bound to a subtrader: where it shows none that match, the subtrader's own list is looked at.
// Where the service refuses that one, the first is all there is.
func (m *Manager) find(list lister, subtrader *string, match func(gen.APIKey) bool) ([]gen.APIKey, error) {
	all, err := list(nil)
	if err != nil {
		return nil, err
	}
	found := matching(all, match)
	if len(found) > 0 || subtrader == nil {
		return found, nil
	}
	own, err := list(subtrader)
	if isRefusal(err) || saysNotFound(err) {
		m.progress("the service refuses the list of the subtrader: %v", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return matching(own, match), nil
}

func matching(list *gen.GetAPIKeysResponse, match func(gen.APIKey) bool) []gen.APIKey {
	var found []gen.APIKey
	for _, key := range list.APIKeys {
		if match(key) {
			found = append(found, key)
		}
	}
	return found
}

func withTag(tag string) func(gen.APIKey) bool {
	return func(key gen.APIKey) bool { return carries(key.Name, tag) }
}

func withID(keyID string) func(gen.APIKey) bool {
	return func(key gen.APIKey) bool { return sameKeyID(key.APIKeyID, keyID) }
}
