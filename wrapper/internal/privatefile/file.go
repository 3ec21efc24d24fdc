package privatefile

import (
	"errors"
	"os"
	"path/filepath"
)

// File is a new, empty file that waits for its content.
type File struct {
	dir  Dir
	file *os.File
	name string
}

// Create makes a file with mode 0600 at path and makes its name durable. It returns an error that
// is [fs.ErrExist] if something is there already, a symbolic link included. After an error there is
// no new file.
func Create(path string) (*File, error) {
	dir, err := openDir(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	file, err := dir.create(name)
	if err == nil {
		if err = dir.Sync(); err != nil {
			err = errors.Join(err, file.Close(), dir.Remove(name))
		}
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return &File{dir, file, name}, nil
}

// Keep writes the content and closes the file. The content is durable when Keep returns nil. After
// an error the file holds none or a part of it: call [File.Discard].
func (f *File) Keep(content []byte) error {
	return errors.Join(f.dir.fill(f.file, f.name, content), f.dir.Close())
}

// Discard closes the file and removes it with whatever it holds.
func (f *File) Discard() error {
	_, _ = f.file.Close(), f.dir.Close() // what was in it is not wanted
	path := f.dir.in(f.name)
	return at(StepRemove, path, os.Remove(path))
}

// Replace makes content appear at path as a file with mode 0600, in place of the file that may be
// there: whoever opens the path sees either all of it or the file before. It is durable when Replace
// returns nil. After an error, what was there before is untouched, unless only the last step failed,
// which makes the new name durable.
func Replace(path string, content []byte) error {
	dir, err := openDir(path)
	if err != nil {
		return err
	}
	err = dir.Replace(filepath.Base(path), func(string) []byte { return content })
	if err == nil {
		err = dir.Sync()
	}
	return errors.Join(err, dir.Close())
}

func openDir(path string) (Dir, error) {
	above := filepath.Dir(path)
	root, err := os.OpenRoot(above)
	if err != nil {
		return Dir{}, at(StepCreate, path, err)
	}
	return Dir{Root: root, Path: above}, nil
}
