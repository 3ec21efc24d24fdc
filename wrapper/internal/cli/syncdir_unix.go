//go:build !windows

package cli

import (
	"errors"
	"os"
	"syscall"
)

// syncDirectory makes the names in a directory durable.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = directory.Close() }()
	err = directory.Sync()
	// Some file systems cannot sync a directory, and say so with EINVAL.
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
