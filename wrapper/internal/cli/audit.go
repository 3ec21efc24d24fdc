package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper/lifecycle"
)

func (a app) newAuditCommand() *cobra.Command {
	var (
		store  storeFlags
		output outputFlag
	)
	command := &cobra.Command{
		Use:   "audit",
		Short: "Compare a store with the service's list of keys",
		Long: `Compares the keys of the store with those that the service lists, and tells what
does not fit and what to do about it. It revokes nothing, beyond what recover
does. The exit code is 8 if something has to be done; wide_scopes is a notice.`,
		Args: takes(),
	}
	command.RunE = a.managing(&store, func(ctx context.Context, keys managed, _ []string) error {
		report, err := keys.Audit(ctx)
		if err != nil {
			return err
		}
		report.Findings = orEmpty(report.Findings)
		if err := output.write(a.stdout, report, auditTable(report)); err != nil {
			return err
		}
		return auditVerdict(report)
	})
	store.register(command.Flags())
	output.register(command.Flags())
	return command
}

func auditTable(report lifecycle.AuditReport) [][]string {
	rows := [][]string{{"FINDING", "ID", "NAME", "WHAT TO DO"}}
	for _, found := range report.Findings {
		rows = append(rows, []string{string(found.Kind), dashed(found.KeyID), dashed(found.Name), found.Text})
	}
	if len(report.Findings) == 0 {
		rows = nil
	}
	return append(rows, []string{fmt.Sprintf("The service lists %d keys; the store holds %d of them, and %s is current.",
		report.Listed, report.Held, report.Current)})
}

func auditVerdict(report lifecycle.AuditReport) error {
	isNotice := func(f lifecycle.Finding) bool { return f.Kind == lifecycle.FindingWideScopes }
	urgent := len(slices.DeleteFunc(slices.Clone(report.Findings), isNotice))
	if urgent == 0 {
		return nil
	}
	return &failure{code: exitDeviates, text: fmt.Sprintf("%d of the findings ask for something to be done", urgent)}
}
