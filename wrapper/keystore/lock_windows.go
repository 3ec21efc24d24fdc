package keystore

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// tryLock returns the lock, or neither lock nor error if another holds it. Windows lets nobody
// open a file that was opened without sharing it, until it is closed or its process ends.
func (f *folder) tryLock() (io.Closer, error) {
	if info, err := f.Lstat(lockName); err == nil {
		if err := checkFileName(info, f.in(lockName)); err != nil {
			return nil, err
		}
	}
	name, err := syscall.UTF16PtrFromString(f.in(lockName))
	if err != nil {
		return nil, err
	}
	const shareNothing, sharingViolation = 0, syscall.Errno(32)
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shareNothing, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(handle), f.in(lockName)), nil
}
