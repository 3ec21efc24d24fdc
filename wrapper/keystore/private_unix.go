//go:build !windows

package keystore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"kalshi.internal/apikeys/wrapper/internal/shell"
)

// doNotWait keeps opening a pipe from waiting for its other end.
const doNotWait = syscall.O_NONBLOCK

// checkPrivate refuses what belongs to another user, or what its group or others may use in any
// way.
func checkPrivate(info fs.FileInfo, path string) error {
	owner, self := ownerOf(info), os.Geteuid()
	if owner != self {
		return &InsecureError{
			path, fmt.Sprintf("it belongs to user %d, not to user %d, who runs this", owner, self),
			fmt.Sprintf("Run this as its owner, or run: chown %d %s", self, shell.Word(path)),
		}
	}
	mode := info.Mode().Perm()
	if mode&0o077 == 0 {
		return nil
	}
	private := 0o600
	if info.IsDir() {
		private = 0o700
	}
	return &InsecureError{
		path, fmt.Sprintf("its mode is %04o, which lets others use it", mode),
		fmt.Sprintf("Run: chmod %o %s", private, shell.Word(path)),
	}
}

// ownerOf returns the user ID of a file's owner, and one that nobody has where it is not known.
func ownerOf(info fs.FileInfo) int {
	if status, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(status.Uid)
	}
	return -1
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
