// Package sandbox is a server that behaves like the service's API key management, for tests
// and for trying things out. It honours the contract (the routes and models are generated from
// openapi.yaml), keeps its state in memory, and really checks signatures: a client that works
// against it signs correctly.
//
// A [Sandbox] is an [net/http.Handler]. In a test:
//
//	box := sandbox.New()
//	server := httptest.NewServer(box)
//	defer server.Close()
//	key, err := box.Bootstrap() // a first key: key.ID and key.PrivateKey
//	baseURL := server.URL + sandbox.BasePath
//
// # What happens to a request
//
// In this order, and the first reason to turn the request down decides the answer:
//
//  1. Route: an unknown path or method is answered 404 as plain text, a trailing slash 301.
//     Neither needs authentication.
//  2. Authentication: the headers are there, the timestamp is inside the window, the key ID is
//     a UUID, a live key has it, the signature matches. Otherwise 401.
//  3. Rate limit: 429 without Retry-After.
//  4. Input: content type, one JSON value, required fields, types, rules between fields. 400
//     with the field's name.
//  5. Rights: the key's scopes and restrictions, the account's usage level and FCM membership,
//     the subtrader's visibility. 403 or 409.
//
// Every answer carries Date from the sandbox's clock. Private keys are returned once by
// generateApiKey and [Sandbox.Bootstrap], and are neither kept nor logged.
//
// # Choices
//
// What nobody has recorded about the service is our own choice here. This table lists every
// choice, what the sandbox does by default, and the option that changes it.
//
//	Choice                                 Default                                  Option
//	clock                                  the system's                             WithClock
//	clock window                           15 s behind to 30 s ahead                WithWindow
//	the same signed text sent twice        accepted                                 WithReplay
//	RSA-PSS salt of another length         refused as a wrong signature             WithAnySaltLength
//	scope to list keys, to manage keys     read, write                              WithRequiredScopes
//	restricted or bound key manages keys   refused; it may list them                WithRestrictedManagement
//	key deletes itself                     allowed                                  WithSelfDeletion
//	account's level and membership         Premier, no FCM member                   WithAccount
//	hidden subtraders, region expiration   none                                     WithAccount
//	length of a name                       not limited                              WithMaxNameLength
//	empty name                             refused                                  WithEmptyNames
//	two keys of one name                   allowed                                  WithUniqueNames
//	empty list of scopes                   refused                                  WithEmptyScopes
//	number of keys                         not limited                              WithMaxKeys
//	RSA above 2048 bits                    up to 4096                               WithMaxRSABits
//	unknown properties in a body           ignored, as Go's encoding/json does      WithUnknownPropertiesRefused
//	order of the list                      oldest first                             WithListOrder
//	when a new key works                   at once                                  WithCreateDelay
//	when a deleted key stops               at once                                  WithDeleteDelay
//	age of the key list                    current                                  WithListDelay
//	rate limits, and the bucket drawn on   none; list reads, the rest writes        WithRateLimits
//	bodies and statuses of refusals        see the Refusal constants                WithAnswer
//	a missing key ID or timestamp header   as if all three were missing             WithAnswer
//	a timestamp that is no number          as one outside the window                WithAnswer
//	a right missing on list or delete      401, the contract having no 403 there    WithAnswer
//	RSA keys handed out                    2048 bits, made when asked for           WithRSAKeySource
//	exchanges remembered                   256                                      WithExchangeLog
//	who is told of exchanges               nobody                                   WithObserver
//	how a delay waits                      by a timer                               WithWait
//	control by HTTP                        off                                      WithControl
//	control from other machines            refused                                  WithControlHosts
//	longest request body                   1 MiB, then 400                          none
//	null for an optional field             as if it were left out                   none
//	a name written twice in a body         the last one counts                      none
//	a query parameter sent twice           the first one counts                     none
//	fcm_subtrader_id of a list             filters, for whoever asks                none
//	HEAD                                   404, as any method without an operation  none
//
// # Explanations
//
// Most mistakes in signing get the same answer from the service. The sandbox gives that answer
// too, and says beside it which mistake it was: in the header X-Sandbox-Explain, in
// [Exchange], and so to the observer; never in the body. Package explain lists the mistakes. A
// request that is authenticated does not pay for it.
//
// # Faults
//
// A [Fault] makes requests fail on purpose: a delay, a lost connection before or after the work
// was done, half an answer, another status, an answer that leaves the contract, a stale list, a
// wrong Date. [Sandbox.SetFaults] sets them. A request is struck by at most one: the first that
// fits it, so a list of faults that each strike once is a script.
//
//	err := box.SetFaults(
//		sandbox.Fault{Operation: sandbox.OperationGenerateAPIKey, Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1},
//		sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Header: map[string]string{"Retry-After": "1"}, Times: 2},
//	)
//
// Some clients repeat an idempotent request by themselves when a kept-alive connection is lost;
// Go's net/http is one of them. They count as several requests here.
//
// # Control by HTTP
//
// With [WithControl] the same listener serves, below /_sandbox/:
//
//	GET    /_sandbox/           the inspector: a page that shows exchanges, keys and faults
//	GET    /_sandbox/events     the exchanges as they happen, as server-sent events
//	GET    /_sandbox/contract   the contract, as OpenAPI in JSON
//	GET    /_sandbox/faults     the faults that can still strike: {"faults":[...]}
//	POST   /_sandbox/faults     replaces all faults, and answers as GET
//	DELETE /_sandbox/faults     removes all faults: 204
//	GET    /_sandbox/keys       the keys of all accounts: {"keys":[...]}
//	POST   /_sandbox/keys       registers a public key, as Bootstrap does with FromPublicKey: 201
//	GET    /_sandbox/exchanges  the last exchanges, oldest first: {"exchanges":[...]}
//	POST   /_sandbox/reset      Sandbox.Reset: 204
//
// The inspector shows each exchange with the checks that authenticated it, the text that the
// signature must be over and, where it was found out, the one that it is over, its explanation,
// and what leaves the contract; beside them keys and faults, which a click sets and clears, and
// the contract with a curl line for each operation. With WithControl every exchange is held
// against the contract, for which its request is read whole before it is served. Give
// [Sandbox.EndEvents] to [net/http.Server.RegisterOnShutdown], so that open pages do not hold
// the server up.
//
// Bodies are JSON with Content-Type: application/json; unknown properties are refused. What is
// wrong with a request is told as {"msg":"..."}. Private keys are never shown.
//
//	POST /_sandbox/faults
//	{"faults":[
//	  {"operation":"generateApiKey","point":"after","kind":"reset","times":1},
//	  {"kind":"status","status":503,"header":{"Retry-After":"1"},"body":"{\"msg\":\"down\"}","times":2},
//	  {"kind":"delay","point":"during","duration":"250ms"},
//	  {"kind":"missing_field","field":"/api_keys/0/name"}
//	]}
//
//	POST /_sandbox/keys
//	{"public_key":"-----BEGIN PUBLIC KEY-----...","account":"default","name":"ci",
//	 "scopes":["read","write"],"subaccount":3}
//
// All but kind and public_key may be left out. The kinds are delay, reset, drop, half_body,
// status, wrong_type, missing_field, stale_list and wrong_date; [FaultKind] says what each does
// and at which points (before, after, during) it can strike.
package sandbox
