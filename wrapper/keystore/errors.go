package keystore

import (
	"errors"

	"kalshi.internal/apikeys/wrapper"
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
	// ErrInvalid: what was to be stored contradicts itself, lacks a part or is too large. Nothing was
	// changed.
	ErrInvalid = errors.New("keystore: cannot be stored")
	// ErrNotLocked: a method that writes was called without the lock.
	ErrNotLocked = errors.New("keystore: the lock is not held")
	// ErrLockLost: the lock of the store may have gone to another, because the store did not answer in
	// time or this program was stopped for a while. Nothing was written.
	ErrLockLost = errors.New("keystore: the lock of the store was lost")
	// ErrNoPrivateKey: the entry has no private key to sign with.
	ErrNoPrivateKey = errors.New("keystore: the entry has no private key")
)

// DamagedError says that the store cannot be read as it is: only a part of its file is there, it is
// the file of another program, or it is sealed with another key. It quotes no byte of the content.
type DamagedError struct {
	// Path is the file, or what an engine without files calls its place.
	Path string
	// Problem says what is wrong with it.
	Problem string
	// Hint says in plain words what to do.
	Hint string

	// keep is set for what may be sound, but cannot be read by this program or with this key.
	keep bool
}

// Error returns one line: where, what is wrong, and what to do.
func (e *DamagedError) Error() string {
	return "keystore: " + e.Path + " is damaged: " + e.Problem + ". " + e.Hint
}

func damaged(path, problem string) error {
	return &DamagedError{
		Path: path, Problem: problem,
		Hint: "Put back a sound copy, or have it set aside: nothing is deleted",
	}
}

// newer is for what a later version wrote: it is sound, and this program must leave it alone.
func newer(path string) error {
	return &DamagedError{
		Path: path, Problem: "a later version of this program wrote it",
		Hint: "Use that version", keep: true,
	}
}

// canBeSetAside reports whether err is about content that is damaged for certain.
func canBeSetAside(err error) bool {
	damage, ok := errors.AsType[*DamagedError](err)
	return ok && !damage.keep
}

// InsecureError says that somebody other than its owner could use a directory or file of the store, or
// that it is not what it seems. Nothing was read from it or written to it. errors.Is finds
// [wrapper.ErrInsecure] in it.
type InsecureError struct {
	// Path is the directory or file.
	Path string
	// Problem says what is wrong with it.
	Problem string
	// Hint says what to do, with the command to run if there is one.
	Hint string
}

// Error returns one line: where, what is wrong, and what to do.
func (e *InsecureError) Error() string {
	return "keystore: " + e.Path + " is refused: " + e.Problem + ". " + e.Hint
}

// Unwrap returns [wrapper.ErrInsecure].
func (e *InsecureError) Unwrap() error { return wrapper.ErrInsecure }
