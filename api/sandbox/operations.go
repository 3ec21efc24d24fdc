package sandbox

import (
	"context"
	"crypto"
	"strings"

	"kalshi.internal/apikeys/gen/server"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// operations implements the contract. A refusal travels as the error and is written by
// refuseError.
type operations struct{ *Sandbox }

var _ server.StrictServerInterface = operations{}

// GetAPIKeys lists the live keys of the caller's account.
func (o operations) GetAPIKeys(ctx context.Context, request server.GetAPIKeysRequestObject) (server.GetAPIKeysResponseObject, error) {
	call := callIn(ctx)
	if err := o.authorize(call); err != nil {
		return nil, err
	}
	asOf := o.now().Add(-o.choices.ListDelay - call.listAge)
	listed := o.keys.listed(call.key.Account, asOf, o.choices.Order)
	answer := server.GetAPIKeys200JSONResponse{APIKeys: make([]server.APIKey, 0, len(listed))}
	for _, k := range listed {
		if want := request.Params.FCMSubtraderID; want == nil || k.Subtrader != nil && *k.Subtrader == *want {
			answer.APIKeys = append(answer.APIKeys, k.asListed())
		}
	}
	if expires := o.choices.Accounts[call.key.Account].RegionExpiration; !expires.IsZero() {
		answer.APIKeyRegionExpirationTS = new(expires.Unix())
	}
	return answer, nil
}

// CreateAPIKey keeps a public key of the caller's own.
func (o operations) CreateAPIKey(ctx context.Context, request server.CreateAPIKeyRequestObject) (server.CreateAPIKeyResponseObject, error) {
	body := request.Body
	asked := grant{body.Name, body.Scopes, body.Subaccount, body.FCMSubtraderID}
	if err := asked.check(o.choices); err != nil {
		return nil, err
	}
	public, keyType, err := parsePublicKey(body.PublicKey, o.choices.MaxRSABits)
	if err != nil {
		return nil, err
	}
	if err := o.authorizeGrant(callIn(ctx), asked); err != nil {
		return nil, err
	}
	id, err := o.keep(callIn(ctx), asked, keyType, public)
	if err != nil {
		return nil, err
	}
	return server.CreateAPIKey201JSONResponse{APIKeyID: id}, nil
}

// GenerateAPIKey makes a pair, keeps the public half and returns the private half.
func (o operations) GenerateAPIKey(ctx context.Context, request server.GenerateAPIKeyRequestObject) (server.GenerateAPIKeyResponseObject, error) {
	body := request.Body
	asked := grant{body.Name, body.Scopes, body.Subaccount, body.FCMSubtraderID}
	if err := asked.check(o.choices); err != nil {
		return nil, err
	}
	keyType := server.KeyTypeRSA
	if body.KeyType != nil {
		keyType = *body.KeyType
	}
	if !keyType.Valid() {
		return nil, invalid("key_type is neither rsa nor ed25519")
	}
	if err := o.authorizeGrant(callIn(ctx), asked); err != nil {
		return nil, err
	}
	public, private, err := o.newKeyPair(KeyType(keyType))
	if err != nil {
		return nil, err
	}
	id, err := o.keep(callIn(ctx), asked, KeyType(keyType), public)
	if err != nil {
		return nil, err
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
	if !protocol.IsKeyID(request.APIKey) {
		return nil, invalid("api_key is not a UUID")
	}
	if err := o.authorize(call); err != nil {
		return nil, err
	}
	id := strings.ToLower(request.APIKey)
	if id == call.key.ID && o.choices.RefuseSelfDeletion {
		return nil, refused(RefusedSelfDeletion)
	}
	if !o.keys.remove(call.key.Account, id, o.now()) {
		return nil, refused(RefusedNotFound)
	}
	return server.DeleteAPIKey204Response{}, nil
}

func (o operations) keep(call *call, asked grant, keyType KeyType, public crypto.PublicKey) (string, error) {
	added := key{
		KeyState: KeyState{ID: newKeyID(), Account: call.key.Account, Name: asked.name, Type: keyType,
			Scopes: asked.granted(), Subaccount: asked.subaccount, Subtrader: asked.subtrader},
		public:  public,
		created: o.now(),
	}
	return added.ID, o.keys.add(added, o.choices)
}

// asListed returns the key as the contract shows it.
func (k key) asListed() server.APIKey {
	return server.APIKey{
		APIKeyID:       k.ID,
		Name:           k.Name,
		Scopes:         k.Scopes,
		Subaccount:     k.Subaccount,
		FCMSubtraderID: k.Subtrader,
	}
}
