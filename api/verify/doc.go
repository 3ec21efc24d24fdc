// Package verify holds a live server against the contract in openapi.yaml.
//
// [Run] sends right and wrong requests for every operation of the contract and judges each answer:
// its status, and its headers and body by the checks of package contract. The result is a [Report].
//
// # What is sent
//
// Right requests are: a list; generate for each key type, with each scope, for the lowest and the
// highest subaccount and for a subtrader; create with an RSA and an Ed25519 key; delete. Each new
// key must appear in the list once, with exactly the scopes and the restriction that the request
// asked for. A key of each type must sign a list, and must be refused once it is deleted. The list
// of a subtrader must hold the keys of that subtrader only.
//
// Wrong requests are derived from the contract: each required field missing, each type wrong, each
// bound crossed, each header missing or wrong, and methods, paths and trailing slashes that the
// contract does not have. Each mistake that package explain can name is made, and those of the signed
// method and path in every way and with every operation. Keys that were made here sign under
// each other's IDs, and a key of the type that the target's own is not makes the mistakes of its type.
// A wrong request that is accepted is a deviation, and the key that it made is deleted. An operation of
// the contract for which this package has no checks is named in the report.
//
// # What is tolerated
//
// These become notes, because they depend on the account or nobody has recorded what the service
// does: 403 on create because of the usage level; refusals of subaccounts and subtraders that the
// account does not have; null for an optional field, unknown fields and duplicate names in a request
// being ignored; 415 in place of 400 for a wrong content type; another refusal than 404 or 301 of what
// the contract has no operation for; fields in responses that the contract
// does not have yet. A 429 is waited for. A request that got 401 is sent once more if its timestamp
// may have expired on the way.
//
// # What happens to keys
//
// Every key that is made has a name that begins with kalshi-contract-verify-. It is deleted as soon
// as it has served, at the latest before Run returns. Keys that existed before, and the key of the
// target itself, are never deleted. A key may appear in the list that neither an answer nor its name
// identifies: a request whose answer was lost may have made it, or another program. It is kept and
// reported as breaking, so that somebody looks at it. A private key in an answer signs a few requests
// and is dropped. Neither private keys nor signatures are in the report.
package verify
