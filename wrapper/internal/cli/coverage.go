package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/api/contract"
)

func newCoverageCommand(s *settings) *cobra.Command {
	var minimum float64
	command := &cobra.Command{
		Use:   "coverage FILE",
		Short: "Show how much of the contract a test run has exercised",
		Long: `Adds up what test binaries appended to FILE and shows which operations and documented
statuses they have exercised. Tests that use the contract package append to the file
that ` + contract.CoverageFileVariable + ` names, an absolute path:

  ` + contract.CoverageFileVariable + `=$PWD/contract.jsonl go test ./...
  kalshi-keys coverage contract.jsonl --min 100

Ends with exit code 8 if the share is below --min.`,
		Args: takes("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			if !(minimum >= 0 && minimum <= 100) { // so that NaN is refused too
				return usage(fmt.Sprintf("--min %v is not a percentage", minimum), "Give a number from 0 to 100")
			}
			coverage, err := s.readCoverage(args[0])
			if err != nil {
				return err
			}
			if err := s.print(coverage, coverage.Table()); err != nil {
				return err
			}
			if coverage.Percent() < minimum {
				return &failure{
					code: exitDeviates,
					text: fmt.Sprintf("the tests exercise %.0f %% of the contract's statuses, less than %.0f %%", coverage.Percent(), minimum),
					hint: "Add tests for the statuses without exchanges",
				}
			}
			return nil
		},
	}
	s.registerOutput(command.Flags())
	command.Flags().Float64Var(&minimum, "min", 0, "least `PERCENT` of the documented statuses")
	return command
}

func (s *settings) readCoverage(path string) (*contract.Coverage, error) {
	file, err := os.Open(s.path(path))
	if err != nil {
		return nil, usage(err.Error(), "Run the tests with "+contract.CoverageFileVariable+" set to the file's absolute path")
	}
	defer func() { _ = file.Close() }()
	coverage, err := contract.ReadCoverage(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return coverage, nil
}
