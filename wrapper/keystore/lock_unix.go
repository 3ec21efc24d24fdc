//go:build !windows

package keystore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// tryLock returns the lock, or neither lock nor error if another holds it.
func (f *folder) tryLock() (io.Closer, error) {
	if info, err := f.Lstat(lockName); err == nil {
		if err := checkFileName(info, f.in(lockName)); err != nil {
			return nil, err
		}
	}
	file, err := f.OpenFile(lockName, os.O_RDWR|os.O_CREATE|doNotWait, 0o600)
	if err != nil {
		return nil, err
	}
	locked, err := f.flock(file)
	if err != nil || !locked {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func (f *folder) flock(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	if err := checkFile(info, f.in(lockName)); err != nil {
		return false, err
	}
	switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("its file system has no locks: %w", err)
	}
	return true, nil
}
