package keystore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"kalshi.internal/apikeys/wrapper/internal/privatefile"
)

// asideName is the directory in the store for what was set aside.
const asideName = "damaged"

func (f *folder) setAside(check func(data []byte) error) (moved []string, err error) {
	found, err := f.damagedFiles(check)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	aside, err := f.makeAside()
	if err != nil {
		return nil, err
	}
	defer func() { _ = aside.Close() }()
	for _, each := range found {
		name := each.name
		// A name that was never used, so that nothing there is replaced.
		place := name + "." + strings.ToLower(rand.Text()[:12])
		if err := f.Move(name, filepath.Join(asideName, place)); err != nil {
			return moved, fmt.Errorf("keystore: %s was not set aside: %w%s", f.in(name), plain(err), mend(err))
		}
		moved = append(moved, aside.in(place))
	}
	// The new places first: after a power cut a file may be in both, but not in neither.
	if err := errors.Join(aside.Sync(), f.Sync()); err != nil {
		return moved, fmt.Errorf("keystore: files were set aside in %s, but %w: %w", aside.Path, errNotDurable, err)
	}
	if err := f.restore(); err != nil && !canBeSetAside(err) {
		return moved, err
	}
	return moved, nil
}

// damagedFile is a file of the store that holds what it should not, and why.
type damagedFile struct {
	name    string
	problem error
}

func (f *folder) damagedFiles(check func(data []byte) error) (found []damagedFile, err error) {
	names, err := f.names()
	for _, name := range names {
		if name != mainName && revisionOf(name) == 0 {
			continue
		}
		stored, err := f.read(name)
		if err == nil {
			err = check(stored.data)
		}
		if canBeSetAside(err) {
			found = append(found, damagedFile{name, err})
		}
	}
	return found, err
}

// makeAside opens the directory for what is set aside, and makes it if it is not there.
func (f *folder) makeAside() (*folder, error) {
	err := f.Around("make directory", func() error { return f.Mkdir(asideName, 0o700) })
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keystore: the directory %s cannot be made: %w%s", f.in(asideName), plain(err), mend(err))
	}
	info, err := f.Lstat(asideName)
	if err == nil {
		err = checkName(info, f.in(asideName), "Put a directory in its place")
	}
	if err != nil {
		return nil, unopened(f.in(asideName), err)
	}
	root, err := f.OpenRoot(asideName)
	if err != nil {
		return nil, unopened(f.in(asideName), err)
	}
	aside := &folder{privatefile.Dir{Root: root, Path: f.in(asideName), Around: f.Around}}
	return aside, aside.check(root)
}
