package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper/keystore"
)

func newStoreCommand(s *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "store",
		Short: "Prepare, copy, prune or look at a store",
		Args:  noSuchCommand,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	for _, newCommand := range []func(*settings) *cobra.Command{
		newStoreInitCommand, newStoreCopyCommand, newStorePruneCommand, newStoreStatusCommand,
	} {
		command.AddCommand(newCommand(&settings{app: s.app}))
	}
	return command
}

// registerStoreAlone registers the flags of a command on a store that sends nothing to the service.
func (s *settings) registerStoreAlone(command *cobra.Command) {
	s.registerOutput(command.Flags())
	command.Flags().DurationVar(&s.timeout, "timeout", callTimeout, "give up after this `TIME`")
}

// onStore runs work on the engine of the store that was given, nil for a directory.
func (s *settings) onStore(
	work func(ctx context.Context, address string, engine RemoteEngine) error,
) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, _ []string) error {
		ctx, cancel, err := s.within(command.Context())
		if err != nil {
			return err
		}
		defer cancel()
		address, err := s.storeAddress()
		if err != nil {
			return err
		}
		if !isRemote(address) {
			return work(ctx, address, nil)
		}
		engine, err := s.openEngine(address)
		if err != nil {
			return err
		}
		defer engine.Close()
		return work(ctx, address, engine)
	}
}

// readyStore is what store init shows as JSON.
type readyStore struct {
	Store string `json:"store"`
}

func newStoreInitCommand(s *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "init",
		Short: "Make what a store needs before it can be used",
		Long: `Makes the directory of a store or, on a server, the tables. What is there stays, so
it may be run again. On Postgres it needs a role that may create a schema.`,
		Args: takes(),
		RunE: s.onStore(func(ctx context.Context, address string, engine RemoteEngine) error {
			shown := readyStore{shownStore(address)}
			if engine != nil {
				if err := engine.Init(ctx); err != nil {
					return err
				}
			} else if _, err := s.makeStore(address); err != nil {
				return err
			}
			return s.printDone("the store is ready", shown, [][]string{{"STORE", shown.Store}, {"STATE", "ready"}})
		}),
	}
	s.registerStore(command.Flags())
	s.registerStoreAlone(command)
	return command
}

// copiedStore is what store copy shows as JSON.
type copiedStore struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Entries int    `json:"entries"`
	Journal int    `json:"journal"`
}

func newStoreCopyCommand(s *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy a store into an empty one, of any kind",
		Long: `Puts all that the store FROM holds into the store TO, in one step: entries with their
private keys, which keys are current, and the journal. TO must be empty. FROM stays as
it is and can be used.

Use one of the two from then on: a rotation of the one revokes the key of the other. A
change that was under way belongs to FROM; "recover --adopt-copy" makes it TO's own.`,
		Args: takes("FROM", "TO"),
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		ctx, cancel, err := s.within(command.Context())
		if err != nil {
			return err
		}
		defer cancel()
		shown, err := s.copyStore(ctx, args[0], args[1])
		if err != nil {
			return err
		}
		return s.printDone("the store was copied to "+shown.To, shown, [][]string{
			{"FROM", shown.From}, {"TO", shown.To},
			{"ENTRIES", strconv.Itoa(shown.Entries)}, {"JOURNAL", strconv.Itoa(shown.Journal)},
		})
	}
	s.registerSealing(command.Flags())
	s.registerStoreAlone(command)
	return command
}

func (s *settings) copyStore(ctx context.Context, fromAddress, toAddress string) (copiedStore, error) {
	var addresses [2]storeFlag
	for i, address := range []string{fromAddress, toAddress} {
		if err := addresses[i].Set(address); err != nil {
			return copiedStore{}, usage(withoutKeys(err.Error()), "")
		}
	}
	from, err := s.openStore(addresses[0].String())
	defer from.close()
	if err != nil {
		return copiedStore{}, err
	}
	to, err := s.makeStore(addresses[1].String())
	defer to.close()
	if err != nil {
		return copiedStore{}, err
	}
	if err := keystore.Copy(ctx, from.Store, to.Store); err != nil {
		return copiedStore{}, err
	}
	entries, err := to.List(ctx)
	records, journalErr := to.Journal(ctx)
	return copiedStore{from.place, to.place, len(entries), len(records)}, errors.Join(err, journalErr)
}

