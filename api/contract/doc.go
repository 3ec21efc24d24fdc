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
// authentication headers, media types, and every keyword of its schemas. A keyword that is not
// checked cannot be added to the contract unnoticed: this package refuses to compile it, and
// its tests fail.
//
// Beyond the schemas, because validators commonly let it pass: a body must be exactly one JSON
// value in UTF-8 without duplicate keys; nothing may be there that the contract does not have
// (parameters, properties, bodies, statuses, redirects); authentication headers must look as a
// signer makes them; an integer is written as one, because 1.0 is none to a Go client; and the
// rules the contract states in words hold (write needs read, the PEM forms of keys, rsa
// where a request names no key type).
//
// The schemas are checked by code of this package, not by kin-openapi, which loads them:
// its errors quote the values they are about, private keys included, and it cannot see what
// its JSON decoder has dropped. A test holds the two against each other.
//
// # What is never shown
//
// A violation describes values by kind and length. Only short words, such as enum values, and
// UUIDs are quoted. Key material and signatures are in no field of it, wherever in a message
// they stood.
//
// Everything here is safe for concurrent use.
package contract
