package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// Client manages the API keys of one account in one environment. It signs, retries what may be
// sent twice, keeps the clock and maps every failure to an [*Error]. A Client is safe for
// concurrent use; make one and share it.
type Client struct {
	api       *gen.ClientWithResponses
	transport *Transport
}

// NewClient returns a client that signs with the credentials of source, for [Production]
// unless an option says otherwise. It sends nothing. It returns an error for a nil source or
// an option that cannot be.
func NewClient(source CredentialSource, opts ...Option) (*Client, error) {
	config, err := newConfig(source, opts)
	if err != nil {
		return nil, err
	}
	transport := newTransport(source, config)
	httpClient := &http.Client{Transport: transport, CheckRedirect: refuseRedirect}
	api, err := gen.NewClientWithResponses(config.baseURL.String(), gen.WithHTTPClient(httpClient))
	if err != nil {
		return nil, fmt.Errorf("kalshi: %w", err)
	}
	return &Client{api: api, transport: transport}, nil
}

func refuseRedirect(*http.Request, []*http.Request) error {
	return http.ErrUseLastResponse
}

// API returns the generated client over the same signing, retry and limits, for what the
// methods here do not offer. Its answers come as they are: a refusal is a response and not an
// error, requests are not checked before they are sent, and a 404 that follows a delete of
// unknown outcome stays a 404.
func (c *Client) API() *gen.ClientWithResponses {
	return c.api
}

// ClockOffset returns how far the local clock is behind the service's, as [Transport.ClockOffset].
func (c *Client) ClockOffset() time.Duration {
	return c.transport.ClockOffset()
}

// CloseIdleConnections closes the idle connections of the underlying transport.
func (c *Client) CloseIdleConnections() {
	c.transport.CloseIdleConnections()
}

// GetAPIKeys lists all API keys of the account. The list may be stale for a moment after a key
// was made or deleted. Errors are of type [*Error].
func (c *Client) GetAPIKeys(ctx context.Context) (*gen.GetAPIKeysResponse, error) {
	return c.getAPIKeys(ctx, nil)
}

// GetAPIKeysOfSubtrader lists the API keys that are bound to a subtrader. It is for FCM members
// (source: published). Errors are of type [*Error]; an ID that is not {user_id}_{suffix} is
// refused with [ErrInvalidRequest] before anything is sent.
func (c *Client) GetAPIKeysOfSubtrader(ctx context.Context, fcmSubtraderID string) (*gen.GetAPIKeysResponse, error) {
	if err := checkSubtrader(&fcmSubtraderID); err != nil {
		return nil, refuseLocally(protocol.GetAPIKeys, err)
	}
	return c.getAPIKeys(ctx, &gen.GetAPIKeysParams{FCMSubtraderID: &fcmSubtraderID})
}

func (c *Client) getAPIKeys(ctx context.Context, params *gen.GetAPIKeysParams) (*gen.GetAPIKeysResponse, error) {
	ctx, call := withCall(ctx)
	response, err := c.api.GetAPIKeys(ctx, params)
	if err := call.check(response, err, http.StatusOK); err != nil {
		return nil, err
	}
	list := decodeList(response)
	if !isCompleteList(list) {
		return nil, call.unexpected(response, "the body is no list of API keys")
	}
	return list, nil
}

func isCompleteList(list *gen.GetAPIKeysResponse) bool {
	return list != nil && list.APIKeys != nil &&
		!slices.ContainsFunc(list.APIKeys, isIncomplete)
}

func isIncomplete(key gen.APIKey) bool {
	return key.APIKeyID == "" || key.Scopes == nil
}

