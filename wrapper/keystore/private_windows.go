package keystore

import (
	"errors"
	"io/fs"
	"syscall"
)

const doNotWait = 0

// checkPrivate accepts everything: the mode that Go reports on Windows does not say who may use
// a file, nor does it know owners.
func checkPrivate(fs.FileInfo, string) error { return nil }

func isFull(err error) bool {
	const diskFull, handleDiskFull = syscall.Errno(112), syscall.Errno(39)
	return errors.Is(err, diskFull) || errors.Is(err, handleDiskFull) || errors.Is(err, syscall.ENOSPC)
}
