package sandbox

import (
	"context"
	"crypto"

	"kalshi.internal/apikeys/gen/server"
)

// operations implements the contract. A refusal travels as the error and is written by
// refuseError.
type operations struct{ *Sandbox }

var _ server.StrictServerInterface = operations{}

// GetAPIKeys lists the live keys of the caller's account.
func (o operations) GetAPIKeys(ctx context.Context, request server.GetAPIKeysRequestObject) (server.GetAPIKeysResponseObject, error) {
	call := callIn(ctx)
	if ref := o.authorize(call); ref != nil {
		return nil, ref
	}
	asOf := o.now().Add(-o.settings.listDelay - call.listAge)
	listed := o.keys.listed(call.key.account, asOf, o.settings.order)
	answer := server.GetAPIKeys200JSONResponse{APIKeys: make([]server.APIKey, 0, len(listed))}
	for _, k := range listed {
		if want := request.Params.FCMSubtraderID; want == nil || k.subtrader != nil && *k.subtrader == *want {
			answer.APIKeys = append(answer.APIKeys, k.asListed())
		}
	}
	if expires := o.settings.accounts[call.key.account].RegionExpiration; !expires.IsZero() {
		answer.APIKeyRegionExpirationTS = new(expires.Unix())
	}
	return answer, nil
}

// CreateAPIKey keeps a public key of the caller's own.
func (o operations) CreateAPIKey(ctx context.Context, request server.CreateAPIKeyRequestObject) (server.CreateAPIKeyResponseObject, error) {
	body := request.Body
	asked := grant{body.Name, body.Scopes, body.Subaccount, body.FCMSubtraderID}
	if ref := asked.check(o.settings); ref != nil {
		return nil, ref
	}
	public, keyType, ref := parsePublicKey(body.PublicKey, o.settings.maxRSABits)
	if ref != nil {
		return nil, ref
	}
	if ref := o.authorizeGrant(callIn(ctx), asked); ref != nil {
		return nil, ref
	}
	id, ref := o.keep(callIn(ctx), asked, keyType, public)
	if ref != nil {
		return nil, ref
	}
	return server.CreateAPIKey201JSONResponse{APIKeyID: id}, nil
}

// GenerateAPIKey makes a pair, keeps the public half and returns the private half.
func (o operations) GenerateAPIKey(ctx context.Context, request server.GenerateAPIKeyRequestObject) (server.GenerateAPIKeyResponseObject, error) {
	body := request.Body
	asked := grant{body.Name, body.Scopes, body.Subaccount, body.FCMSubtraderID}
	if ref := asked.check(o.settings); ref != nil {
		return nil, ref
	}
	keyType := server.KeyTypeRSA
	if body.KeyType != nil {
		keyType = *body.KeyType
	}
	if !keyType.Valid() {
		return nil, invalid("key_type is neither rsa nor ed25519")
	}
	if ref := o.authorizeGrant(callIn(ctx), asked); ref != nil {
		return nil, ref
	}
	public, private, err := o.newKeyPair(KeyType(keyType))
	if err != nil {
		return nil, err
	}
	id, ref := o.keep(callIn(ctx), asked, KeyType(keyType), public)
	if ref != nil {
		return nil, ref
	}
	return server.GenerateAPIKey201JSONResponse{
		APIKeyID:   id,
		KeyType:    &keyType,
		PrivateKey: private.RevealPrivateKey(),
	}, nil
}

// DeleteAPIKey deletes a key of the caller's account.
func (o operations) DeleteAPIKey(ctx context.Context, request server.DeleteAPIKeyRequestObject) (server.DeleteAPIKeyResponseObject, error) {
	call := callIn(ctx)
	id, ok := parseKeyID(request.APIKey)
	if !ok {
		return nil, invalid("api_key is not a UUID")
	}
	if ref := o.authorize(call); ref != nil {
		return nil, ref
	}
	if id == call.key.id && o.settings.keepSelf {
		return nil, &refusal{reason: RefusedSelfDeletion}
	}
	if !o.keys.remove(call.key.account, id, o.now()) {
		return nil, &refusal{reason: RefusedNotFound}
	}
	return server.DeleteAPIKey204Response{}, nil
}

func (o operations) keep(call *call, asked grant, keyType KeyType, public crypto.PublicKey) (string, *refusal) {
	added := key{
		id:         newKeyID(),
		account:    call.key.account,
		name:       asked.name,
		keyType:    keyType,
		public:     public,
		scopes:     asked.granted(),
		subaccount: asked.subaccount,
		subtrader:  asked.subtrader,
		created:    o.now(),
	}
	return added.id, o.keys.add(added, o.settings)
}

// asListed returns the key as the contract shows it.
func (k key) asListed() server.APIKey {
	return server.APIKey{
		APIKeyID:       k.id,
		Name:           k.name,
		Scopes:         k.scopes,
		Subaccount:     k.subaccount,
		FCMSubtraderID: k.subtrader,
	}
}
