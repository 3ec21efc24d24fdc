package keystore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Put creates or replaces the entry with entry.KeyID. A revoked entry is stored without its
// private key. It returns [ErrInvalid] for an entry that contradicts itself and [ErrConflict] if a
// stored key would be lost.
func (s *Store) Put(ctx context.Context, entry Entry) error {
	entry, err := prepare(entry)
	if err != nil {
		return err
	}
	return s.change(ctx, func(d *document) error {
		at := d.entryAt(entry.KeyID)
		if at < 0 {
			d.Entries = append(d.Entries, entry.stored())
			return nil
		}
		if err := checkReplace(d.Entries[at].entry(), entry); err != nil {
			return err
		}
		d.Entries[at] = entry.stored()
		return nil
	})
}

// Get returns the entry with keyID, or [ErrNotFound].
func (s *Store) Get(ctx context.Context, keyID string) (Entry, error) {
	d, _, err := s.read(ctx)
	if err != nil {
		return Entry{}, err
	}
	return s.entryIn(d, keyID)
}

func (s *Store) entryIn(d *document, keyID string) (Entry, error) {
	at := d.entryAt(keyID)
	if at < 0 {
		return Entry{}, fmt.Errorf("%w with the key ID %q in %s", ErrNotFound, keyID, s.place)
	}
	return d.Entries[at].entry(), nil
}

// List returns all entries, the oldest first, the revoked ones included.
func (s *Store) List(ctx context.Context) ([]Entry, error) {
	d, _, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, stored := range d.Entries {
		entries = append(entries, stored.entry())
	}
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.KeyID, b.KeyID))
	})
	return entries, nil
}

// SetCurrent makes the entry with keyID the current one for baseURL, in one step. The entry must
// be there (else [ErrNotFound]), belong to baseURL and not be revoked (else [ErrInvalid]).
func (s *Store) SetCurrent(ctx context.Context, baseURL, keyID string) error {
	baseURL, err := normal(baseURL)
	if err != nil {
		return err
	}
	return s.change(ctx, func(d *document) error {
		entry, err := s.entryIn(d, keyID)
		if err == nil {
			err = checkCurrent(entry, baseURL)
		}
		if err == nil {
			d.Current[baseURL] = keyID
		}
		return err
	})
}

// Current returns the current entry for baseURL, or [ErrNoCurrent]. Look at its state: the current
// key may have been revoked since.
func (s *Store) Current(ctx context.Context, baseURL string) (Entry, error) {
	baseURL, err := normal(baseURL)
	if err != nil {
		return Entry{}, err
	}
	d, _, err := s.read(ctx)
	if err != nil {
		return Entry{}, err
	}
	keyID, ok := d.Current[baseURL]
	if !ok {
		return Entry{}, fmt.Errorf("%w for %s in %s", ErrNoCurrent, baseURL, s.place)
	}
	return s.entryIn(d, keyID)
}

// PutJournal creates or replaces the record with record.ID. A replaced record keeps its place in
// the order, and stays Foreign if it was; what the record here says of that does not count. It returns [ErrInvalid] for an ID or data that are too long.
func (s *Store) PutJournal(ctx context.Context, record JournalRecord) error {
	if err := checkRecord(record); err != nil {
		return err
	}
	return s.change(ctx, func(d *document) error {
		if at := d.recordAt(record.ID); at >= 0 {
			d.Journal[at].Data = bytes.Clone(record.Data)
		} else {
			d.Journal = append(d.Journal, storedRecord{record.ID, bytes.Clone(record.Data), d.StoreID})
		}
		return nil
	})
}

// Journal returns all records, the one created first at the front.
func (s *Store) Journal(ctx context.Context) ([]JournalRecord, error) {
	d, version, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var records []JournalRecord
	for _, stored := range d.Journal {
		isForeign := stored.StoreID != d.StoreID || s.isCopy(version)
		records = append(records, JournalRecord{stored.ID, bytes.Clone(stored.Data), isForeign})
	}
	return records, nil
}

// Adopt makes all records of the journal this store's own. It is for a copy that takes the place of
// the store which it was copied from, when that is not used any more.
func (s *Store) Adopt(ctx context.Context) error {
	return s.change(ctx, func(d *document) error {
		for i := range d.Journal {
			d.Journal[i].StoreID = d.StoreID
		}
		return nil
	})
}

// DeleteJournal deletes the record with id. It also returns nil if there is no such record.
func (s *Store) DeleteJournal(ctx context.Context, id string) error {
	return s.change(ctx, func(d *document) error {
		at := d.recordAt(id)
		if at < 0 {
			return errUnchanged
		}
		d.Journal = slices.Delete(d.Journal, at, at+1)
		return nil
	})
}
