//go:build !windows

package privatefile

import (
	"errors"
	"os"
	"syscall"
)

func syncDirectory(directory *os.File) error {
	err := directory.Sync()
	// Some file systems cannot sync a directory, and say so with EINVAL.
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
