package keystore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// damagedName is the directory in the store for what was set aside.
const damagedName = "damaged"

func damaged(path, problem string) error {
	return &DamagedError{
		Path: path, Problem: problem,
		Hint: "Put back a sound copy, or have it set aside: nothing is deleted",
	}
}

// newer is for a file of a later version: it is sound, and this program must leave it alone.
func newer(path string) error {
	return &DamagedError{
		Path: path, Problem: "a later version of this program wrote it",
		Hint: "Use that version", keep: true,
	}
}

// SetAside moves every damaged file into the directory "damaged" inside the store, and returns
// where each lies now. Nothing else does: reading only reports, so that a sound copy can be put
// back in its place, and so that a fault which passes costs nothing. A file that is insecure,
// that the system does not let be read, or that a later version wrote, stays where it is and is
// not reported here. It needs the lock, else it returns [ErrNotLocked].
func (d *Directory) SetAside(ctx context.Context) ([]string, error) {
	var moved []string
	err := d.writing(ctx, func(f *folder) error {
		names, err := f.damagedFiles()
		if err != nil || len(names) == 0 {
			return err
		}
		moved, err = f.setAside(names)
		return err
	})
	return moved, err
}

// damagedFiles returns the names of all files that hold what they should not.
func (f *folder) damagedFiles() ([]string, error) {
	names, err := f.names()
	var found []string
	for _, name := range names {
		if problem, ok := errors.AsType[*DamagedError](f.check(name)); ok && !problem.keep {
			found = append(found, name)
		}
	}
	return found, err
}

// check reads a file as what its name says it is.
func (f *folder) check(name string) (err error) {
	switch {
	case isNameOf(entryPrefix, name):
		_, err = f.entry(name)
	case isNameOf(currentPrefix, name):
		_, err = f.current(name)
	case isNameOf(journalPrefix, name):
		_, err = f.record(name)
	}
	return err
}

func (f *folder) setAside(names []string) (moved []string, err error) {
	err = f.steps.take(StepMakeDirectory, func() error { return f.Mkdir(damagedName, 0o700) })
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, f.unwritten(damagedName, err)
	}
	aside, err := f.folder(damagedName)
	if err != nil {
		return nil, err
	}
	defer func() { _ = aside.Close() }()
	for _, name := range names {
		// A name that was never used, so that nothing there is replaced.
		place := name + "." + strings.ToLower(rand.Text()[:12])
		err := f.steps.take(StepRename, func() error { return f.Rename(name, damagedName+"/"+place) })
		if err != nil {
			return moved, f.unwritten(name, err)
		}
		moved = append(moved, aside.in(place))
	}
	// The new places first: after a power cut a file may be in both, but not in neither.
	if err := errors.Join(aside.sync(), f.sync()); err != nil {
		return moved, fmt.Errorf("keystore: files were set aside in %s, but a power cut could undo it: %w", aside.path, plain(err))
	}
	return moved, nil
}
