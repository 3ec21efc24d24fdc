package wrapper

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"kalshi.internal/apikeys/wrapper/protocol"
	"kalshi.internal/apikeys/wrapper/secret"
)

// Environment variables that [CredentialsFromEnv] reads (our own choice).
const (
	// EnvAPIKeyID holds the ID of the API key.
	EnvAPIKeyID = "KALSHI_API_KEY_ID"
	// EnvPrivateKeyPath holds the path of the private key file.
	EnvPrivateKeyPath = "KALSHI_PRIVATE_KEY_PATH"
	// EnvPrivateKey holds the private key itself, in PEM.
	EnvPrivateKey = "KALSHI_PRIVATE_KEY"
)

// maxPrivateKeyBytes is our own choice: an RSA key of 16384 bits needs 13 KiB.
const maxPrivateKeyBytes = 64 << 10

// CredentialsFromEnv returns credentials from the environment: the key ID from
// KALSHI_API_KEY_ID, the private key from the file that KALSHI_PRIVATE_KEY_PATH names, as
// [LoadCredentials] does it, or from KALSHI_PRIVATE_KEY, as [NewCredentials] does it. An empty
// variable counts as unset. Blanks and quotes around a key ID and a path, which env files leave there, are
// removed. It returns a [*CredentialsError] that names the variable, and never
// falls back to another variable or to sending without credentials.
func CredentialsFromEnv() (*Credentials, error) {
	keyID := keySource{EnvAPIKeyID, os.Getenv(EnvAPIKeyID)}
	// What cannot be cleaned is no key ID, and refused as such.
	if cleaned, err := protocol.CleanSetting(keyID.value, os.Getenv); err == nil && cleaned != "" {
		keyID.value = cleaned
	}
	path, pem := os.Getenv(EnvPrivateKeyPath), os.Getenv(EnvPrivateKey)
	switch {
	case keyID.value == "":
		return nil, newCredentialsError(problemNoKeyID, EnvAPIKeyID)
	case path != "" && pem != "":
		return nil, newCredentialsError(problemConflict, EnvPrivateKeyPath+" and "+EnvPrivateKey)
	case path != "":
		return loadCredentials(keyID, keySource{EnvPrivateKeyPath, path})
	case pem != "":
		return parseCredentials(keyID, keySource{EnvPrivateKey, pem})
	}
	return nil, newCredentialsError(problemNoKey, EnvPrivateKeyPath+" or "+EnvPrivateKey)
}

// LoadCredentials returns credentials for the API key keyID with the private key in the file at
// path, read as [NewCredentials] reads it. Symbolic links are followed. A file of exactly that name
// counts first; without one, blanks and quotes around path are removed, and a path that a shell or an
// env file would have made another of ([protocol.CleanPath]) is refused with the one that was meant.
//
// It returns a [*CredentialsError] for a file that is missing, is not a regular file, has more than 64 KiB,
// or may be used by others than its owner ([ErrInsecure]), unless a platform provides it so, as
// [secret.FileAccess] says. The checks look at the opened file, so it cannot be exchanged between check
// and use.
//
// On Windows, who may read a file does not show in its mode and is not checked: keep the file
// where only your account has access.
func LoadCredentials(keyID, path string) (*Credentials, error) {
	return loadCredentials(keySource{"key ID", keyID}, keySource{"path", path})
}

func loadCredentials(keyID, path keySource) (*Credentials, error) {
	if path.value == "" {
		return nil, newCredentialsError(problemNoPath, path.name)
	}
	if looksLikePrivateKey(strings.TrimSpace(path.value)) {
		return nil, newCredentialsError(problemKeyAsPath, path.name)
	}
	source := path.value
	if path.name == EnvPrivateKeyPath {
		source = path.name + "=" + path.value
	}
	file, err := pathOf(source, path.value)
	if err != nil {
		return nil, err
	}
	pem, err := readPrivateKeyFile(source, file)
	if err != nil {
		return nil, err
	}
	return parseCredentials(keyID, keySource{source, pem})
}

// pathOf returns the path that text gives. A file of exactly that name counts first.
func pathOf(source, text string) (string, error) {
	if _, err := os.Lstat(text); err == nil {
		return text, nil
	}
	path, err := protocol.CleanPath(text, os.Getenv)
	if fault, ok := errors.AsType[*protocol.SettingError](err); ok {
		refusal := newCredentialsError(problemPath, source)
		refusal.detail, refusal.Hint = fault.Problem, fault.Hint
		return "", refusal
	}
	return cmp.Or(path, text), nil
}

func readPrivateKeyFile(source, path string) (string, error) {
	// O_NONBLOCK: opening a pipe must not wait for its other end. The check below refuses it.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", unreadable(source, err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return "", unreadable(source, err)
	}
	if !info.Mode().IsRegular() {
		return "", newCredentialsError(problemNotRegularFile, source)
	}
	if err := checkAccess(file, source, path); err != nil {
		return "", err
	}
	// One byte more than is allowed tells "too large" from "just fits".
	pem, err := io.ReadAll(io.LimitReader(file, maxPrivateKeyBytes+1))
	if err != nil {
		return "", unreadable(source, err)
	}
	return string(pem), nil
}

// checkAccess refuses a file that others may use, unless a platform provides it so.
func checkAccess(file *os.File, source, path string) error {
	access, err := secret.FileAccess(file, path)
	if err != nil {
		return unreadable(source, err)
	}
	if access.Refused == "" {
		return nil
	}
	refusal := newCredentialsError(problemFileMode, source)
	refusal.detail, refusal.Hint, refusal.cause = access.Refused, access.Hint, ErrInsecure
	return refusal
}

// unreadable keeps the system's reason without the path, which is already in the source.
func unreadable(source string, cause error) error {
	if inner, ok := errors.AsType[*fs.PathError](cause); ok {
		cause = inner.Err
	}
	err := newCredentialsError(problemFileUnreadable, source)
	err.detail, err.cause = cause.Error(), cause
	if errors.Is(cause, fs.ErrPermission) {
		err.Hint = fmt.Sprintf("User %d, who runs this, may not read it: have root give it to this user, or to a group of the process "+
			"(in Kubernetes: fsGroup and defaultMode: 0440)", os.Geteuid())
	}
	return err
}
