package keystore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Delete removes the entries of revoked keys. It returns [ErrNotFound] for a key that is not in the store,
// and [ErrInvalid], with nothing removed, for one that is not revoked or is current.
func (s *Store) Delete(ctx context.Context, keyIDs ...string) error {
	return s.change(ctx, func(d *document) error {
		for _, keyID := range keyIDs {
			entry, err := s.entryIn(d, keyID)
			switch {
			case err != nil:
				return err
			case entry.State != StateRevoked:
				return fmt.Errorf("%w: %s is %s, and only the entry of a revoked key may go", ErrInvalid, keyID, entry.State)
			case d.Current[entry.BaseURL] == keyID:
				return fmt.Errorf("%w: %s is current for %s", ErrInvalid, keyID, entry.BaseURL)
			}
			d.Entries = slices.Delete(d.Entries, d.entryAt(keyID), d.entryAt(keyID)+1)
		}
		if len(keyIDs) == 0 {
			return errUnchanged
		}
		return nil
	})
}

// Copy puts all that one store holds into another, in one step, and leaves the first as it is. The other
// must be empty, or the error is [ErrConflict]. It is a store of its own: the journal's records in it are
// Foreign. Use one of the two from then on.
func Copy(ctx context.Context, from, to *Store) (err error) {
	for _, store := range []*Store{from, to} {
		lock, lockErr := store.Lock(ctx)
		if lockErr != nil {
			return lockErr
		}
		defer func() { err = errors.Join(err, lock.Unlock()) }()
	}
	stored, _, err := from.read(ctx)
	if err != nil {
		return err
	}
	return to.change(ctx, func(d *document) error {
		if len(d.Entries) > 0 || len(d.Journal) > 0 {
			return fmt.Errorf("%w: %s is not empty; nothing was copied", ErrConflict, to.place)
		}
		copied := stored.next(false)
		d.content = copied.content
		return nil
	})
}

// Status is what a store on a server says of itself to everyone who can read the document.
type Status struct {
	// StoreID is random and stays for the life of the store. It is empty for an empty store.
	StoreID string `json:"store_id"`
	// Revision counts the writes.
	Revision int64 `json:"revision"`
	// Bytes is how long the document is, and MaxBytes how long it may be.
	Bytes    int `json:"bytes"`
	MaxBytes int `json:"max_bytes"`
	// Holder says who holds the lock, empty if nobody does or the engine has a lock of its own, and Since
	// since when, by the holder's clock.
	Holder string    `json:"holder,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// Status returns what the document says in clear text. It unseals nothing.
func (s *Store) Status(ctx context.Context) (Status, error) {
	data, _, err := s.engine.Load(ctx)
	if err != nil {
		return Status{}, err
	}
	status := Status{Bytes: len(data), MaxBytes: maxDocument}
	var d *document
	switch rest, isSealed := cutMark(data); {
	case len(data) == 0:
		return status, nil
	case isSealed:
		d, err = s.decodeHead(rest)
	default:
		d, err = s.decode(data, &document{})
	}
	if err != nil {
		return Status{}, err
	}
	status.StoreID, status.Revision = d.StoreID, d.Revision
	if d.Lock != nil {
		status.Holder, status.Since = d.Lock.Holder, d.Lock.Since
	}
	return status, nil
}
