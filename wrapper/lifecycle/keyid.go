package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// Every recorded key ID is a UUID (source: observed).
var keyIDForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// sameKeyID reports whether two texts are the same UUID.
func sameKeyID(a, b string) bool { return strings.EqualFold(a, b) }

func indexOf(list *gen.GetAPIKeysResponse, keyID string) int {
	return slices.IndexFunc(list.APIKeys, func(key gen.APIKey) bool { return sameKeyID(key.APIKeyID, keyID) })
}

// checkNewID returns an error for an ID that cannot be the one of a key just made. It does not
// repeat what is no ID, which may be the private key.
func (m *Manager) checkNewID(ctx context.Context, keyID string) error {
	if !keyIDForm.MatchString(keyID) {
		return fmt.Errorf("%w: the ID in it is none that a key has", wrapper.ErrUnexpectedResponse)
	}
	for _, id := range slices.Compact([]string{keyID, strings.ToLower(keyID)}) {
		_, err := m.store.Get(lasting(ctx), id)
		switch {
		case err == nil:
			return fmt.Errorf("%w: the ID in it is that of key %s, which the store held before", wrapper.ErrUnexpectedResponse, id)
		case !errors.Is(err, keystore.ErrNotFound):
			return fmt.Errorf("%w: whether the ID in it is a new one cannot be told: %w", wrapper.ErrUnexpectedResponse, err)
		}
	}
	return nil
}
