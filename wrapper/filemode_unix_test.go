//go:build !windows

package wrapper_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kalshi.internal/apikeys/wrapper"
)

func TestAPrivateKeyFileThatOthersMayUseIsRefusedWithTheMendingCommand(t *testing.T) {
	for _, mode := range []fs.FileMode{0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o666, 0o777} {
		t.Run(mode.String(), func(t *testing.T) {
			path := keyFile(t, t.TempDir(), "key.pem", mode)
			_, err := wrapper.LoadCredentials(testKeyID, path)
			refusal := refusalOf(t, err, wrapper.ProblemFileMode)
			if !errors.Is(err, wrapper.ErrInsecure) {
				t.Errorf("%v is not ErrInsecure", err)
			}
			if want := "Run: chmod 600 " + path; refusal.Hint != want {
				t.Errorf("the hint is %q, want %q", refusal.Hint, want)
			}
			if want := fmt.Sprintf("its mode is %04o", mode); !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		})
	}
}

func TestTheModeOfALinksTargetCounts(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link.pem")
	mustLink(t, keyFile(t, dir, "key.pem", 0o644), link)
	_, err := wrapper.LoadCredentials(testKeyID, link)
	mustRefuse(t, err, wrapper.ProblemFileMode)
}

func TestTheMendingCommandMendsWhateverThePath(t *testing.T) {
	for _, name := range []string{"key.pem", "my key.pem", "it's.pem", "$(id).pem", "-rf", "a;b.pem", "clé.pem", "`x`\\"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			keyFile(t, dir, name, 0o644)
			t.Chdir(dir)
			_, err := wrapper.LoadCredentials(testKeyID, name)
			refusal := refusalOf(t, err, wrapper.ProblemFileMode)
			mustRun(t, exec.CommandContext(t.Context(), "/bin/sh", "-c", strings.TrimPrefix(refusal.Hint, "Run: ")))
			if _, err := wrapper.LoadCredentials(testKeyID, name); err != nil {
				t.Errorf("after %q: %v", refusal.Hint, err)
			}
		})
	}
}

func TestAPipeIsRefusedWithoutWaitingForItsWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := wrapper.LoadCredentials(testKeyID, path)
	mustRefuse(t, err, wrapper.ProblemNotRegularFile)
}

func TestAFileUnderAFileIsRefusedWithTheSystemsReason(t *testing.T) {
	path := keyFile(t, t.TempDir(), "key.pem", 0o600) + "/key.pem"
	_, err := wrapper.LoadCredentials(testKeyID, path)
	mustRefuse(t, err, wrapper.ProblemFileUnreadable)
	if !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("%v is not ENOTDIR", err)
	}
}

// mustRun runs a system command that the test is about.
func mustRun(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
