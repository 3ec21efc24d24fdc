package lifecycle

import (
	"errors"
	"fmt"
)

// Sentinels for [errors.Is]. Errors of the service and of the store stay visible beneath:
// wrapper.ErrForbidden, keystore.ErrNoCurrent and the like. No error holds key material.
var (
	// ErrUnfinished: the change stopped half way, and the journal knows where. The current
	// key works. [Manager.Recover] finishes or undoes the rest, and every other change runs it first.
	ErrUnfinished = errors.New("unfinished; recover completes it")
	// ErrInvalid: the request contradicts itself. Nothing was sent.
	ErrInvalid = errors.New("invalid request")
	// ErrKeyInUse: the key to revoke is the current one. RevokeRequest.InUse allows it.
	ErrKeyInUse = errors.New("the key is in use")
	// ErrLastKey: no other key of the store works. RevokeRequest.Last allows it.
	ErrLastKey = errors.New("the key is the last one that works")
	// ErrNoSigner: the private key is not in the store, and [WithSigner] does not lead to it.
	ErrNoSigner = errors.New("the private key is not in the store")
	// ErrRevoked: the current key of the store was revoked.
	ErrRevoked = errors.New("the current key is revoked")

	// errNotProven: the service did not accept a request that the new key signed.
	errNotProven = errors.New("the key does not work")
	// errNoKey: a request led to no key that can be used.
	errNoKey = errors.New("no usable key")
	// errNotListed: the service's list does not show a key that has just signed a request.
	errNotListed = errors.New("the key is not in the list")
)

// unfinished returns the error of a change that Recover has to complete.
func unfinished(state string, cause error) error {
	return fmt.Errorf("lifecycle: %s: %w: %w", state, ErrUnfinished, cause)
}
