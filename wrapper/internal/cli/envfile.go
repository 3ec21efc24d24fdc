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
	"kalshi.internal/apikeys/wrapper/internal/privatefile"
	"kalshi.internal/apikeys/wrapper/internal/shell"
)

const (
	// envFileMark is the first line of what the sandbox writes. It tells a file that a sandbox left
	// behind from one that must not be lost.
	envFileMark = "# Written by kalshi-keys sandbox, which removes it when it stops. Source it in a shell.\n"

	hintOtherEnvFile = "Choose another --env-file"

	// answerTimeout is how long a sandbox on this machine may take to accept a connection (our own
	// choice).
	answerTimeout = 5 * time.Second
)

// envFiles are the two files that hand a base URL and a key to a shell.
type envFiles struct {
	// env and pem are absolute paths, given is the one for env as the user gave it.
	env, pem, given string
}

func (a app) envFilesAt(given string) (envFiles, error) {
	absolute, err := filepath.Abs(a.path(given))
	if err != nil {
		return envFiles{}, usage(err.Error(), "Give the file as an absolute path")
	}
	return envFiles{absolute, absolute + ".pem", given}, nil
}

// assignments are the lines that set the variables in a shell, and for what the shell runs.
func (f envFiles) assignments(keyID, baseURL string) string {
	return exportLine(wrapper.EnvAPIKeyID, keyID) +
		exportLine(wrapper.EnvPrivateKeyPath, f.pem) +
		exportLine(envBaseURL, baseURL)
}

func exportLine(name, value string) string {
	return "export " + name + "=" + shell.Quote(value) + "\n"
}

// claim makes sure that the files can be written without loss, and removes those of an earlier
// sandbox, so that whoever waits for the file finds no old one. Those of a sandbox that still
// runs it leaves alone: somebody uses it, and it removes them when it stops.
func (f envFiles) claim(ctx context.Context) error {
	found, err := os.ReadFile(f.env)
	switch {
	case err == nil && strings.HasPrefix(string(found), envFileMark):
		if baseURL := exportedBaseURL(string(found)); answers(ctx, baseURL) {
			return usage(fmt.Sprintf("%s belongs to a sandbox that still runs at %s", f.given, baseURL),
				"Use that sandbox, stop it, or choose another --env-file. If something else answers there, remove the file and "+f.given+".pem")
		}
		if err := ctx.Err(); err != nil { // which may be why nothing answered
			return err
		}
		return f.remove()
	case err == nil && len(found) > 0:
		return usage(f.given+" exists and is not from a sandbox", hintOtherEnvFile)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return usage(err.Error(), hintOtherEnvFile)
	}
	if _, err := os.Lstat(f.pem); !errors.Is(err, fs.ErrNotExist) {
		return usage(f.given+".pem exists, and a private key may be in it", hintOtherEnvFile)
	}
	return nil
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
// when it exists, everything is ready.
func (f envFiles) write(key sandbox.Key, baseURL string) error {
	if err := privatefile.Replace(f.pem, keyText(key.PrivateKey)); err != nil {
		return err
	}
	return privatefile.Replace(f.env, []byte(envFileMark+f.assignments(key.ID, baseURL)))
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
