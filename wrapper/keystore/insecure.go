package keystore

import (
	"io/fs"

	"kalshi.internal/apikeys/wrapper"
)

// InsecureError says that others than its owner could use a directory or file of the store, or
// that it is not what it seems. Nothing was read from it or written to it. errors.Is finds
// [wrapper.ErrInsecure] in it.
type InsecureError struct {
	// Path is the directory or file.
	Path string
	// Problem says what is wrong with it.
	Problem string
	// Hint says what to do, with the command to run if there is one.
	Hint string
}

// Error returns one line: where, what is wrong, and what to do.
func (e *InsecureError) Error() string {
	return "keystore: " + e.Path + " is refused: " + e.Problem + ". " + e.Hint
}

// Unwrap returns [wrapper.ErrInsecure].
func (e *InsecureError) Unwrap() error { return wrapper.ErrInsecure }

func checkDirectoryName(info fs.FileInfo, path string) error {
	if isLink(info) {
		return &InsecureError{path, "it is a symbolic link", "Name the directory that it leads to"}
	}
	if !info.IsDir() {
		return &InsecureError{path, "it is no directory", "Name a directory, or a path where there is nothing"}
	}
	return nil
}

func checkFileName(info fs.FileInfo, path string) error {
	if isLink(info) {
		return &InsecureError{path, "it is a symbolic link", "Put the file itself in its place"}
	}
	return nil
}

// isLink also sees what Windows calls a junction.
func isLink(info fs.FileInfo) bool { return info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 }
