package cli

import (
	"context"
	"errors"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// revoke deletes a key with the store's current one. A key that the store does not hold as live
// has nothing to keep safe: it is deleted at the service as if there were no store.
func (a app) revoke(ctx context.Context, keys managed, service *serviceFlags, request lifecycle.RevokeRequest) error {
	entry, err := keys.store.Get(ctx, request.KeyID)
	switch {
	case errors.Is(err, keystore.ErrNotFound):
		return a.deleteWithCurrent(ctx, keys, service, request.KeyID)
	case err == nil && entry.State == keystore.StateRevoked:
		err = a.deleteWithCurrent(ctx, keys, service, request.KeyID)
		if errors.Is(err, wrapper.ErrNotFound) {
			return nil
		}
		return err
	}
	return refusedRevocation(keys.Revoke(ctx, request))
}

func (a app) deleteWithCurrent(ctx context.Context, keys managed, service *serviceFlags, keyID string) error {
	if _, err := keys.Recover(ctx); err != nil {
		return err
	}
	signing := *service
	signing.credentials = credentialFlags{store: service.credentials.store}
	client, err := a.newClient(ctx, &signing)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return client.DeleteAPIKey(ctx, keyID)
}

// refusedRevocation says which flag allows what was refused.
func refusedRevocation(err error) error {
	switch {
	case errors.Is(err, lifecycle.ErrKeyInUse):
		return usage(err.Error(), "Run kalshi-keys rotate, or give --allow-in-use")
	case errors.Is(err, lifecycle.ErrLastKey):
		return usage(err.Error(), "Generate another key first, or give --allow-last: nothing can be signed then")
	}
	return err
}
