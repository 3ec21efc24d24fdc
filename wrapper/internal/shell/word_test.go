//go:build !windows

package shell_test

import (
	"os/exec"
	"testing"

	"kalshi.internal/apikeys/wrapper/internal/shell"
)

func TestAShellReadsTheSameTextBack(t *testing.T) {
	for text, word := range map[string]string{
		"/var/lib/bot/keys": "/var/lib/bot/keys", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "a\nb": "'a\nb'",
	} {
		if got := shell.Word(text); got != word {
			t.Errorf("%q became %s, want %s", text, got, word)
		}
		for _, written := range []string{shell.Word(text), shell.Quote(text)} {
			read, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+written).Output()
			if err != nil || string(read) != text {
				t.Errorf("%s was read as %q, %v", written, read, err)
			}
		}
	}
}
