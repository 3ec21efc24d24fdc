package keystore

import (
	"context"
	"errors"
)

// Errors of engines.
var (
	// ErrStale is the error of a [Document.Swap] that came too late: the document has changed since it
	// was loaded. Nothing was written.
	ErrStale = errors.New("keystore: the store was changed by another at the same time")
	// ErrUnavailable: the engine's server cannot be reached, or did not answer in time. A [Store] asks
	// again for a while, also where a Swap may have taken effect.
	ErrUnavailable = errors.New("keystore: the store does not answer; try again once its server can be reached")
)

// errNotDurable marks the error of a Swap that took effect, but that a power cut could undo.
var errNotDurable = errors.New("a power cut could undo it")

// Reader reads one document. It is safe for concurrent use.
type Reader interface {
	// Load returns the document and a version that names this content: no other content ever has
	// the same version. Before the first write, both are empty. Load is linearizable: it returns what
	// the last write wrote that had returned nil before Load was called, or something newer. The
	// caller may change data.
	Load(ctx context.Context) (data []byte, version string, err error)
	// Changed waits until the document may have another version than the given one, or until ctx
	// ends, and then returns the error of ctx. It may return early.
	Changed(ctx context.Context, version string) error
}

// Document is one document that can be compared and swapped: all that a [Store] needs to keep its
// content. Package enginetest tells whether an implementation does what is said here. A Document
// knows bytes only; they may hold private keys in clear text. It is safe for concurrent use.
//
// What a Document returns may be wrapped: a type that embeds a Document and fails, waits or
// panics before or after Load or Swap is a Document.
type Document interface {
	Reader
	// Swap replaces the document if its version is still ifVersion, and returns the new version.
	// The document is durable when Swap returns nil. Of several calls with the same ifVersion, one
	// at most succeeds. Swap keeps no reference to data. [ErrStale] says for certain that nothing was
	// written; after any other error the document is the old one or the new one.
	Swap(ctx context.Context, data []byte, ifVersion string) (version string, err error)
}

// Locker is a [Document] with a lock of its own, which ends with its process. [NewDirectory] and
// [NewMemory] return one. A [Store] over any other Document keeps a [Lease] in the document.
type Locker interface {
	Document
	// Lock takes the only lock of the document, which excludes all other handles, goroutines and
	// processes, and waits for it until ctx ends. The lock of a process that dies becomes free.
	// unlock is called once.
	Lock(ctx context.Context) (unlock func() error, err error)
}

// Publisher is a [Document] on a server that others can read. Beside the document it keeps one object
// for each base URL, for readers that must not see the document: see [Published]. A [Store] over a
// Publisher needs a [Sealer].
type Publisher interface {
	Document
	// StoreName is the name of the store on its server. What is sealed is bound to it.
	StoreName() string
	// SwapAndPublish is Swap that in the same step replaces the objects of the base URLs in published,
	// and leaves the others.
	SwapAndPublish(ctx context.Context, data []byte, published map[string][]byte, ifVersion string) (version string, err error)
	// Published reads the object of a base URL.
	Published(baseURL string) Reader
}
