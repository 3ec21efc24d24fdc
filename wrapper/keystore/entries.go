package keystore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Put implements [Store].
func (d *Directory) Put(ctx context.Context, entry Entry) error {
	entry, err := Prepare(entry)
	if err != nil {
		return err
	}
	name, _ := fileName(entryPrefix, entry.KeyID)
	return d.writing(ctx, func(f *folder) error {
		stored, err := f.entry(name)
		if err == nil {
			err = CheckReplace(stored, entry)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return f.replace(name, encodeEntry(entry))
	})
}

// Get implements [Store].
func (d *Directory) Get(ctx context.Context, keyID string) (entry Entry, err error) {
	err = d.reading(ctx, func(f *folder) error {
		entry, err = f.entryOf(keyID)
		return err
	})
	return entry, err
}

// List implements [Store].
func (d *Directory) List(ctx context.Context) (entries []Entry, err error) {
	err = d.reading(ctx, func(f *folder) error {
		entries, err = readAll(f, entryPrefix, f.entry)
		return err
	})
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.KeyID, b.KeyID))
	})
	return entries, err
}

// entryOf returns the entry with keyID, or ErrNotFound.
func (f *folder) entryOf(keyID string) (Entry, error) {
	name, ok := fileName(entryPrefix, keyID)
	if !ok {
		return Entry{}, ErrNotFound
	}
	entry, err := f.entry(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, fmt.Errorf("%w: %s has no file %s", ErrNotFound, f.path, name)
	}
	return entry, err
}

// entry reads the entry in the file name.
func (f *folder) entry(name string) (Entry, error) {
	content, err := f.read(name)
	if err != nil {
		return Entry{}, err
	}
	return decodeEntry(content, name, f.in(name), f.sound)
}

// readAll reads all files of one kind, and goes on when one cannot be read.
func readAll[T any](f *folder, prefix string, read func(name string) (T, error)) ([]T, error) {
	names, err := f.names()
	if err != nil {
		return nil, err
	}
	var found []T
	var problems []error
	for _, name := range names {
		if !isNameOf(prefix, name) {
			continue
		}
		one, err := read(name)
		switch {
		case err == nil:
			found = append(found, one)
		case !errors.Is(err, fs.ErrNotExist): // deleted since the names were read
			problems = append(problems, err)
		}
	}
	return found, errors.Join(problems...)
}
