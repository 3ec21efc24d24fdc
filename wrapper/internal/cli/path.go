package cli

import (
	"fmt"
	"strings"
)

// pathFlag is a flag that holds the path of a file or a directory.
type pathFlag string

func (f *pathFlag) String() string { return string(*f) }

func (*pathFlag) Type() string { return "string" }

func (f *pathFlag) Set(text string) error {
	if err := checkPath(text); err != nil {
		return err
	}
	return (*textFlag)(f).Set(text)
}

// pathFrom returns the path that a variable holds, "" if it is unset.
func pathFrom(getenv func(string) string, name string) (string, error) {
	path := getenv(name)
	if err := checkPath(path); err != nil {
		err.text = name + ": " + err.text
		return "", err
	}
	return path, nil
}

// checkPath refuses a path that begins with ~. Cron, systemd, quotes and --flag=~ leave the ~ to
// this program, and with it as a name a file would be sought or made wherever the program runs.
func checkPath(path string) *failure {
	rest, found := strings.CutPrefix(path, "~")
	if !found {
		return nil
	}
	instead := "Write the whole path"
	if rest == "" || rest[0] == '/' {
		instead += `, or in a shell "$HOME` + rest + `"`
	}
	return usage(fmt.Sprintf("%s begins with ~, which nothing expands here", path), instead)
}
