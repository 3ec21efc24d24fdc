package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// failureText is what the program writes to standard error at its end, and what it shows as JSON.
type failureText struct {
	Error    string   `json:"error"`
	Hint     string   `json:"hint,omitempty"`
	ExitCode exitCode `json:"exit_code"`
}

func (f failureText) text(asJSON bool) string {
	if asJSON {
		if line, err := jsonLine(f); err == nil {
			return line
		}
	}
	text := "error: " + f.Error + "\n"
	if f.Hint != "" {
		text += "hint: " + f.Hint + "\n"
	}
	return text
}

// wantsJSON reports whether --output json was given. Where the arguments could not be read up to
// there, what they look like decides.
func wantsJSON(command *cobra.Command, args []string) bool {
	if flag := command.Flags().Lookup("output"); flag != nil && flag.Changed {
		return flag.Value.String() == "json"
	}
	for i, arg := range args {
		if slices.Contains([]string{"--output=json", "-ojson", "-o=json"}, arg) ||
			(arg == "json" && i > 0 && slices.Contains([]string{"--output", "-o"}, args[i-1])) {
			return true
		}
	}
	return false
}

// say writes a line to standard error that is no error: its kind, such as hint, and the text. With
// --output json it is JSON too.
func (s *settings) say(kind, text string) {
	line := kind + ": " + text + "\n"
	if s.output.value == "json" {
		if asJSON, err := jsonLine(map[string]string{kind: text}); err == nil {
			line = asJSON
		}
	}
	_, _ = s.stderr.Write([]byte(strings.ToValidUTF8(line, "?")))
}
