package wrapper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/protocol"
)

var errNoList = errors.New("the body is not a list of API keys")

// Client manages the API keys of one account in one environment. It signs, retries, corrects
// the clock and maps every failure to an [*Error]. A Client is safe for concurrent use; make one and
// share it.
type Client struct {
	api       *gen.ClientWithResponses
	transport *Transport
	// server is the base URL as the generated code wants it, with a slash at its end.
	server string
}

// NewClient returns a client that signs with the credentials of source, for [Production]
// unless an option says otherwise. It sends nothing. It returns an error for a nil source or
// an invalid option.
func NewClient(source CredentialSource, opts ...Option) (*Client, error) {
	transport, err := NewTransport(source, opts...)
	if err != nil {
		return nil, err
	}
	server := transport.config.baseURL.String() + "/"
	httpClient := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	api := &gen.ClientWithResponses{ClientInterface: &gen.Client{Server: server, Client: httpClient}}
	return &Client{api: api, transport: transport, server: server}, nil
}

// API returns the generated client over the same signing, retry and limits, for what the
// methods here do not offer. Its answers come as they are: a refusal is a response and not an
// error until [ErrorFrom] makes one of it, requests are not checked before they are sent, and a 404 that follows a delete of
// unknown outcome stays a 404.
func (c *Client) API() *gen.ClientWithResponses {
	return c.api
}

// ClockOffset returns how far the local clock is behind the service's, as [Transport.ClockOffset].
func (c *Client) ClockOffset() time.Duration {
	return c.transport.ClockOffset()
}

// ServiceTime returns the service's time by the last success, as [Transport.ServiceTime].
func (c *Client) ServiceTime() (time.Time, bool) {
	return c.transport.ServiceTime()
}

// CloseIdleConnections closes the idle connections of the underlying transport.
func (c *Client) CloseIdleConnections() {
	c.transport.CloseIdleConnections()
}

// GetAPIKeys lists all API keys of the account. The list may be stale for a moment after a key
// was made or deleted. Where the service writes null for the list or for a key's scopes, they are
// nil, which Go reads as empty: users of another client recorded that for empty lists on other
// endpoints (source: observed). Whoever revokes keys on the word of a list refuses nil. Errors are
// of type [*Error].
func (c *Client) GetAPIKeys(ctx context.Context) (*gen.GetAPIKeysResponse, error) {
	return c.getAPIKeys(ctx, nil, nil)
}

// GetAPIKeysOfSubtrader lists the API keys that are bound to a subtrader. It is for FCM members
// (source: published). Errors are of type [*Error]; an ID that is not {user_id}_{suffix} is
// refused with [ErrInvalidRequest] before anything is sent.
func (c *Client) GetAPIKeysOfSubtrader(ctx context.Context, fcmSubtraderID string) (*gen.GetAPIKeysResponse, error) {
	return c.getAPIKeys(ctx, &gen.GetAPIKeysParams{FCMSubtraderID: &fcmSubtraderID}, checkSubtrader(&fcmSubtraderID))
}

func (c *Client) getAPIKeys(ctx context.Context, params *gen.GetAPIKeysParams, problem error) (*gen.GetAPIKeysResponse, error) {
	call, err := c.send(ctx, protocol.GetAPIKeys, problem, func() (*http.Request, error) {
		return gen.NewGetAPIKeysRequest(c.server, params)
	})
	if err != nil {
		return nil, err
	}
	if call.status() != http.StatusOK || !saysJSON(call.response) {
		return nil, call.notAsDocumented(http.StatusOK, errNoList)
	}
	attempt, cancel := context.WithDeadline(ctx, call.deadline)
	defer cancel()
	list, err := decodeList(attempt, call.body)
	switch {
	case err == nil:
		return list, nil
	case ctx.Err() != nil:
		return nil, call.newError(false, err)
	case attempt.Err() != nil:
		return nil, call.newError(false, fmt.Errorf("the answer took too long to decode: %w", err), ErrUnavailable)
	}
	return nil, call.notAsDocumented(http.StatusOK, fmt.Errorf("%w: %w", errNoList, err))
}

