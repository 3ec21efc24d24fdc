package keystore

import (
	"context"
	"errors"
)

// ErrStale is the error of a [Document.Swap] that came too late: the document has changed since it
// was loaded. Nothing was written.
var ErrStale = errors.New("keystore: the store was changed by another at the same time")

// errNotDurable marks the error of a Swap that took effect, but that a power cut could undo.
var errNotDurable = errors.New("a power cut could undo it")

// Document is one document that can be compared and swapped: all that a [Store] needs to keep its
// content. Package enginetest tells whether an implementation does what is said here. A Document
// knows bytes only; they may hold private keys in clear text. It is safe for concurrent use.
//
// What a Document returns may be wrapped: a type that embeds an [Engine] and fails, waits or
// panics before or after Load or Swap is an Engine.
type Document interface {
	// Load returns the document and a version that names this content: no other content ever has
	// the same version. Before the first Swap, both are empty. Load is linearizable: it returns what
	// the last Swap wrote that had returned nil before Load was called, or something newer. The
	// caller may change data.
	Load(ctx context.Context) (data []byte, version string, err error)
	// Swap replaces the document if its version is still ifVersion, and returns the new version.
	// The document is durable when Swap returns nil. Of several calls with the same ifVersion, one
	// at most succeeds. Swap keeps no reference to data. [ErrStale] says for certain that nothing was
	// written; after any other error the document is the old one or the new one.
	Swap(ctx context.Context, data []byte, ifVersion string) (version string, err error)
	// Changed waits until the document may have another version than the given one, or until ctx
	// ends, and then returns the error of ctx. It may return early.
	Changed(ctx context.Context, version string) error
}

// Engine is a [Document] with a lock. [NewDirectory] and [NewMemory] return one.
type Engine interface {
	Document
	// Lock takes the only lock of the document, which excludes all other handles, goroutines and
	// processes, and waits for it until ctx ends. The lock of a process that dies becomes free.
	// unlock is called once.
	Lock(ctx context.Context) (unlock func() error, err error)
}
