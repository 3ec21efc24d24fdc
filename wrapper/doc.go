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
// [CredentialsFromFiles] follows two mounted files, [CredentialSourceFunc] asks a function, and
// [NewSignerCredentials] signs with a key in an HSM or a KMS.
//
// # What a request passes
//
//	retry -> your functions before each attempt -> sign -> clock -> size limit -> your transport
//
// Signing stands below retry: every attempt has its own timestamp and signature, and asks the
// [CredentialSource] again, so a rotated key takes effect at once. Redirects are not followed,
// requests to another origin are not signed, and plain http is for loopback only. [NewTransport]
// gives the same chain to any HTTP client and any endpoint of the service; [SignRequest] gives the
// signing alone to any client that oapi-codegen generated.
//
// # Retries
//
// A request is sent again only when repeating it cannot have a second effect. GET, DELETE and the
// other safe methods are retried after a 5xx, a lost connection or a timeout. POST, PUT and PATCH are
// not: they return an error that is [ErrOutcomeUnknown], because a second generate can leave a live key
// whose private key nobody has, and a second order is a second order. Every method is retried if the request was
// never sent, after a 429, and after a 409 while a subtrader becomes visible. Waits grow exponentially with
// full jitter, follow Retry-After up to a limit and end with the context. A wait that the context's
// deadline would end is not begun.
//
// [Retry] is the policy: [WithRetry] sets it for all calls, [WithPolicyFor] by the request, [WithPolicy] for the
// calls of a context. An order with a client_order_id may be sent again with [ByClientOrderID].
//
// # What the client knows of a call
//
// [CallInfo] and [ErrorFrom] tell of any response of a [Transport] what a [Client] would put into its
// error: attempts, outcomes that are unknown, the clock, what to do. [WithObserver] tells of each attempt as it
// happens; [WithBeforeAttempt] holds it back or refuses it.
//
//	                          Client            Transport              SignRequest
//	for                       the operations    every endpoint, by     any client that
//	                          on API keys       any HTTP client        oapi-codegen made
//	signs                     each attempt      as Client              once per call
//	retries, hooks, clock     yes               as Client              no
//	a 4xx or 5xx answer       an *Error         ErrorFrom makes it     ErrorFrom makes one of it
//	an unknown outcome        in the error      ErrorFrom, CallInfo    yours to see
//	checks the request        yes               its origin alone       only against plain http
//
// # Hostile answers
//
// An answer of any content takes at most four times its size in memory. A list is decoded as a stream:
// it ends at the first element that is no API key, which the error names, and with the time of the
// attempt or the context.
//
// # The clock
//
// The service accepts timestamps close to its own clock: 10 s either way is fine, 30 s behind is
// refused (source: observed). When it refuses one, the client takes the time from the answer's
// Date header, signs again and tries once more. If the service accepts that, the calls that follow
// are signed with the same correction, which [Client.ClockOffset] returns. A Date is believed up to
// 24 hours off ([WithMaxClockCorrection]) and within the validity of the server's certificate. The
// answer to a request that was held back after it was signed says nothing about the clock.
//
// # Errors
//
// Every error of a call is an [*Error]. Decide with [errors.Is] on the sentinels, and show
// [Error.Hint] to people. Errors of loading credentials are [*CredentialsError]. README.md, beside
// this file, has the tables: what each error means and what to do, what a 401 means, which
// requests are sent again, which key files are accepted, and the mistakes that are made most.
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
