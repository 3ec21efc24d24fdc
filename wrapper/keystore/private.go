package keystore

import (
	"errors"
	"io/fs"
	"syscall"

	"kalshi.internal/apikeys/wrapper/secret"
)

// checkName refuses a symbolic link, and what Windows calls a junction.
func checkName(info fs.FileInfo, path, hint string) error {
	if info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return &InsecureError{path, "it is a symbolic link", hint}
	}
	return nil
}

// checkFile refuses what is not a private file.
func checkFile(info fs.FileInfo, path string) error {
	if !info.Mode().IsRegular() {
		return damaged(path, "it is not a regular file")
	}
	return checkPrivate(info, path)
}

// checkPrivate refuses what others could use.
func checkPrivate(info fs.FileInfo, path string) error {
	if access := secret.StoreAccess(info, path); access.Refused != "" {
		return &InsecureError{path, access.Refused, access.Hint}
	}
	return nil
}

// speaksForItself reports whether err says already where and what.
func speaksForItself(err error) bool {
	_, insecure := errors.AsType[*InsecureError](err)
	_, damaged := errors.AsType[*DamagedError](err)
	return insecure || damaged
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
