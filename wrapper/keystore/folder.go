package keystore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"kalshi.internal/apikeys/wrapper/internal/privatefile"
)

// The files that are locked. They are empty and never removed: while one process holds the lock of a
// removed file, another would make and lock a new one.
const (
	// lockName is the lock of the store, which a caller holds as long as it likes.
	lockName = "lock"
	// swapLockName is held while the directory is changed. It makes compare and swap one step.
	swapLockName = "lock.swap"
)

// lockEvery is how long to wait between two attempts to get a lock: our own choice, short against
// the calls to the service that are made while it is held.
const lockEvery = 10 * time.Millisecond

// maxFile is how long a file of the store may be: a document and its header.
const maxFile = maxDocument + 1<<10

// folder is a private directory, opened for one call. Only taking a lock leaves it.
type folder struct{ privatefile.Dir }

func (d *Directory) folder(root *os.Root, path string) *folder {
	return &folder{privatefile.Dir{Root: root, Path: path, Around: d.around}}
}

// open opens the directory. It looks at the name, to see a symbolic link, and at what was opened,
// which cannot be exchanged any more.
func (d *Directory) open() (*folder, error) {
	info, err := os.Lstat(d.path)
	if err == nil {
		err = checkName(info, d.path, "Name the directory that it leads to")
	}
	if err == nil && !info.IsDir() {
		err = &InsecureError{d.path, "it is not a directory", "Name a directory, or a path where there is nothing"}
	}
	if err != nil {
		return nil, unopened(d.path, err)
	}
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return nil, unopened(d.path, err)
	}
	f := d.folder(root, d.path)
	return f, f.check(root)
}

// check refuses an open directory that others could use, and closes it then.
func (f *folder) check(root *os.Root) error {
	info, err := root.Stat(".")
	if err == nil {
		err = checkPrivate(info, f.Path)
	}
	if err != nil {
		return errors.Join(unopened(f.Path, err), root.Close())
	}
	return nil
}

// in returns the path of a file in f, for errors.
func (f *folder) in(name string) string { return filepath.Join(f.Path, name) }

// names returns the names in f, sorted.
func (f *folder) names() ([]string, error) {
	entries, err := fs.ReadDir(f.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("keystore: the directory %s cannot be read: %w", f.Path, plain(err))
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}

// content returns what is in the file name, and the file's identity. It returns an error that is [fs.ErrNotExist] if there is
// none, an [*InsecureError], or a [*DamagedError] for what cannot be a file of a store.
func (f *folder) content(name string) (content []byte, identity string, err error) {
	info, err := f.Lstat(name)
	if err != nil {
		return nil, "", f.unread(name, err)
	}
	if err := checkName(info, f.in(name), "Put the file itself in its place"); err != nil {
		return nil, "", err
	}
	opened, err := f.OpenFile(name, os.O_RDONLY|doNotWait, 0)
	if err != nil {
		return nil, "", f.unread(name, err)
	}
	defer func() { _ = opened.Close() }()
	info, err = opened.Stat()
	if err != nil {
		return nil, "", f.unread(name, err)
	}
	if err := checkFile(info, f.in(name)); err != nil {
		return nil, "", err
	}
	// One byte more than is allowed tells "too large" from "just fits".
	content, err = io.ReadAll(io.LimitReader(opened, maxFile+1))
	switch {
	case err != nil:
		return nil, "", f.unread(name, err)
	case len(content) > maxFile:
		return nil, "", damaged(f.in(name), "it is larger than any file of a store")
	}
	return content, privatefile.Identity(opened), nil
}

// lock waits for the lock of the file name until ctx ends.
func (f *folder) lock(ctx context.Context, name string) (unlock func() error, err error) {
	path := f.in(name)
	if info, err := f.Lstat(name); err == nil { // opening a pipe would wait for its other end
		if err := errors.Join(checkName(info, path, "Put the file itself in its place"), checkFile(info, path)); err != nil {
			return nil, err
		}
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	_, err = lock.TryLockContext(ctx, lockEvery)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, fmt.Errorf("keystore: %s was not locked: another process holds the lock: %w", f.Path, err)
	default:
		return nil, fmt.Errorf("keystore: %s was not locked: %w%s", path, plain(err), mend(err))
	}
	info, err := lock.Stat()
	if err == nil {
		err = checkFile(info, path)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return lock.Unlock, nil
}

func unopened(path string, err error) error {
	if speaksForItself(err) {
		return err
	}
	return fmt.Errorf("keystore: the directory %s cannot be opened: %w", path, plain(err))
}

func (f *folder) unread(name string, err error) error {
	return fmt.Errorf("keystore: the file %s cannot be read: %w", f.in(name), plain(err))
}

// plain returns the system's reason alone: the names it comes with are parts of a path.
func plain(err error) error {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		return inner.Err
	}
	return err
}
