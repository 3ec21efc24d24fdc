package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
	if armour.MatchString(text) {
		return errKeyInArguments
	}
	*f = textFlag(text)
	return nil
}

// errKeyInArguments refuses to go on with a private key that is visible in process lists, and
// that would otherwise become the name of a file or of an API key.
var errKeyInArguments = errors.New("it holds a private key or another PEM; give the path of its file")

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
