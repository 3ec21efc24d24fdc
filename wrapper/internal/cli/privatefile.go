package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"kalshi.internal/apikeys/wrapper/secret"
)

// keyFile is a file that waits for a private key.
type keyFile interface {
	// keep writes the private key, and returns once it would survive a power cut.
	keep(private secret.PEM) error
	// discard closes and removes the file with whatever is in it.
	discard() error
}

// privateFile is a new file that only its owner can use.
type privateFile struct{ file *os.File }

// reservePrivateFile creates the file at path, which must not exist, and makes its name durable.
// It is done before there is a key to put in: what can go wrong then goes wrong without harm.
func reservePrivateFile(path string) (keyFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	reserved := &privateFile{file}
	if err := errors.Join(checkPrivate(file), syncDirectory(filepath.Dir(path))); err != nil {
		return nil, errors.Join(err, reserved.discard())
	}
	return reserved, nil
}

// checkPrivate looks at what the file system made of the mode: some know no modes.
func checkPrivate(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return checkMode(runtime.GOOS, info.Mode())
}

func checkMode(system string, mode fs.FileMode) error {
	if system == "windows" || mode.Perm()&0o077 == 0 {
		return nil
	}
	return fmt.Errorf("this file system lets others use a new file (mode %04o)", mode.Perm())
}

func (p *privateFile) keep(private secret.PEM) error {
	text := strings.TrimRight(private.RevealPrivateKey(), "\n") + "\n"
	if _, err := p.file.WriteString(text); err != nil {
		return err
	}
	if err := p.file.Sync(); err != nil {
		return err
	}
	return p.file.Close()
}

func (p *privateFile) discard() error {
	_ = p.file.Close() // what was in it is not wanted
	return os.Remove(p.file.Name())
}
