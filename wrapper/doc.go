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
// # Secrets
//
// The private key that generate returns is a [secret.PEM], which does not print itself;
// credentials, errors and log records hold no key material and no signature.
//
// All types are safe for concurrent use.
//
// [secret.PEM]: wrapper/secret
package wrapper
