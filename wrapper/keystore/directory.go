package keystore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
)

var _ Store = (*Directory)(nil)

// Directory is a [Store] in a directory of the file system, which only its owner can use: see
// the package comment for what lies in it. Beside what Store demands, reading and writing return
// an [*InsecureError] for a directory or file that others could use, and the system's error
// where the system refuses. Nothing is kept open between calls except the lock.
type Directory struct {
	path  string
	steps steps
	sound sound
	// held is set while the lock of this Directory is held.
	held atomic.Bool
}

// Option sets up a [Directory].
type Option func(*Directory)

// WithSteps calls before ahead of every step that changes the file system, with the name of the
// step, one of the Step constants. It is for tests. If before returns an error with a
// [syscall.Errno] in it, such as ENOSPC, the step fails as if the system had said so. With
// [ErrSkipStep] it is left out and counts as done. Any other error ends the operation there, as
// a crash would: nothing is cleaned up, except that the lock is given back, which the system
// does for a process that dies. Calls come from the goroutine that uses the Directory.
func WithSteps(before func(step string) error) Option {
	return func(d *Directory) { d.steps = before }
}

// Open opens the store in the directory dir, and makes the directory, with mode 0700, if it is
// not there. It returns an [*InsecureError] if dir is a symbolic link, belongs to another user
// or is open to others. An option that is nil is an error. There is nothing to close.
func Open(dir string, opts ...Option) (*Directory, error) {
	if dir == "" {
		return nil, errors.New("keystore: no directory is given")
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("keystore: the directory %s: %w", dir, err)
	}
	d := &Directory{path: path}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("keystore: option %d is nil", i+1)
		}
		opt(d)
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := d.make(path); err != nil {
			return nil, err
		}
	}
	folder, err := d.open()
	if err != nil {
		return nil, err
	}
	return d, folder.Close()
}

// make makes the directory at path, with those above it that are missing, and makes their names
// durable.
func (d *Directory) make(path string) error {
	above := filepath.Dir(path)
	if _, err := os.Stat(above); errors.Is(err, fs.ErrNotExist) && above != path {
		if err := d.make(above); err != nil {
			return err
		}
	}
	err := d.steps.take(StepMakeDirectory, func() error { return os.Mkdir(path, 0o700) })
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	if err == nil {
		err = d.steps.take(StepSyncDirectory, func() error { return syncNames(above) })
	}
	if err != nil && !speaksForItself(err) {
		return fmt.Errorf("keystore: the directory %s cannot be made: %w%s", path, plain(err), mend(err))
	}
	return err
}

func syncNames(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = directory.Close() }()
	return syncDirectory(directory)
}

// open opens the directory for one operation.
func (d *Directory) open() (*folder, error) {
	return opener{os.Lstat, os.OpenRoot}.folder(d.path, d.path, d.steps, &d.sound)
}

// reading lets do read the directory.
func (d *Directory) reading(ctx context.Context, do func(*folder) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	folder, err := d.open()
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	return do(folder)
}

// writing lets do change the directory, if the lock is held.
func (d *Directory) writing(ctx context.Context, do func(*folder) error) error {
	if !d.held.Load() {
		return fmt.Errorf("%w: call Lock on this store first", ErrNotLocked)
	}
	return d.reading(ctx, do)
}