// GenerateAPIKey makes an API key whose pair the service makes, RSA with 2048 bits unless the
// request says otherwise. The answer holds the private key, which cannot be had again: keep what
// [secret.PEM.RevealPrivateKey] returns before doing anything else, for encoding/json keeps
// [REDACTED] in its place. Errors are of type [*Error]. A request that the contract rules
// out is refused with [ErrInvalidRequest] before anything is sent. On [ErrOutcomeUnknown] a
// key may be live that nobody holds, so the call is never repeated by itself.
func (c *Client) GenerateAPIKey(ctx context.Context, request gen.GenerateAPIKeyRequest) (*gen.GenerateAPIKeyResponse, error) {
	if err := checkGenerate(request); err != nil {
		return nil, refuseLocally(protocol.GenerateAPIKey, err)
	}
	ctx, call := withCall(ctx)
	response, err := c.api.GenerateAPIKey(ctx, request)
	if err := call.check(response, err, http.StatusCreated); err != nil {
		if made := salvageKey(response); made != nil {
			return made, nil
		}
		return nil, err
	}
	made := decodeAnswer[gen.GenerateAPIKeyResponse](response)
	if made != nil && isCompleteKey(made) {
		return made, nil
	}
	if made = salvageKey(response); made != nil {
		return made, nil
	}
	return nil, call.unexpected(response, "the body lacks api_key_id or private_key")
}

func isCompleteKey(made *gen.GenerateAPIKeyResponse) bool {
	return made.APIKeyID != "" && !made.PrivateKey.IsEmpty()
}

// CreateAPIKey makes an API key from a public key of the caller's own, PEM SPKI, RSA or
// Ed25519. It is for accounts on the Premier or Market Maker usage level (source: seed).
// Errors are of type [*Error]. A request that the contract rules out, or that holds anything
// but a public key, is refused with [ErrInvalidRequest] before anything is sent. On
// [ErrOutcomeUnknown] the key may be live, so the call is never repeated by itself.
func (c *Client) CreateAPIKey(ctx context.Context, request gen.CreateAPIKeyRequest) (*gen.CreateAPIKeyResponse, error) {
	if err := checkCreate(request); err != nil {
		return nil, refuseLocally(protocol.CreateAPIKey, err)
	}
	ctx, call := withCall(ctx)
	response, err := c.api.CreateAPIKey(ctx, request)
	if err := call.check(response, err, http.StatusCreated); err != nil {
		if made := salvageKeyID(response); made != nil {
			return made, nil
		}
		return nil, err
	}
	made := decodeAnswer[gen.CreateAPIKeyResponse](response)
	if made != nil && made.APIKeyID != "" {
		return made, nil
	}
	if made = salvageKeyID(response); made != nil {
		return made, nil
	}
	return nil, call.unexpected(response, "the body lacks api_key_id")
}

// DeleteAPIKey deletes an API key for good. Errors are of type [*Error]. An ID that is no UUID
// is refused with [ErrInvalidRequest] before anything is sent, so no ID can change the path.
// A 404 in the service's own form that follows an attempt of unknown outcome means that the
// earlier attempt deleted the key, and is no error; any other 404 is [ErrNotFound].
func (c *Client) DeleteAPIKey(ctx context.Context, keyID string) error {
	if err := checkKeyID(keyID); err != nil {
		return refuseLocally(protocol.DeleteAPIKey, err)
	}
	ctx, call := withCall(ctx)
	response, err := c.api.DeleteAPIKey(ctx, keyID)
	if err := call.check(response, err, http.StatusNoContent); err != nil {
		if call.unknown && saysNotFound(err) {
			return nil
		}
		return err
	}
	return nil
}

// saysNotFound reports a 404 whose body is an error of the service's. One without, such as the
// plain text for a route that does not exist, says nothing about the key.
func saysNotFound(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.is(ErrNotFound) && failure.FromService()
}

// check returns nil for an answer with the documented status of success, and the [*Error] for
// anything else.
func (c *call) check(response *http.Response, err error, success int) error {
	if err != nil {
		return c.callError(err)
	}
	if response.StatusCode != success {
		return c.refusal(response)
	}
	return nil
}

// callError returns the transport's [*Error] without what net/http wraps around it.
func (c *call) callError(err error) error {
	if failure, ok := errors.AsType[*Error](err); ok {
		return failure
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	// net/http itself gives up on answers that it cannot read, such as a redirect to nowhere.
	failure := c.newError()
	failure.cause = err
	failure.kinds = []error{ErrUnexpectedResponse}
	failure.markUnknown(c.unknown || protocol.ChangesState(c.method))
	failure.Hint = hintFor(failure, c)
	return failure
}

// refuseLocally returns the error of a request that is not sent.
func refuseLocally(op protocol.Operation, problem error) *Error {
	return &Error{
		Operation: op,
		Message:   problem.Error(),
		Hint:      "Nothing was sent",
		kinds:     []error{ErrInvalidRequest},
	}
}
