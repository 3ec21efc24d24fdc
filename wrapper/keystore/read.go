package keystore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxFileBytes is our own choice. JSON may need 6 bytes for one of an entry's texts, and needs 4
// bytes for 3 of a journal record's data.
const maxFileBytes = 1 << 20

// read returns what is in the file name. It returns an error that is [fs.ErrNotExist] if there
// is none, an [*InsecureError], or a [*DamagedError] for what is no file of a store.
func (f *folder) read(name string) ([]byte, error) {
	file, err := f.openFile(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	// One byte more than is allowed tells "too large" from "just fits".
	content, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, f.unread(name, err)
	}
	if len(content) > maxFileBytes {
		return nil, damaged(f.in(name), "it is larger than any file of a store")
	}
	return content, nil
}

// openFile looks at the name, to see a symbolic link, and at what was opened.
func (f *folder) openFile(name string) (*os.File, error) {
	info, err := f.Lstat(name)
	if err != nil {
		return nil, f.unread(name, err)
	}
	if err := checkFileName(info, f.in(name)); err != nil {
		return nil, err
	}
	file, err := f.OpenFile(name, os.O_RDONLY|doNotWait, 0)
	if err != nil {
		return nil, f.unread(name, err)
	}
	info, err = file.Stat()
	if err == nil {
		err = checkFile(info, f.in(name))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func checkFile(info fs.FileInfo, path string) error {
	if !info.Mode().IsRegular() {
		return damaged(path, "it is no regular file")
	}
	return checkPrivate(info, path)
}

func (f *folder) unread(name string, err error) error {
	return fmt.Errorf("keystore: the file %s cannot be read: %w", f.in(name), plain(err))
}
