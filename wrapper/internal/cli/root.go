package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// rootHelp repeats the tables of the documentation of the command kalshi-keys.
const rootHelp = `Manages API keys of the Kalshi Trade API v2, signs requests for other tools, and
runs a sandbox to try all of it against. "kalshi-keys demo" shows everything, and
"kalshi-keys completion" makes a shell complete commands and flags.

Configuration; flags win over the environment:
  KALSHI_API_KEY_ID        the ID of the API key           --key-id
  KALSHI_PRIVATE_KEY_PATH  the path of its private key     --private-key-file
  KALSHI_PRIVATE_KEY       the private key itself, as PEM  no flag: arguments
                                                           show in process lists
  KALSHI_BASE_URL          the service's base URL          --base-url, --environment
  KALSHI_STORE             a directory that keeps keys     --store
  KALSHI_SEAL_TO           the recipients and the age      --seal-to
  KALSHI_IDENTITY          identity of a store on a        --identity
                           server, in a program with such
With a store and no key ID, the store's current key for the base URL signs. Paths and
URLs lose the blanks and quotes around them; nothing expands ~, $HOME and the like.

With --output json, errors on standard error are JSON too. On a terminal, a command
that takes more than a second shows that it works.

Exit codes:
  0  done
  1  any other failure, also of writing the output
  2  nothing was sent: wrong usage, credentials that cannot be used, a request
     that the contract rules out, a file that is missing or in the way
  3  unauthenticated
  4  not found
  5  unavailable, rate limited, not visible yet, or no answer in time: try again
     later; on a store also: unfinished, and the next command goes on
  6  outcome unknown: the request may have taken effect, look before repeating it
  7  forbidden
  8  verify: the service deviates from the contract; drift: a breaking change;
     coverage: less than --min; audit: something has to be done`

func (a app) newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "kalshi-keys",
		Short:         "Manage API keys of the Kalshi Trade API v2",
		Long:          rootHelp,
		Args:          noSuchCommand,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
		Version:       currentVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	for _, newCommand := range []func(*settings) *cobra.Command{
		newListCommand,
		newGenerateCommand,
		newCreateCommand,
		newDeleteCommand,
		newRotateCommand,
		newRecoverCommand,
		newAuditCommand,
		newImportCommand,
		newExportCommand,
		newFollowCommand,
		newStoreCommand,
		newSignCommand,
		newAPICommand,
		newSandboxCommand,
		newVerifyCommand,
		newDriftCommand,
		newCoverageCommand,
		newDemoCommand,
		newDoctorCommand,
		newVersionCommand,
	} {
		command := newCommand(&settings{app: a})
		a.finish(command)
		root.AddCommand(command)
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	refuseUnknownTopics(root)
	return root
}

// finish gives a command and those below it what all commands have.
func (a app) finish(command *cobra.Command) {
	command.RunE = failing(a.showing(command.RunE))
	completeChoices(command)
	for _, below := range command.Commands() {
		a.finish(below)
	}
}

// showing returns run with a sign of life on a terminal. What works until it is stopped has none.
func (a app) showing(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if name := command.Name(); name != "sandbox" && name != "follow" {
			defer a.status.working(command.CommandPath())()
		}
		return run(command, args)
	}
}

// completeChoices lets shells complete the values of flags that have a closed set of them.
func completeChoices(command *cobra.Command) {
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		if choice, ok := flag.Value.(*choiceFlag); ok {
			values := cobra.FixedCompletions(texts(choice.choices), cobra.ShellCompDirectiveNoFileComp)
			_ = command.RegisterFlagCompletionFunc(flag.Name, values) // fails only for a flag that has one
		}
	})
}

// refuseUnknownTopics makes help of an unknown command an error. Cobra answers it with the help
// of the root command.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, command := range root.Commands() {
		if command.Name() == "help" {
			command.Args = func(_ *cobra.Command, topic []string) error {
				_, unknown, err := root.Find(topic)
				return errors.Join(err, noSuchCommand(root, unknown))
			}
		}
	}
}

func noSuchCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "Run kalshi-keys --help for the list"
	if similar := root.SuggestionsFor(args[0]); len(similar) > 0 {
		hint = "Did you mean " + strings.Join(similar, " or ") + "?"
	}
	return usage(fmt.Sprintf("there is no command %q", args[0]), hint)
}
