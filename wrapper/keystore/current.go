package keystore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// currentFile says which key is current for a base URL. Only its replacement switches, so there
// is no moment without one.
type currentFile struct {
	Version int    `json:"version"`
	BaseURL string `json:"base_url"`
	KeyID   string `json:"key_id"`
}

// SetCurrent implements [Store].
func (d *Directory) SetCurrent(ctx context.Context, baseURL, keyID string) error {
	baseURL, err := NormalizeBaseURL(baseURL)
	if err != nil {
		return err
	}
	return d.writing(ctx, func(f *folder) error {
		entry, err := f.entryOf(keyID)
		if err == nil {
			err = CheckCurrent(entry, baseURL)
		}
		if err != nil {
			return err
		}
		return f.replace(currentName(baseURL), encode(currentFile{formatVersion, baseURL, entry.KeyID}))
	})
}

// Current implements [Store].
func (d *Directory) Current(ctx context.Context, baseURL string) (entry Entry, err error) {
	baseURL, err = NormalizeBaseURL(baseURL)
	if err != nil {
		return Entry{}, err
	}
	err = d.reading(ctx, func(f *folder) error {
		entry, err = f.currentEntry(baseURL)
		return err
	})
	return entry, err
}

func (f *folder) currentEntry(baseURL string) (Entry, error) {
	name := currentName(baseURL)
	keyID, err := f.current(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, fmt.Errorf("%w for %s in %s", ErrNoCurrent, baseURL, f.path)
	}
	if err != nil {
		return Entry{}, err
	}
	entry, err := f.entryOf(keyID)
	if errors.Is(err, ErrNotFound) {
		return Entry{}, damaged(f.in(name), "it names a key that the store does not hold")
	}
	if err == nil && entry.BaseURL != baseURL {
		return Entry{}, damaged(f.in(name), "it names a key of another base URL")
	}
	return entry, err
}

// current reads which key ID the file name says is current.
func (f *folder) current(name string) (string, error) {
	content, err := f.read(name)
	if err != nil {
		return "", err
	}
	return decodeCurrent(content, name, f.in(name))
}

func decodeCurrent(content []byte, name, path string) (string, error) {
	var file currentFile
	if err := decode(content, path, &file); err != nil {
		return "", err
	}
	if !isNormal(file.BaseURL) || currentName(file.BaseURL) != name {
		return "", damaged(path, "it is that of another base URL")
	}
	if file.KeyID == "" {
		return "", damaged(path, "it names no key")
	}
	return file.KeyID, nil
}
