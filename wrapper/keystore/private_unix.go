//go:build !windows

package keystore

import (
	"errors"
	"syscall"
)

// doNotWait keeps opening a pipe from waiting for its other end.
const doNotWait = syscall.O_NONBLOCK

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
