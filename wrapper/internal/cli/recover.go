package cli

import (
	"context"
	"errors"
	"slices"

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
	var setAside, adoptCopy bool
	command := &cobra.Command{
		Use:   "recover",
		Short: "Finish or undo what was interrupted in a store",
		Long: `Finishes or undoes what commands on the store left behind, whether they failed,
were killed or lost an answer. Every command on a store does this first. With
nothing to do it does nothing and sends nothing.

Open is what has to wait: an old key in its grace period, or a request of unknown
outcome, whose key is looked for again for a day. What is foreign was begun by
another store, of which this one is a copy. Nothing is done about it without
--adopt-copy, because the other store may use the key.`,
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
			if adoptCopy {
				if err := keys.Adopt(ctx); err != nil {
					return err
				}
			}
			report, failed := keys.Recover(ctx)
			s.recovered = nil // which is what the report holds
			shown.RecoverReport = lifecycle.RecoverReport{Done: orEmpty(report.Done), Open: orEmpty(report.Open)}
			return errors.Join(s.print(shown, shown.text(failed)), failed)
		}),
	}
	command.Flags().BoolVar(&setAside, "set-aside", false, "first move damaged files into the directory damaged of the store")
	command.Flags().BoolVar(&adoptCopy, "adopt-copy", false, "first make the changes of the store that this one is a copy of its own")
	s.registerManaged(command.Flags())
	return command
}

func setDamagedAside(ctx context.Context, keys managed) (moved []string, err error) {
	lock, err := keys.store.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return keys.store.SetAside(ctx)
}

// text does not call a failure nothing to recover.
func (r recovered) text(failed error) string {
	rows := [][]string{{"ACTION", "ID", "NAME", "UNTIL"}}
	for _, step := range slices.Concat(r.Done, r.Open) {
		rows = append(rows, stepRow(step))
	}
	for _, path := range r.SetAside {
		rows = append(rows, []string{"set aside", "-", path, "-"})
	}
	switch {
	case len(rows) > 1:
		return table(rows)
	case failed != nil:
		return ""
	}
	return "There is nothing to recover.\n"
}
