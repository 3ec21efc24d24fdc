// Package control lets the people and programs that run a sandbox see and change it: over HTTP for
// clients in any language, and as a page for a browser, the inspector. [Handler] serves both beside the sandbox, below
// /_sandbox/:
//
//	GET    /_sandbox/           the inspector: a page that shows exchanges, keys and faults
//	GET    /_sandbox/contract   the contract, as OpenAPI in JSON
//	GET    /_sandbox/faults     the faults that can still happen: {"faults":[...]}
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
// the contract with a curl line for each operation. It reads the exchanges once a second.
//
// Bodies are JSON with Content-Type: application/json; unknown properties are refused. The answer
// to a wrong request is {"msg":"..."}. Private keys are never shown.
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
// status, wrong_type, missing_field, stale_list and wrong_date; [sandbox.FaultKind] says what each
// does and at which points (before, after, during) it can happen.
package control
