package keystore

import (
	"context"
	"errors"
)

// Errors that a caller decides on. Look for them with [errors.Is].
var (
	// ErrNotFound: the store holds no entry with that key ID.
	ErrNotFound = errors.New("keystore: no such entry")
	// ErrNoCurrent: no entry was made current for that base URL yet.
	ErrNoCurrent = errors.New("keystore: no key is current")
	// ErrConflict: the store holds an entry with that key ID that would be lost: one with another
	// key pair or for another base URL, or with a private key that the new one lacks.
	ErrConflict = errors.New("keystore: the entry would replace another")
	// ErrInvalid: what was to be stored contradicts itself or lacks a part. Nothing was changed.
	ErrInvalid = errors.New("keystore: cannot be stored")
	// ErrNotLocked: a method that writes was called without the lock.
	ErrNotLocked = errors.New("keystore: the lock is not held")
	// ErrNoPrivateKey: the entry has no private key to sign with.
	ErrNoPrivateKey = errors.New("keystore: the entry has no private key")
)

// Store keeps entries, which of them is current for each base URL, and the journal of changes
// that are under way. [Directory] is one; package keystoretest tells whether another does what
// is said here.
//
// Writing, that is [Store.Put], [Store.SetCurrent], [Store.PutJournal] and
// [Store.DeleteJournal], needs the lock of the same Store: without it they return [ErrNotLocked]
// and change nothing. What they have written is durable when they return nil; after an error it
// is the old state or the new one, never a mixture. The context is looked at before writing
// begins, and what has begun is not broken off.
//
// Reading needs no lock and sees every write whole or not at all. Times are those of the
// machine that wrote. A Store is safe for concurrent use.
type Store interface {
	// Lock takes the store's only lock, which excludes all other processes and goroutines, and
	// waits for it until ctx ends. A process that dies gives it back. The lock is not reentrant.
	// Calling unlock again does nothing.
	Lock(ctx context.Context) (unlock func() error, err error)

	// Put creates or replaces the entry with entry.KeyID. A revoked entry is stored without its
	// private key. It returns ErrInvalid for an entry that contradicts itself, ErrConflict if a
	// stored key would be lost, and a *DamagedError if the stored entry cannot be read.
	Put(ctx context.Context, entry Entry) error
	// Get returns the entry with keyID, ErrNotFound, or a *DamagedError.
	Get(ctx context.Context, keyID string) (Entry, error)
	// List returns all entries, the oldest first, the revoked ones included. It returns the
	// readable entries together with the joined errors of the others.
	List(ctx context.Context) ([]Entry, error)

	// SetCurrent makes the entry with keyID the current one for baseURL, in one step. The entry
	// must be readable (else ErrNotFound or a *DamagedError), belong to baseURL and not be
	// revoked (else ErrInvalid).
	SetCurrent(ctx context.Context, baseURL, keyID string) error
	// Current returns the current entry for baseURL, ErrNoCurrent, or a *DamagedError. Look at
	// its state: what is current can have been revoked since.
	Current(ctx context.Context, baseURL string) (Entry, error)

	// PutJournal creates or replaces the record with record.ID. A replaced record keeps its
	// place in the order. It returns ErrInvalid for an ID or data that are too long.
	PutJournal(ctx context.Context, record JournalRecord) error
	// Journal returns all records, the one created first at the front. It returns the readable
	// records together with the joined errors of the others.
	Journal(ctx context.Context) ([]JournalRecord, error)
	// DeleteJournal deletes the record with id. An absent one is no error.
	DeleteJournal(ctx context.Context, id string) error
}

// DamagedError says that a part of the store cannot be used as it is: half a file, a file of
// another program, a private key that is not the entry's. It quotes no byte of what it is about.
type DamagedError struct {
	// Path says which part it is. A store without files puts its own kind of place here.
	Path string
	// Problem says what is wrong with it.
	Problem string
	// Hint says in plain words what to do.
	Hint string

	// keep is set for what is sound, but not for this program.
	keep bool
}

// Error returns one line: where, what is wrong, and what to do.
func (e *DamagedError) Error() string {
	return "keystore: " + e.Path + " is damaged: " + e.Problem + ". " + e.Hint
}