// GenerateAPIKey makes an API key whose pair the service makes, RSA with 2048 bits unless the
// request says otherwise. The answer holds the private key, which the service shows only once:
// store what [secret.PEM.RevealPrivateKey] returns before doing anything else, because
// encoding/json writes [REDACTED] in its place. Errors are of type [*Error]. A request that breaks
// the contract is refused with [ErrInvalidRequest] before anything is sent. On
// [ErrOutcomeUnknown] a key may be live whose private key was lost; the client therefore does not
// repeat the call.
func (c *Client) GenerateAPIKey(ctx context.Context, body gen.GenerateAPIKeyRequest) (*gen.GenerateAPIKeyResponse, error) {
	call, err := c.send(ctx, protocol.GenerateAPIKey, checkGenerate(body), func() (*http.Request, error) {
		return gen.NewGenerateAPIKeyRequest(c.server, body)
	})
	if err != nil {
		return nil, err
	}
	made := new(gen.GenerateAPIKeyResponse)
	fits := call.decode(http.StatusCreated, made)
	if !call.succeeded() || made.APIKeyID == "" || made.PrivateKey.IsEmpty() {
		return nil, call.notAsDocumented(http.StatusCreated, errors.New("the body lacks api_key_id or private_key"))
	}
	if !fits {
		made.Warning = new(salvaged)
	}
	return made, nil
}

// CreateAPIKey makes an API key from a public key of the caller's own, PEM SPKI, RSA or
// Ed25519. It is for accounts on the Premier or Market Maker usage level (source: seed).
// Errors are of type [*Error]. A request that breaks the contract, or that holds anything but a
// public key, is refused with [ErrInvalidRequest] before anything is sent. On
// [ErrOutcomeUnknown] the key may be live; the client therefore does not repeat the call.
func (c *Client) CreateAPIKey(ctx context.Context, body gen.CreateAPIKeyRequest) (*gen.CreateAPIKeyResponse, error) {
	call, err := c.send(ctx, protocol.CreateAPIKey, checkCreate(body), func() (*http.Request, error) {
		return gen.NewCreateAPIKeyRequest(c.server, body)
	})
	if err != nil {
		return nil, err
	}
	made := new(gen.CreateAPIKeyResponse)
	fits := call.decode(http.StatusCreated, made)
	if !call.succeeded() || made.APIKeyID == "" {
		return nil, call.notAsDocumented(http.StatusCreated, errors.New("the body lacks api_key_id"))
	}
	if !fits {
		made.Warning = new(salvaged)
	}
	return made, nil
}

// DeleteAPIKey deletes an API key for good. Errors are of type [*Error]. An ID that is not a UUID
// is refused with [ErrInvalidRequest] before anything is sent, so no ID can change the path.
// A 404 in the service's own form that follows an attempt of unknown outcome means that the
// earlier attempt deleted the key, and is a success; any other 404 is [ErrNotFound].
func (c *Client) DeleteAPIKey(ctx context.Context, keyID string) error {
	call, err := c.send(ctx, protocol.DeleteAPIKey, checkKeyID(keyID), func() (*http.Request, error) {
		return gen.NewDeleteAPIKeyRequest(c.server, keyID)
	})
	if err != nil || call.status() == http.StatusNoContent {
		return err
	}
	if call.isDeleted() {
		return nil
	}
	return call.refusal()
}

// send builds a request and returns the answer to it. It returns an [*Error] if there is no answer,
// and if problem says that the request must not be sent.
func (c *Client) send(ctx context.Context, operation protocol.Operation, problem error, build func() (*http.Request, error)) (*call, error) {
	var request *http.Request
	if problem == nil {
		request, problem = build()
	}
	if problem != nil {
		return nil, &Error{
			Operation: operation, Message: problem.Error(), Hint: "Nothing was sent",
			kinds: []error{ErrInvalidRequest, ErrNotSent},
		}
	}
	return c.transport.chain.do(ctx, request)
}

// salvaged is the warning of an answer of which only the fields that matter could be read. The
// private key is shown this once, and must not be lost because another field has changed.
const salvaged = "The rest of the answer was not as the contract says, and was left out"

// decode reads into answer whatever fits of the JSON body. It reports whether the answer is wholly
// as documented. The content type counts as it does for the generated client, whose own parser
// would copy the body first.
func (c *call) decode(success int, answer any) bool {
	err := json.Unmarshal(c.body.bytes(), answer)
	return err == nil && c.status() == success && saysJSON(c.response)
}
