// Package drift tells what another revision of the service's OpenAPI document changes for users
// of this client.
//
// [Compare] reads a document (YAML or JSON, OpenAPI 3.0 or 3.1) and holds it against the contract
// that this module was generated from. The document may describe the whole service: only what
// concerns API keys is compared. [CompareDocuments] does the same with two documents of the
// service. Operations are matched by method and path. The case of operation IDs, names of path
// parameters, names of security schemes, the order of anything, $ref or inline, allOf where its
// branches can be merged, anyOf instead of oneOf where no value fits two branches,
// additionalProperties: true, a base path written into the paths instead of the servers, server
// variables, and x- extensions make no difference.
//
// Each [Change] is breaking, additive, known or text only. It is found by a walk through both
// operations and judged alone, by oasdiff's checker: a request must stay acceptable, so what
// narrows it breaks; an answer must stay readable, so what widens it breaks. Where the checker
// knows no rule for a keyword, a change of it is breaking until a person has looked at it. Of our
// own are:
//
//   - servers and security, which are compared as what goes over the wire;
//   - a field or header of an answer that disappears is breaking even where it was optional,
//     because programs may use it, and so is another success status;
//   - a default that comes to a request or changes is breaking, because it may change what leaving
//     the value out means, unless the contract says in words that it means just that;
//   - fields of an answer that the document does not name may always be there;
//   - a choice between schemas that becomes one of them, or the reverse;
//   - what the contract has from observation alone (x-source: observed), such as the bodies of
//     errors, is known to be absent from the service's documents. Its absence is known, neither
//     breaking nor additive. That it is there and different is not.
//
// A document is outside input: nothing it refers to is fetched, what is broken outside of the
// operations for API keys does no harm, and what cannot be read is an error that wraps
// [ErrDocument].
package drift
