package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper/protocol"
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
	path, err := cleanPath(text, os.Getenv) // which tells what was meant, no more
	if err != nil {
		return err
	}
	return f.textFlag.Set(path)
}

// cleanPath returns the path that text gives. It refuses what cron, systemd, containers and quotes
// leave to this program, such as ~ and $HOME: a file would be sought or made under that very name. A
// private key in the place of a path is left for others to refuse.
func cleanPath(text string, getenv func(string) string) (string, error) {
	if secret.HoldsPEM(text) {
		return text, nil
	}
	path, err := protocol.CleanPath(text, getenv)
	if fault, ok := errors.AsType[*protocol.SettingError](err); ok {
		return "", usage(withoutKeys(fault.Problem), withoutKeys(fault.Hint))
	}
	return path, nil
}

// pathFrom returns the path that a variable holds, "" if it is unset.
func (a app) pathFrom(variable string) (string, error) {
	path, err := cleanPath(a.getenv(variable), a.getenv)
	if refused, ok := errors.AsType[*failure](err); ok {
		return "", usage(variable+": "+refused.text, refused.hint)
	}
	return path, nil
}

// ageFlag is a flag for a time that may be long: what [time.ParseDuration] reads, or days or weeks, such
// as 30d and 4w. It is more than zero.
type ageFlag time.Duration

func (f *ageFlag) String() string {
	const day = 24 * time.Hour
	if age := time.Duration(*f); age > 0 && age%day == 0 {
		return strconv.Itoa(int(age/day)) + "d"
	}
	return time.Duration(*f).String()
}

func (*ageFlag) Type() string { return "duration" }

func (f *ageFlag) Set(text string) error {
	age, err := time.ParseDuration(text)
	for unit, hours := range map[string]int{"d": 24, "w": 7 * 24} {
		if count, ok := strings.CutSuffix(text, unit); ok {
			var n int
			n, err = strconv.Atoi(count)
			age = time.Duration(n*hours) * time.Hour
		}
	}
	const most = 100 * 365 * 24 * time.Hour
	if err != nil || age <= 0 || age > most {
		return errors.New("give a time such as 30d, 4w or 12h")
	}
	*f = ageFlag(age)
	return nil
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