// prunedStore is what store prune shows as JSON.
type prunedStore struct {
	Removed []string `json:"removed"`
}

func newStorePruneCommand(s *settings) *cobra.Command {
	var older ageFlag
	command := &cobra.Command{
		Use:   "prune --older TIME",
		Short: "Remove the entries of keys that were revoked long ago",
		Long: `Removes the entries of keys for the base URL that were revoked longer ago than TIME,
so that the store has room. They hold no private key any more; they say which keys
there were. Every other entry stays.`,
		Args: takes(),
		RunE: s.managing(func(ctx context.Context, keys managed, _ []string) error {
			pruned, err := keys.Prune(ctx, time.Duration(older))
			if err != nil {
				return err
			}
			shown, rows := prunedStore{[]string{}}, [][]string{{"REMOVED", "NAME", "REVOKED"}}
			for _, entry := range pruned {
				shown.Removed = append(shown.Removed, entry.KeyID)
				rows = append(rows, []string{entry.KeyID, entry.Name, entry.ChangedAt.UTC().Format(time.RFC3339)})
			}
			return s.printDone(fmt.Sprintf("%d entries were removed", len(pruned)), shown, rows)
		}),
	}
	command.Flags().Var(&older, "older", "`TIME` since the key was revoked, such as 90d or 12h")
	_ = command.MarkFlagRequired("older") // fails only for a flag that does not exist
	s.registerManaged(command.Flags())
	return command
}

// storeStatus is what store status shows as JSON.
type storeStatus struct {
	Store string `json:"store"`
	keystore.Status

	Followers []keystore.Follower `json:"followers"`
}

func newStoreStatusCommand(s *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "status",
		Short: "Say who holds the lock of a store, and who follows it",
		Long: `Says which revision a store has, how full it is, who holds its lock and since when, and
on a server which programs have announced that they follow it ("follow --name"). It
needs no identity: none of this is sealed.`,
		Args: takes(),
		RunE: s.onStore(func(ctx context.Context, address string, engine RemoteEngine) error {
			shown := storeStatus{Store: shownStore(address), Followers: []keystore.Follower{}}
			var (
				store *keystore.Store
				err   error
			)
			if engine != nil {
				store = keystore.New(engine)
				shown.Followers, err = engine.Followers(ctx)
			} else {
				var opened *openedStore
				if opened, err = s.openStore(address); err == nil {
					store = opened.Store
				}
			}
			if err != nil {
				return err
			}
			if shown.Status, err = store.Status(ctx); err != nil {
				return err
			}
			return s.print(shown, table(shown.rows()))
		}),
	}
	s.registerStore(command.Flags())
	s.registerStoreAlone(command)
	return command
}

func (s storeStatus) rows() [][]string {
	lock := "free"
	if s.Holder != "" {
		lock = "held by " + s.Holder + " since " + s.Since.UTC().Format(time.RFC3339)
	}
	rows := [][]string{
		{"STORE", s.Store}, {"REVISION", strconv.FormatInt(s.Revision, 10)},
		{"SIZE", fmt.Sprintf("%d of %d KiB", (s.Bytes+1023)>>10, s.MaxBytes>>10)}, {"LOCK", lock},
	}
	for _, follower := range s.Followers {
		rows = append(rows, []string{"FOLLOWER", fmt.Sprintf("%s follows revision %d of %s, seen %s",
			follower.Name, follower.Revision, follower.BaseURL, follower.SeenAt.UTC().Format(time.RFC3339))})
	}
	return rows
}
