package keystore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// temporaryPrefix marks files that have not got their place yet. No other file of a store
// begins so.
const temporaryPrefix = ".tmp-"

// replace gives the file name a new content, which is durable when replace returns nil. Until
// the step of renaming is done, the old content is in its place, untouched.
func (f *folder) replace(name string, content []byte) error {
	temporary := temporaryPrefix + rand.Text()
	err := f.create(temporary, content)
	if err == nil {
		err = f.steps.take(StepRename, func() error { return f.Rename(temporary, name) })
	}
	if err != nil {
		if !isStop(err) {
			_ = f.Remove(temporary) // if it cannot be removed now, the next Lock does it
		}
		return f.unwritten(name, err)
	}
	return f.settle(name)
}

// create makes the file name durable, but not yet its name.
func (f *folder) create(name string, content []byte) (err error) {
	var file *os.File
	err = f.steps.take(StepCreate, func() (err error) {
		file, err = f.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	// Some file systems know no modes, and let others read what has just been made for one.
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := checkPrivate(info, f.in(name)); err != nil {
		return err
	}
	err = f.steps.take(StepWrite, func() error {
		_, err := file.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	return f.steps.take(StepSync, file.Sync)
}

// delete removes the file name, for good when it returns nil. An absent one is no error.
func (f *folder) delete(name string) error {
	err := f.steps.take(StepRemove, func() error { return f.Remove(name) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.unwritten(name, err)
	}
	return f.settle(name)
}

// clean removes what a crash left behind. Whoever calls it holds the lock: nobody is writing.
func (f *folder) clean() error {
	names, err := f.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, temporaryPrefix) {
			continue
		}
		err := f.steps.take(StepRemove, func() error { return f.Remove(name) })
		if err != nil && !speaksForItself(err) {
			err = fmt.Errorf("keystore: %s, left behind by a crash, cannot be removed: %w%s",
				f.in(name), plain(err), mend(err))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settle makes the names durable after name has got or lost its place.
func (f *folder) settle(name string) error {
	err := f.sync()
	if err != nil && !speaksForItself(err) {
		return fmt.Errorf("keystore: %s was changed, but a power cut could undo it: %w%s", f.in(name), plain(err), mend(err))
	}
	return err
}

// speaksForItself reports whether err says already where and what.
func speaksForItself(err error) bool {
	_, insecure := errors.AsType[*InsecureError](err)
	_, damaged := errors.AsType[*DamagedError](err)
	return insecure || damaged || isStop(err)
}

func (f *folder) unwritten(name string, err error) error {
	if speaksForItself(err) {
		return err
	}
	return fmt.Errorf("keystore: %s was not changed: %w%s", f.in(name), plain(err), mend(err))
}

// mend says what to do about an error of the system.
func mend(err error) string {
	switch {
	case isFull(err):
		return ". Make room on the disk and try again"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return ". Make the directory writable for the user that runs this"
	}
	return ""
}
