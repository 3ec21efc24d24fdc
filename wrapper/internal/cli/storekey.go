package cli

import (
	"context"
	"errors"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// storedKey is what commands on a store show of a key as JSON. It has no private key.
type storedKey struct {
	APIKeyID string         `json:"api_key_id"`
	Name     string         `json:"name"`
	KeyType  gen.KeyType    `json:"key_type"`
	State    keystore.State `json:"state"`
	Current  bool           `json:"current"`
	// Warning is what the service said of the key when it made it.
	Warning string `json:"warning,omitempty"`
}

func shownKey(entry keystore.Entry, current bool) storedKey {
	return storedKey{entry.KeyID, entry.Name, entry.Type, entry.State, current, entry.Warning}
}

func (k storedKey) table() [][]string {
	current := "no"
	if k.Current {
		current = "yes"
	}
	rows := [][]string{
		{"ID", k.APIKeyID}, {"NAME", k.Name}, {"TYPE", string(k.KeyType)}, {"STATE", string(k.State)}, {"CURRENT", current},
	}
	if k.Warning != "" {
		rows = append(rows, []string{"WARNING", k.Warning})
	}
	return rows
}

// show returns what to show of an entry of the store.
func (m managed) show(ctx context.Context, entry keystore.Entry) (storedKey, error) {
	current, err := m.store.Current(ctx, m.address)
	if err != nil && !errors.Is(err, keystore.ErrNoCurrent) {
		return storedKey{}, err
	}
	return shownKey(entry, current.KeyID == entry.KeyID), nil
}
