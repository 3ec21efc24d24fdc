// Package contract holds what a client sends and what a server answers against openapi.yaml.
//
// [Transport] checks what a client sends and gets, [Handler] what a server gets and sends:
//
//	client := &http.Client{Transport: contract.Transport(nil, contract.TB(t))}
//	server := httptest.NewServer(contract.Handler(fake, contract.TB(t)))
//
// Neither changes or stops anything. What leaves the contract is a [Violation]; it goes to a
// [Reporter], which is [TB] to fail a test or a [Collector] to look at it later. An [Option]
// lets a deviation pass on purpose. [Coverage] counts which operations and statuses a run has
// exercised. Package verify sends right and wrong requests to a live server and judges the answers.
//
// # What is checked
//
// Everything that the contract states: paths, methods, statuses, parameters, the three
// authentication headers, media types, and every keyword of its schemas, by kin-openapi. What would
// go unchecked, such as an unknown format or headers of a response, makes this package refuse the
// contract, and its tests fail.
//
// Validators commonly let more pass than a contract states. This package does not: a body must be
// exactly one JSON value in UTF-8 without duplicate keys; parameters, properties, bodies, statuses
// and redirects that the contract does not have are violations; authentication headers must look as
// a signer makes them; an integer must be written as one, because a Go client cannot decode 1.0; and
// the rules that only its descriptions state hold (write needs read, the PEM forms of keys, rsa where
// a request names no key type).
//
// # What is never shown
//
// A violation describes values by kind and length. It quotes only short words, such as enum values,
// and UUIDs. No field of it holds key material or a signature, wherever in a message they stood.
//
// Everything here is safe for concurrent use.
package contract
