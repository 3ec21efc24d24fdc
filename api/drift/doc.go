// Package drift tells what another revision of the service's OpenAPI document changes for users
// of this client.
//
// [Compare] reads a document (YAML or JSON, OpenAPI 3.0 or 3.1) and holds it against the contract
// that this module was generated from. The document may describe the whole service: only the
// operations that the contract covers are compared, together with whatever else the document has
// for API keys. Operations are matched by method and path. Operation IDs, names of path
// parameters, names of security schemes, the order of anything, $ref or inline, an allOf around a
// schema, anyOf instead of oneOf where no value fits two branches, additionalProperties: true, a
// base path written into the paths instead of the servers, server variables, and x- extensions
// make no difference.
//
// Each [Change] is breaking, additive or text only. What that means depends on the direction: a
// request must stay acceptable, so what narrows it breaks; an answer must stay readable, so what
// widens it breaks. Four choices of our own go beyond that rule: a field, parameter, body or
// content type that disappears is breaking even where it was optional, because programs may use
// it; a new field in an answer is additive, because readers ignore fields they do not know; an
// error status more or less is additive, because a client must expect any error status; and a
// default that comes to a request is breaking, because it may change what leaving the value out
// means, unless the contract says in words that it means just that.
//
// The comparison itself is oasdiff's structural diff. The verdicts of its checker are not used:
// it is silent about servers, a credential that moves to another header, uniqueItems, multipleOf,
// not, minProperties and additionalProperties, and calls it breaking when an answer closes an
// open set. Where else it calls something breaking, so does this package; a test holds it to
// that.
//
// A document is outside input: nothing it refers to is fetched, and what cannot be read is an
// error that wraps [ErrDocument].
package drift
