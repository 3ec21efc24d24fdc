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

func (a app) newVersionCommand() *cobra.Command {
	var output outputFlag
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
		shown := versions{
			Contract: contract,
			Go:       runtime.Version(),
			Platform: runtime.GOOS + "/" + runtime.GOARCH,
		}
		info, _ := debug.ReadBuildInfo()
		shown.Version, shown.Revision = programVersion(info)
		return output.write(a.stdout, shown, shown.table())
	}
	output.register(command.Flags())
	return command
}

func (v versions) table() [][]string {
	return [][]string{
		{"VERSION", v.Version},
		{"REVISION", v.Revision},
		{"CONTRACT", v.Contract},
		{"GO", v.Go},
		{"PLATFORM", v.Platform},
	}
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
