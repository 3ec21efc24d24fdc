package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/api/drift"
)

func (a app) newDriftCommand() *cobra.Command {
	var (
		output outputFlag
		failOn = choiceFlag{value: string(drift.Breaking), choices: []string{string(drift.Breaking), string(drift.Additive)}}
	)
	command := &cobra.Command{
		Use:   "drift FILE",
		Short: "Tell what another revision of the service's document changes",
		Long: `Compares an OpenAPI document of the service, YAML or JSON, with the contract that this
program was built from: what breaks, what is new, what differs in words only. It may
hold the whole service; only what the contract covers is looked at, and what the
document has for API keys that the contract lacks. Nothing is sent.

Ends with exit code 8 if there is a breaking change, or with --fail-on additive if
there is any but of words.`,
		Args: takes("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			report, err := compareFile(args[0])
			if err != nil {
				return err
			}
			if err := a.showDrift(report, output); err != nil {
				return err
			}
			return driftVerdict(report, drift.Kind(failOn.value))
		},
	}
	output.register(command.Flags())
	command.Flags().Var(&failOn, "fail-on", "`KIND` of change that makes the exit code 8: breaking or additive")
	return command
}

func compareFile(path string) (*drift.Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, usage(err.Error(), "Give the path of an OpenAPI document")
	}
	defer func() { _ = file.Close() }()
	report, err := drift.Compare(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return report, nil
}

func (a app) showDrift(report *drift.Report, output outputFlag) error {
	if output.format.value == "json" {
		return report.WriteJSON(a.stdout)
	}
	return report.WriteText(a.stdout)
}

func driftVerdict(report *drift.Report, failOn drift.Kind) error {
	worst := report.Worst()
	if worst != drift.Breaking && (worst != drift.Additive || failOn != drift.Additive) {
		return nil
	}
	return &failure{
		code: exitDeviates,
		text: fmt.Sprintf("the document differs from the contract: %s changes", worst),
		hint: "Transcribe what changed into openapi.yaml and run go generate ./...",
	}
}
