package keystore

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
)

// recordFile is a journal record as it lies in its file. Nothing prints one.
type recordFile struct {
	Version int    `json:"version"`
	ID      string `json:"id"`
	// Sequence orders the records: clocks may differ between those who write them.
	Sequence int64  `json:"sequence"`
	Data     []byte `json:"data"`
}

// PutJournal implements [Store].
func (d *Directory) PutJournal(ctx context.Context, record JournalRecord) error {
	if err := CheckRecord(record); err != nil {
		return err
	}
	name, _ := fileName(journalPrefix, record.ID)
	return d.writing(ctx, func(f *folder) error {
		file := recordFile{Version: formatVersion, ID: record.ID, Data: record.Data}
		stored, err := f.record(name)
		switch {
		case err == nil:
			file.Sequence = stored.Sequence
		case errors.Is(err, fs.ErrNotExist):
			file.Sequence = f.nextSequence()
		default:
			return err
		}
		return f.replace(name, encode(file))
	})
}

// Journal implements [Store].
func (d *Directory) Journal(ctx context.Context) (records []JournalRecord, err error) {
	var files []recordFile
	err = d.reading(ctx, func(f *folder) error {
		files, err = readAll(f, journalPrefix, f.record)
		return err
	})
	slices.SortFunc(files, func(a, b recordFile) int {
		return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.ID, b.ID))
	})
	for _, file := range files {
		records = append(records, JournalRecord{file.ID, file.Data})
	}
	return records, err
}

// DeleteJournal implements [Store].
func (d *Directory) DeleteJournal(ctx context.Context, id string) error {
	return d.writing(ctx, func(f *folder) error {
		name, ok := fileName(journalPrefix, id)
		if !ok {
			return nil
		}
		return f.delete(name)
	})
}

// nextSequence comes after all records that can be read. The lock keeps it from being taken
// twice.
func (f *folder) nextSequence() int64 {
	files, _ := readAll(f, journalPrefix, f.record) // what cannot be read has no place in the order
	next := int64(1)
	for _, file := range files {
		next = max(next, file.Sequence+1)
	}
	return next
}

// record reads the journal record in the file name.
func (f *folder) record(name string) (recordFile, error) {
	content, err := f.read(name)
	if err != nil {
		return recordFile{}, err
	}
	return decodeRecord(content, name, f.in(name))
}

func decodeRecord(content []byte, name, path string) (recordFile, error) {
	var file recordFile
	if err := decode(content, path, &file); err != nil {
		return recordFile{}, err
	}
	if own, _ := fileName(journalPrefix, file.ID); own != name {
		return recordFile{}, damaged(path, "it is the record of another ID")
	}
	return file, nil
}
