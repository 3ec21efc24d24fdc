package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/api/drift"
)

func newDriftCommand(s *settings) *cobra.Command {
	failOn := choiceFlag{value: string(drift.Breaking), choices: []string{string(drift.Breaking), string(drift.Additive)}}
	command := &cobra.Command{
		Use:   "drift [OLD] NEW",
		Short: "Tell what another revision of the service's document changes",
		Long: `Compares an OpenAPI document of the service, YAML or JSON, with the contract that this
program was built from: what breaks, what is new, what differs in words only. With two
documents it compares those. They may hold the whole service; only what concerns API
keys is looked at. Nothing is sent.

What the contract adds to the service's documents from observation, such as the bodies
of errors, is listed as known and does not count. Ends with exit code 8 if there is a
breaking change, or with --fail-on additive if there is any but of words.`,
		Args: takesOneOrTwoDocuments,
		RunE: func(_ *cobra.Command, args []string) error {
			report, err := s.compareFiles(args)
			if err != nil {
				return err
			}
			if err := s.showDrift(report); err != nil {
				return err
			}
			return driftFailure(report, drift.Kind(failOn.value))
		},
	}
	s.registerOutput(command.Flags())
	command.Flags().Var(&failOn, "fail-on", "`KIND` of change that makes the exit code 8: breaking or additive")
	return command
}

func takesOneOrTwoDocuments(command *cobra.Command, args []string) error {
	if len(args) < 2 {
		return takes("FILE")(command, args)
	}
	return takes("OLD", "NEW")(command, args)
}

func (s *settings) compareFiles(paths []string) (*drift.Report, error) {
	var files []*os.File
	for _, path := range paths {
		file, err := os.Open(s.path(path))
		if err != nil {
			return nil, usage(err.Error(), "Give the path of an OpenAPI document")
		}
		defer func() { _ = file.Close() }()
		files = append(files, file)
	}
	if len(files) == 2 {
		report, err := drift.CompareDocuments(files[0], files[1])
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", paths[0], paths[1], err)
		}
		return report, nil
	}
	report, err := drift.Compare(files[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", paths[0], err)
	}
	return report, nil
}

func (s *settings) showDrift(report *drift.Report) error {
	if s.output.value == "json" {
		return report.WriteJSON(s.stdout)
	}
	return report.WriteText(s.stdout)
}

func driftFailure(report *drift.Report, failOn drift.Kind) error {
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
