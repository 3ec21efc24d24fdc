package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/gen/spec"
)

// versions is what version shows as JSON.
type versions struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Contract string `json:"contract"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersionCommand(s *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of this program and of the contract",
		Args:  takes(),
	}
	command.RunE = func(*cobra.Command, []string) error {
		contract, err := contractVersion()
		if err != nil {
			return err
		}
		info, _ := debug.ReadBuildInfo()
		version, revision := programVersion(info)
		shown := versions{version, revision, contract, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
		return s.print(shown, table([][]string{
			{"VERSION", shown.Version}, {"REVISION", shown.Revision}, {"CONTRACT", shown.Contract},
			{"GO", shown.Go}, {"PLATFORM", shown.Platform},
		}))
	}
	s.registerOutput(command.Flags())
	return command
}

// currentVersion returns the version of this program.
func currentVersion() string {
	info, _ := debug.ReadBuildInfo()
	version, _ := programVersion(info)
	return version
}

// programVersion returns the version of the module and the commit it was built from, as far as
// the build recorded them.
func programVersion(info *debug.BuildInfo) (version, revision string) {
	if info == nil {
		return "unknown", "unknown"
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value + revision
		case setting.Key == "vcs.modified" && setting.Value == "true":
			revision += " (modified)"
		}
	}
	return cmp.Or(info.Main.Version, "unknown"), cmp.Or(revision, "unknown")
}

// contractVersion returns the version that the embedded contract bears.
func contractVersion() (string, error) {
	text, err := spec.GetSpecJSON()
	if err != nil {
		return "", fmt.Errorf("reading the embedded contract: %w", err)
	}
	var document struct {
		Info struct {
			Version string `json:"version"`
		} `json:"info"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return "", fmt.Errorf("reading the embedded contract: %w", err)
	}
	return document.Info.Version, nil
}
