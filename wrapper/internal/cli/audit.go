package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper/lifecycle"
)

func newAuditCommand(s *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "audit",
		Short: "Compare a store with the service's list of keys",
		Long: `Compares the keys of the store with those that the service lists, and tells what
does not fit and what to do about it. It revokes nothing, beyond what recover
does. The exit code is 8 if something has to be done; wide_scopes is a notice.`,
		Args: takes(),
		RunE: s.managing(func(ctx context.Context, keys managed, _ []string) error {
			report, err := keys.Audit(ctx)
			if err != nil {
				return err
			}
			report.Findings = orEmpty(report.Findings)
			if err := s.print(report, auditTable(report)); err != nil {
				return err
			}
			return auditFailure(report)
		}),
	}
	s.registerManaged(command.Flags())
	return command
}

func auditTable(report lifecycle.AuditReport) string {
	var rows [][]string
	if len(report.Findings) > 0 {
		rows = append(rows, []string{"FINDING", "ID", "NAME", "WHAT TO DO"})
	}
	for _, found := range report.Findings {
		rows = append(rows, []string{string(found.Kind), dashed(found.KeyID), dashed(found.Name), found.Text})
	}
	return table(append(rows, []string{fmt.Sprintf("The service lists %d keys; the store holds %d of them, and %s is current.",
		report.Listed, report.Held, report.Current)}))
}

func auditFailure(report lifecycle.AuditReport) error {
	urgent := 0
	for _, found := range report.Findings {
		if found.Kind != lifecycle.FindingWideScopes {
			urgent++
		}
	}
	if urgent == 0 {
		return nil
	}
	return &failure{code: exitDeviates, text: fmt.Sprintf("%d of the findings ask for something to be done", urgent)}
}
