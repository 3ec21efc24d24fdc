package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper/secret"
)

// textFlag is a flag that must not be empty, so that --flag "$UNSET" is a mistake that shows
// and not a flag that was left out.
type textFlag string

func (f *textFlag) String() string { return string(*f) }

func (*textFlag) Type() string { return "string" }

func (f *textFlag) Set(text string) error {
	if text == "" {
		return errors.New("it is empty; is a variable unset?")
	}
	if secret.HoldsPEM(text) {
		return errKeyInArguments
	}
	*f = textFlag(text)
	return nil
}

// errKeyInArguments refuses to go on with a private key that is visible in process lists, and
// that would otherwise become the name of a file or of an API key.
var errKeyInArguments = errors.New("it holds a private key or another PEM; give the path of its file")

// pathFlag is a flag that holds the path of a file or a directory.
type pathFlag struct{ textFlag }

func (f *pathFlag) Set(text string) error {
	if err := checkPath(text); err != nil {
		return err
	}
	return f.textFlag.Set(text)
}

// checkPath refuses a path that begins with ~. Cron, systemd, quotes and --flag=~ leave the ~ to
// this program, and with it as a name a file would be sought or made wherever the program runs.
func checkPath(path string) error {
	rest, found := strings.CutPrefix(path, "~")
	if !found {
		return nil
	}
	instead := "Write the whole path"
	if rest == "" || rest[0] == '/' {
		instead += `, or in a shell "$HOME` + rest + `"`
	}
	return usage(fmt.Sprintf("%s begins with ~, which nothing expands here", withoutKeys(path)), instead)
}

// pathFrom returns the path that a variable holds, "" if it is unset.
func (a app) pathFrom(variable string) (string, error) {
	path := a.getenv(variable)
	if refused, ok := errors.AsType[*failure](checkPath(path)); ok {
		return "", usage(variable+": "+refused.text, refused.hint)
	}
	return path, nil
}

// choiceFlag is a flag with a closed set of values. It is empty if it was not given and has no
// default.
type choiceFlag struct {
	value   string
	choices []string
}

func (f *choiceFlag) String() string { return f.value }

func (*choiceFlag) Type() string { return "choice" }

func (f *choiceFlag) Set(text string) error {
	if !slices.Contains(f.choices, text) {
		return fmt.Errorf("choose one of %s", strings.Join(f.choices, ", "))
	}
	f.value = text
	return nil
}

// takes accepts exactly the positional arguments of these names.
func takes(names ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		switch {
		case slices.ContainsFunc(args, secret.HoldsPEM):
			return errKeyInArguments
		case len(args) < len(names):
			return fmt.Errorf("%s needs %s", command.Name(), strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return fmt.Errorf("%s does not take %q", command.Name(), args[len(names)])
		}
		return nil
	}
}
