// Package wrapper is the client for the API keys of the Kalshi Trade API v2: it lists, creates,
// generates and deletes keys, and signs the requests of any other endpoint.
//
// # Start
//
// Credentials are an API key ID and the private key that belongs to it. A client needs nothing
// else:
//
//	creds, err := wrapper.CredentialsFromEnv()
//	client, err := wrapper.NewClient(creds, wrapper.WithEnvironment(wrapper.Demo))
//	list, err := client.GetAPIKeys(ctx)
//
// # What a request passes
//
//	retry -> sign -> clock -> size limit -> your transport
//
// Signing stands below retry, so that every attempt has its own timestamp and signature, and
// asks the [CredentialSource] each time, so that a rotated key takes effect at once. No redirect
// is followed, no request to another origin is signed, and plain http is for loopback only.
// [NewTransport] gives the same chain to any HTTP client and any endpoint of the service;
// [SignRequest] gives the signing alone to any client that oapi-codegen generated.
//
// # What is sent twice
//
// A request is repeated only where that cannot do a thing twice. GET, DELETE and the other
// idempotent methods are retried after a 5xx, a lost connection or a timeout. A POST is not: it
// returns an error that is [ErrOutcomeUnknown], because a generate that is repeated blindly
// leaves a live key whose private half nobody has. What was never sent, a 429, and a 409 while
// a subtrader becomes visible are retried for every method. Waits grow exponentially with full
// jitter, honour Retry-After up to a cap and end with the context.
//
// # The clock
//
// The service accepts timestamps close to its own clock: 10 s either way is fine, 30 s behind is
// refused (source: observed). When it refuses one, the client takes the time from the answer's
// Date header, signs afresh and tries once more; [Client.ClockOffset] tells by how much the
// clock was off. Nothing else moves the clock.
//
// # Errors
//
// Every error of a call is an [*Error]. Decide with [errors.Is] on the sentinels, show
// [Error.Hint] to people. Errors of loading credentials are [*CredentialsError].
//
// # What goes wrong
//
// Every mistake in signing gets the same 401, and many others get no better word. These are the
// ones that are made most, with what the service says and what the error says here. A wrong
// signature is looked at again on this machine, with the public half of the key: whether the
// key verifies it, whether the signed path begins with /trade-api/v2, and whether the host is
// one of the service's. The check sends nothing and asks the signer for nothing.
//
//	mistake                             | the service says                      | we say
//	----------------------------------- | ------------------------------------- | ------
//	no key ID is set                    | nothing was sent                      | KALSHI_API_KEY_ID: not given
//	two private keys are set            | nothing was sent                      | Set one of the two and unset the other
//	quotes around the key ID            | nothing was sent                      | contains a quote
//	a bracket pasted with the key ID    | nothing was sent                      | contains a bracket
//	the PEM in place of the key ID      | nothing was sent                      | it looks like a private key, so it is not repeated here
//	the PEM in place of its path        | nothing was sent                      | this is a private key where a path belongs
//	a PEM that was cut short            | nothing was sent                      | the private key is truncated
//	the public key in place of the PEM  | nothing was sent                      | this is a public key
//	a PEM with a passphrase             | nothing was sent                      | openssl pkey -in ENCRYPTED.pem
//	an ECDSA key                        | nothing was sent                      | which the service does not take
//	plain http to another machine       | nothing was sent                      | use https (http is for loopback only)
//	a request to another host           | nothing was sent                      | make a client for that origin
//	a request that was signed already   | nothing was sent                      | leave it to the transport
//	the PEM of another key              | 401 INCORRECT_API_KEY_SIGNATURE       | Check that the private key belongs to this key ID
//	the PEM of another key, on demo     | 401 INCORRECT_API_KEY_SIGNATURE       | the private key is not the one that belongs to this key ID in demo
//	a base URL without /trade-api/v2    | 404                                   | the base URL must end in /trade-api/v2
//	a proxy that adds /trade-api/v2     | 401 INCORRECT_API_KEY_SIGNATURE       | The signed path does not begin with /trade-api/v2
//	a proxy that changes the path       | 401 INCORRECT_API_KEY_SIGNATURE       | that it passes path and headers on unchanged
//	a signer with PKCS#1 v1.5           | 401 INCORRECT_API_KEY_SIGNATURE       | it signs with PKCS#1 v1.5, where RSA-PSS is needed
//	a signer with the longest salt      | 401 INCORRECT_API_KEY_SIGNATURE       | must have a salt of 32 bytes
//	Ed25519 over a digest               | 401 INCORRECT_API_KEY_SIGNATURE       | it signs a digest, where Ed25519 must sign the text itself
//	a signer with two halves            | 401 INCORRECT_API_KEY_SIGNATURE       | its private key is not the other half
//	a demo key on production            | 401 NOT_FOUND                         | belongs to another environment
//	a key that was deleted              | 401 NOT_FOUND                         | it was deleted
//	a stray letter in the key ID        | 401 INVALID_PARAMETER                 | copy it again, without quotes or brackets
//	a proxy that removes all headers    | 401 token_authentication_failure      | saw none of the three KALSHI-ACCESS headers
//	a proxy that removes the signature  | 401 signature_is_missing_from_headers | did not see the KALSHI-ACCESS-SIGNATURE header
//	a clock that is late, no retry      | 401 header_timestamp_expired          | This machine's clock is 41s behind the service's
//	a late clock and the PEM of another | 401 INCORRECT_API_KEY_SIGNATURE       | 41s behind the service's, which was corrected here
//	a proxy that holds requests back    | 401 header_timestamp_expired          | look for something that holds requests back
//	a host name with a typing error     | no answer                             | The host name could not be resolved
//	a host that nothing listens on      | no answer                             | The host could not be reached
//	https to a port that speaks http    | no answer                             | The server does not speak TLS there
//	a proxy that intercepts TLS         | no answer                             | whether a proxy intercepts TLS
//	a certificate for another host      | no answer                             | it is for another host
//	a key with too few scopes           | 403                                   | the scopes of the key that signs do not allow this
//	create on the basic usage level     | 403                                   | needs the Premier or Market Maker usage level
//	a private key as public_key         | nothing was sent                      | public_key holds a private key
//	a name where an ID is deleted       | nothing was sent                      | api_key must be a UUID
//	a generate whose answer is lost      | no answer                             | Do not generate again before you have listed the keys
//
// A clock that is late or early is no mistake to a client that may try twice: it is corrected.
//
// # Secrets
//
// The private key that generate returns is a [secret.PEM], which does not print itself;
// credentials, errors and log records hold no key material and no signature.
//
// All types are safe for concurrent use.
//
// [secret.PEM]: wrapper/secret
package wrapper
