package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// recovered is what recover shows as JSON.
type recovered struct {
	lifecycle.RecoverReport

	// SetAside says where damaged files lie now.
	SetAside []string `json:"set_aside,omitempty"`
}

func newRecoverCommand(s *settings) *cobra.Command {
	var setAside bool
	command := &cobra.Command{
		Use:   "recover",
		Short: "Finish or undo what was interrupted in a store",
		Long: `Finishes or undoes what commands on the store left behind, whether they failed,
were killed or lost an answer. Every command on a store does this first. With
nothing to do it does nothing and sends nothing.

Open is what has to wait: an old key in its grace period, or a request of unknown
outcome, whose key is looked for again for a day.`,
		Args: takes(),
		RunE: s.managing(func(ctx context.Context, keys managed, _ []string) error {
			var shown recovered
			if setAside {
				moved, err := setDamagedAside(ctx, keys)
				if err != nil {
					return err
				}
				shown.SetAside = moved
			}
			report, failed := keys.Recover(ctx)
			shown.RecoverReport = lifecycle.RecoverReport{Done: orEmpty(report.Done), Open: orEmpty(report.Open)}
			return errors.Join(s.print(shown, table(shown.rows())), failed)
		}),
	}
	command.Flags().BoolVar(&setAside, "set-aside", false, "first move damaged files into the directory damaged of the store")
	s.registerManaged(command.Flags())
	return command
}

func setDamagedAside(ctx context.Context, keys managed) (moved []string, err error) {
	unlock, err := keys.store.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return keys.store.SetAside(ctx)
}

func (r recovered) rows() [][]string {
	rows := [][]string{{"ACTION", "ID", "NAME", "UNTIL"}}
	for _, step := range append(r.Done, r.Open...) {
		until := "-"
		if !step.Until.IsZero() {
			until = step.Until.UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{string(step.Action), dashed(step.KeyID), dashed(step.Name), until})
	}
	for _, path := range r.SetAside {
		rows = append(rows, []string{"set aside", "-", path, "-"})
	}
	if len(rows) == 1 {
		return [][]string{{"There is nothing to recover."}}
	}
	return rows
}
