//go:build !windows

package wrapper

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// openPrivateKeyFile does not wait for the other end when path leads to a pipe: the caller sees
// from the descriptor what it has opened, and refuses it.
func openPrivateKeyFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// checkFileMode refuses a file that its group or others may use in any way.
func checkFileMode(info fs.FileInfo, source, path string) error {
	mode := info.Mode().Perm()
	if mode&0o077 == 0 {
		return nil
	}
	err := newCredentialsError(ProblemFileMode, source)
	err.detail = fmt.Sprintf("its mode is %04o", mode)
	err.Hint = "Run: chmod 600 " + shellQuote(path)
	err.cause = ErrInsecure
	return err
}

// shellQuote returns path as one word of a POSIX shell's command line, safe to paste.
func shellQuote(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	if strings.Trim(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
