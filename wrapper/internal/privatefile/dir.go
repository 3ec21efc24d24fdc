package privatefile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// TemporaryPrefix begins the names of files that have not got their place yet. After a crash they
// are left behind, and may be removed once nobody writes in the directory.
const TemporaryPrefix = ".tmp-"

// The steps in which a [Dir] changes the file system, as Around gets them.
const (
	StepCreate        = "create"
	StepWrite         = "write"
	StepSync          = "sync"
	StepRename        = "rename"
	StepSyncDirectory = "sync directory"
	StepRemove        = "remove"
)

// Dir is a directory in which private files are written. It is safe for concurrent use.
type Dir struct {
	// Root is the open directory. Its own methods do not use Around.
	*os.Root
	// Path is the path of the directory, for errors.
	Path string
	// Around, if set, is called for each step in place of doing it. Tests do the step or refuse it.
	Around func(step string, do func() error) error
}

func (d Dir) step(step, name string, do func() error) error {
	around := d.Around
	if around == nil {
		around = func(_ string, do func() error) error { return do() }
	}
	return at(step, d.in(name), around(step, do))
}

// in returns the path of a file in d.
func (d Dir) in(name string) string { return filepath.Join(d.Path, name) }

// Replace makes content appear as the file name, with mode 0600, in place of the file that may be
// there. content is given the [Identity] of the file that it is for. The content is durable when
// Replace returns nil; call [Dir.Sync] for the name. After an error, the file is what it was before,
// and nothing is left behind if the system lets it be removed.
func (d Dir) Replace(name string, content func(identity string) []byte) error {
	temporary := TemporaryPrefix + rand.Text()
	file, err := d.create(temporary)
	if err != nil {
		return err
	}
	err = d.fill(file, temporary, content(Identity(file)))
	if err == nil {
		err = d.step(StepRename, name, func() error { return d.Rename(temporary, name) })
	}
	if err != nil {
		_ = d.Remove(temporary) // the first error says more
	}
	return err
}

// create makes a new file and checks what the file system made of its mode.
func (d Dir) create(name string) (file *os.File, err error) {
	err = d.step(StepCreate, name, func() error {
		file, err = d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil {
		err = checkMode(runtime.GOOS, info.Mode())
	}
	if err != nil {
		return nil, errors.Join(at(StepCreate, d.in(name), err), file.Close(), d.Remove(name))
	}
	return file, nil
}

// checkMode refuses a mode that lets others use a new file: some file systems know no modes.
func checkMode(system string, mode fs.FileMode) error {
	if system == "windows" || mode.Perm()&0o077 == 0 {
		return nil
	}
	return fmt.Errorf("this file system lets others use a new file (mode %04o)", mode.Perm())
}

// fill writes the content, makes it durable and closes the file.
func (d Dir) fill(file *os.File, name string, content []byte) error {
	err := d.step(StepWrite, name, func() error {
		_, err := file.Write(content)
		return err
	})
	if err == nil {
		err = d.step(StepSync, name, file.Sync)
	}
	return errors.Join(err, at(StepWrite, d.in(name), file.Close()))
}

// Sync makes the names in the directory durable.
func (d Dir) Sync() error {
	return d.step(StepSyncDirectory, "", func() error {
		directory, err := d.Open(".")
		if err != nil {
			return err
		}
		return errors.Join(syncDirectory(directory), directory.Close())
	})
}

// Remove removes the file name.
func (d Dir) Remove(name string) error {
	return d.step(StepRemove, name, func() error { return d.Root.Remove(name) })
}

// Move renames a file, which replaces what has the new name.
func (d Dir) Move(from, to string) error {
	return d.step(StepRename, from, func() error { return d.Rename(from, to) })
}

// at returns err with the whole path, in place of the part of it that the system's errors name.
func at(step, path string, err error) error {
	if err == nil {
		return nil
	}
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		err = inner.Err
	} else if inner, ok := errors.AsType[*os.LinkError](err); ok {
		err = inner.Err
	}
	return &fs.PathError{Op: step, Path: path, Err: err}
}
