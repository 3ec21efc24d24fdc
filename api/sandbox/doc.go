// Package sandbox is a server that behaves like the service's API key management, for tests
// and for trying things out. It honours the contract (the routes and models are generated from
// openapi.yaml), keeps its state in memory, and checks every signature: a client that works
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
//  1. Route: the contract's document says which paths and methods there are. A trailing slash is
//     answered 301; another method on a path of the contract, and what is neither below the base path
//     nor the WebSocket's path, 404 as plain text. Neither needs authentication.
//  2. Authentication: the headers are there, the timestamp is inside the window, the key ID is
//     a UUID, a live key has it, the signature matches. Otherwise 401.
//  3. Rate limit: 429 without Retry-After.
//  4. Input: content type, one JSON value, required fields, types, rules between fields. 400
//     with the field's name.
//  5. Rights: the key's scopes and restrictions, the account's usage level and FCM membership,
//     the subtrader's visibility. 403 or 409.
//
// A request for an endpoint of the service that the contract does not have, such as an order, goes through
// 2 and 3 and its key's scopes as well. Then the handler of [WithFallback] answers; without one it is
// 404, with an explanation that says that the signature was right.
//
// Every answer carries Date from the sandbox's clock. Private keys are returned once by
// generateApiKey and [Sandbox.Bootstrap], and are neither kept nor logged.
//
// # Choices
//
// What nobody has recorded about the service is our own choice here. This table lists every
// choice, what the sandbox does by default, and the field of [Choices] that changes it.
//
//	Choice                                 Default                                  Field
//	clock window                           15 s behind to 30 s ahead                Behind, Ahead
//	the same signed text sent twice        accepted                                 RefuseReplay
//	RSA-PSS salt of another length         refused as a wrong signature             AnySaltLength
//	scope to read, scope for the rest      read, write                              ListScope, ManageScope
//	restricted or bound key manages keys   refused; it may list them                RestrictedManagement
//	key deletes itself                     allowed                                  RefuseSelfDeletion
//	account's level and membership         Premier, no FCM member                   Accounts
//	hidden subtraders, region expiration   none                                     Accounts
//	length of a name                       not limited                              MaxNameLength
//	empty name                             refused                                  EmptyNames
//	two keys of one name                   allowed                                  UniqueNames
//	empty list of scopes                   refused                                  EmptyScopes
//	number of keys                         not limited                              MaxKeys
//	RSA above 2048 bits                    up to 4096                               MaxRSABits
//	unknown properties in a body           ignored, as Go's encoding/json does      RefuseUnknownProperties
//	order of the list                      oldest first                             Order
//	when a new key works                   at once                                  CreateDelay
//	when a deleted key stops               at once                                  DeleteDelay
//	age of the key list                    current                                  ListDelay
//	rate limits, and the bucket drawn on   none; GET reads, the rest writes         RateLimits
//	bodies and statuses of refusals        see the Refusal constants                Answers
//	a missing key ID or timestamp header   as if all three were missing             Answers
//	a timestamp that is not a number       as one outside the window                Answers
//	a right missing on list or delete      401, as no 403 is documented             Answers
//	longest request body                   1 MiB, then 400                          none
//	null for an optional field             as if it were left out                   none
//	a name written twice in a body         the last one counts                      none
//	a query parameter sent twice           the first one counts                     none
//	fcm_subtrader_id of a list             filters, whatever key asks               none
//	HEAD                                   404, as for any undocumented method      none
//	an endpoint that the contract lacks    checked, then 404; or [WithFallback]     none
//	scope for such an endpoint             as above, or a child of it               ListScope, ManageScope
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
// wrong Date. [Sandbox.SetFaults] sets them. At most one happens to a request: the first that
// fits it, so a list of faults that each happen once is a script.
//
//	err := box.SetFaults(
//		sandbox.Fault{Operation: protocol.GenerateAPIKey, Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1},
//		sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Header: map[string]string{"Retry-After": "1"}, Times: 2},
//	)
//
// Some clients repeat an idempotent request by themselves when a kept-alive connection is lost;
// Go's net/http is one of them. They count as several requests here.
//
// Package control serves faults, keys and exchanges over HTTP, and a page that shows them.
package sandbox
