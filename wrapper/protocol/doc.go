// Package protocol is what the service fixes about a request: which text is signed and how, the
// names of the headers, the hosts and the base path, the operations, the form of a key ID,
// what an answer says about time, and what the text of a setting stands for. Client and sandbox both use it. So that the two are not wrong
// together, tests hold it to known-answer vectors that other implementations made.
//
// The signed text is timestamp + METHOD + path with nothing between them. RSA keys sign with
// RSA-PSS (SHA-256, MGF1 with SHA-256, a salt of 32 bytes), Ed25519 keys with plain Ed25519 over
// the same text (source: published). Body, host and query are not signed (source: published and
// observed).
//
// The package is a leaf: it imports the standard library only. Its functions are safe for
// concurrent use.
package protocol
