package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
)

// envFileMark is the first line of what the sandbox writes. It tells a file that a sandbox left
// behind from one that must not be lost.
const envFileMark = "# Written by kalshi-keys sandbox, which removes it when it stops. Source it in a shell.\n"

// envFiles are the two files that hand the sandbox's address and first key to a shell.
type envFiles struct{ env, pem string }

// claimEnvFiles makes sure that the files can be written without loss, and removes those of an
// earlier sandbox, so that whoever waits for the file finds no old one. Those of a sandbox that
// still runs it leaves alone: somebody uses it, and it removes them when it stops.
func claimEnvFiles(ctx context.Context, path string) (envFiles, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return envFiles{}, usage(err.Error(), "Give --env-file as an absolute path")
	}
	files := envFiles{env: absolute, pem: absolute + ".pem"}
	found, err := os.ReadFile(files.env)
	switch {
	case err == nil && strings.HasPrefix(string(found), envFileMark):
		if baseURL := exportedBaseURL(string(found)); answers(ctx, baseURL) {
			return envFiles{}, usage(fmt.Sprintf("%s belongs to a sandbox that still runs at %s", path, baseURL),
				"Use that sandbox, stop it, or choose another --env-file. If something else answers there, remove the file and "+path+".pem")
		}
		if err := ctx.Err(); err != nil { // which may be why nothing answered
			return envFiles{}, err
		}
		return files, files.remove()
	case err == nil && len(found) > 0:
		return envFiles{}, usage(fmt.Sprintf("%s exists and is not from a sandbox", path), "Choose another --env-file")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return envFiles{}, usage(err.Error(), "Choose another --env-file")
	}
	if _, err := os.Lstat(files.pem); !errors.Is(err, fs.ErrNotExist) {
		return envFiles{}, usage(fmt.Sprintf("%s.pem exists, and a private key may be in it", path), "Choose another --env-file")
	}
	return files, nil
}

// exportedBaseURL returns the base URL in what write has written, "" if there is none.
func exportedBaseURL(text string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "export "+envBaseURL+"='"); ok {
			return strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "'")
		}
	}
	return ""
}

// answerTimeout is how long a sandbox on this machine may take to accept a connection (our own
// choice).
const answerTimeout = 5 * time.Second

// answers reports whether something accepts connections where baseURL leads. A sandbox writes
// addresses there and no names, so nothing is resolved.
func answers(ctx context.Context, baseURL string) bool {
	base, err := url.Parse(baseURL)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddrPort(base.Host)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address.String())
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

// write hands out the key. The file with the assignments comes last and appears all at once:
// when it is there, everything is.
func (f envFiles) write(key sandbox.Key, baseURL string) error {
	if err := writePrivately(f.pem, key.PrivateKey.RevealPrivateKey()); err != nil {
		return err
	}
	return writePrivately(f.env, envFileMark+
		exportLine(wrapper.EnvAPIKeyID, key.ID)+
		exportLine(wrapper.EnvPrivateKeyPath, f.pem)+
		exportLine(envBaseURL, baseURL))
}

// release removes the files, unless another sandbox has put its own in their place.
func (f envFiles) release(keyID string) error {
	found, err := os.ReadFile(f.env)
	if err == nil && !strings.Contains(string(found), keyID) {
		return nil
	}
	return f.remove()
}

func (f envFiles) remove() error {
	return errors.Join(removeIfThere(f.env), removeIfThere(f.pem))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writePrivately makes the file at path appear with all of text in it, for its owner only.
func writePrivately(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".kalshi-keys-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// exportLine assigns value in a POSIX shell, and hands it on to what the shell runs.
func exportLine(name, value string) string {
	return "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n"
}
