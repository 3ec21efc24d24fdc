package keystore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// pollEvery is how often [Directory.Changed] looks: our own choice.
const pollEvery = 100 * time.Millisecond

var _ Locker = (*Directory)(nil)

// Directory is a [Locker] in a directory of the file system, which only its owner can use: see the
// package comment for what lies in it. It returns an [*InsecureError] for a directory or file that
// others could use, a [*DamagedError] if no sound copy is left, and else the system's error with
// the path. Nothing is kept open between calls except the lock.
type Directory struct {
	path string
	// around is called for each step that changes the file system, in place of doing it. It is nil
	// but in tests.
	around func(step string, do func() error) error
}

// NewDirectory returns the engine in the directory dir, and makes the directory, with mode 0700, if
// it is not there. A new one is not made at a path that a shell or an env file would have made another
// of, such as $HOME/keys: the error is a [*protocol.SettingError]. It returns an [*InsecureError] if dir is a
// symbolic link, belongs to another user or is open to others. There is nothing to close.
func NewDirectory(dir string) (*Directory, error) {
	return newDirectory(dir, func(_ string, do func() error) error { return do() })
}

func newDirectory(dir string, around func(step string, do func() error) error) (*Directory, error) {
	if dir == "" {
		return nil, errors.New("keystore: no directory is given")
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("keystore: the directory %s: %w", dir, err)
	}
	d := &Directory{path, around}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if _, err := protocol.CleanPath(dir, os.Getenv); err != nil {
			return nil, fmt.Errorf("keystore: no store is made at %q: %w", dir, err)
		}
		if err := d.make(path); err != nil {
			return nil, fmt.Errorf("keystore: the directory %s cannot be made: %w%s", path, err, mend(err))
		}
	}
	f, err := d.open()
	if err != nil {
		return nil, err
	}
	return d, f.Close()
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
	err := d.around("make directory", func() error { return os.Mkdir(path, 0o700) })
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(above)
	if err != nil {
		return err
	}
	f := d.folder(root, above)
	return errors.Join(f.Sync(), f.Close())
}

// String returns the path of the store's file.
func (d *Directory) String() string { return filepath.Join(d.path, mainName) }

// Load implements [Document]. It reads the copy of a damaged file, and fails only
// if the copy is damaged too.
func (d *Directory) Load(ctx context.Context) (data []byte, version string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	f, err := d.open()
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = f.Close() }()
	newest, err := f.newest()
	return newest.data, newest.version(), err
}

// Swap implements [Document]. It returns a [*DamagedError] rather than write over a damaged file.
func (d *Directory) Swap(ctx context.Context, data []byte, ifVersion string) (version string, err error) {
	next := file{data: data}
	err = d.exclusively(ctx, func(f *folder) error {
		newest, err := f.newest()
		if err != nil {
			return err
		}
		if newest.version() != ifVersion {
			return ErrStale
		}
		next.revision = newest.revision + 1
		return f.write(next)
	})
	if err != nil {
		return "", err
	}
	return next.version(), nil
}

// IsCopy reports whether the document of that version was not written to the file that it was read
// from, but copied: the file has another inode, or on Linux another time of birth. A snapshot of a
// whole file system shows as no copy, and neither does any on Windows.
func (*Directory) IsCopy(version string) bool { return strings.HasSuffix(version, copyMark) }

// Changed implements [Document]. It looks ten times a second.
func (d *Directory) Changed(ctx context.Context, version string) error {
	for {
		_, now, err := d.Load(ctx)
		if err != nil || now != version {
			return err
		}
		if err := protocol.Wait(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// Lock implements [Locker]. It removes what a crash has left behind.
func (d *Directory) Lock(ctx context.Context) (unlock func() error, err error) {
	f, err := d.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	unlock, err = f.lock(ctx, lockName)
	if err != nil {
		return nil, err
	}
	if err := d.exclusively(ctx, (*folder).clean); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return unlock, nil
}

// SetAside moves every damaged file into the directory "damaged", and returns where each lies now.
// check returns a [*DamagedError] for content that is damaged though its file is not.
func (d *Directory) SetAside(ctx context.Context, check func(data []byte) error) (moved []string, err error) {
	err = d.exclusively(ctx, func(f *folder) error {
		moved, err = f.setAside(check)
		return err
	})
	return moved, err
}

// Check returns the joined errors of all damaged files. check is that of SetAside.
func (d *Directory) Check(ctx context.Context, check func(data []byte) error) error {
	return d.exclusively(ctx, func(f *folder) error {
		found, err := f.damagedFiles(check)
		for _, each := range found {
			err = errors.Join(err, each.problem)
		}
		return err
	})
}

// exclusively lets do change the directory while no other does.
func (d *Directory) exclusively(ctx context.Context, do func(*folder) error) (err error) {
	f, err := d.open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	unlock, err := f.lock(ctx, swapLockName)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return do(f)
}
