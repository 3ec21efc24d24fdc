package keystore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// folder is a private directory, opened for one operation. Nothing that it does leaves it.
type folder struct {
	*os.Root

	path  string
	steps steps
	sound *sound
}

// opener looks at and opens directories by name: those of the system, or those in a folder.
type opener struct {
	lstat func(name string) (fs.FileInfo, error)
	open  func(name string) (*os.Root, error)
}

// folder opens the directory name, which is called path in errors. It looks at the name, to see
// a symbolic link, and at what was opened, which cannot be exchanged any more.
func (o opener) folder(name, path string, steps steps, sound *sound) (*folder, error) {
	info, err := o.lstat(name)
	if err != nil {
		return nil, unopened(path, err)
	}
	if err := checkDirectoryName(info, path); err != nil {
		return nil, err
	}
	root, err := o.open(name)
	if err != nil {
		return nil, unopened(path, err)
	}
	info, err = root.Stat(".")
	if err != nil {
		err = unopened(path, err)
	} else {
		err = checkPrivate(info, path)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &folder{root, path, steps, sound}, nil
}

// folder opens the directory name in f.
func (f *folder) folder(name string) (*folder, error) {
	return opener{f.Lstat, f.OpenRoot}.folder(name, f.in(name), f.steps, f.sound)
}

// in returns the path of a file in f, for errors.
func (f *folder) in(name string) string { return filepath.Join(f.path, name) }

// names returns the names in f, sorted.
func (f *folder) names() ([]string, error) {
	entries, err := fs.ReadDir(f.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("keystore: the directory %s cannot be read: %w", f.path, plain(err))
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}

// sync makes the names in f durable.
func (f *folder) sync() error {
	return f.steps.take(StepSyncDirectory, func() error {
		directory, err := f.Open(".")
		if err != nil {
			return err
		}
		defer func() { _ = directory.Close() }()
		return syncDirectory(directory)
	})
}

func unopened(path string, err error) error {
	return fmt.Errorf("keystore: the directory %s cannot be opened: %w", path, plain(err))
}

// plain returns the system's reason alone: the names it comes with are parts of a path.
func plain(err error) error {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		return inner.Err
	}
	if inner, ok := errors.AsType[*os.LinkError](err); ok {
		return inner.Err
	}
	return err
}
