package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/api/verify"
	"kalshi.internal/apikeys/wrapper"
)

const (
	// verifyTimeout bounds a whole verification: it sends hundreds of requests (our own choice).
	verifyTimeout = 10 * time.Minute
	// settleTime is longer than the service's list has been seen to lag behind (our own choice).
	settleTime = 10 * time.Second
)

type verifyFlags struct {
	service         serviceFlags
	output          outputFlag
	report          pathFlag
	readOnly        bool
	allowProduction bool
	settle          time.Duration
}

func (a app) newVerifyCommand() *cobra.Command {
	var flags verifyFlags
	command := &cobra.Command{
		Use:   "verify",
		Short: "Hold a live service against the contract",
		Long: `Sends right and wrong requests for every operation to the configured service and holds
each answer against the contract. Keys that it makes are named
kalshi-contract-verify-… and deleted again, also when it is interrupted.

With --read-only only GET requests are sent, so nothing can change. Without it a
production environment is refused unless --allow-production is given.

--report also writes the report to FILE: JUnit XML if its name ends in .xml, JSON if it
ends in .json, text otherwise. FILE is emptied before anything is sent, so that no old
report passes for this one. On a terminal the checks are counted as they are made.
Ends with exit code 8 if the service deviates from the contract.`,
		Args: takes(),
	}
	command.RunE = func(command *cobra.Command, _ []string) error {
		return a.verify(command.Context(), flags)
	}
	flags.register(command)
	return command
}

func (f *verifyFlags) register(command *cobra.Command) {
	flags := command.Flags()
	f.service.registerFor(flags, verifyTimeout)
	registerStore(flags, &f.service.credentials.store)
	f.output.register(flags)
	flags.Var(&f.report, "report", "also write the report to this `FILE`")
	flags.BoolVar(&f.readOnly, "read-only", false, "send nothing that changes state")
	flags.DurationVar(&f.settle, "settle", settleTime, "let a key take this `TIME` to work, to be listed and to disappear")
	flags.BoolVar(&f.allowProduction, "allow-production", false, "make and delete keys in production too")
}

func (a app) verify(ctx context.Context, flags verifyFlags) error {
	ctx, cancel := context.WithTimeout(ctx, flags.service.timeout)
	defer cancel()
	target, err := a.verifyTarget(ctx, flags)
	if err != nil {
		return err
	}
	file, err := openReport(string(flags.report))
	if err != nil {
		return err
	}
	defer file.close()
	report, err := verify.Run(ctx, target, a.verifyOptions(flags)...)
	a.endProgress()
	if err != nil && len(report.Checks) == 0 {
		return unverifiable(target.BaseURL, err)
	}
	outcome := verdictOf(report)
	if err != nil {
		outcome = unverifiable(target.BaseURL, err)
	}
	// The verdict comes first: where several of them failed, its exit code counts.
	return errors.Join(outcome, a.printReport(report, flags.output), file.write(report))
}

func (a app) verifyTarget(ctx context.Context, flags verifyFlags) (verify.Target, error) {
	address, err := flags.service.address(a.getenv)
	if err != nil {
		return verify.Target{}, err
	}
	if isProduction(address) && !flags.readOnly && !flags.allowProduction {
		return verify.Target{}, usage("verify would make and delete keys in production",
			"Give --read-only, another environment, or --allow-production if that is what you want")
	}
	credentials, err := flags.service.credentials.load(ctx, a.getenv, address)
	if err != nil {
		return verify.Target{}, err
	}
	if _, err := wrapper.NewClient(credentials, wrapper.WithBaseURL(address)); err != nil {
		return verify.Target{}, unusableAddress(err)
	}
	return verify.Target{BaseURL: address, KeyID: credentials.KeyID(), Signer: credentials.Signer()}, nil
}

func isProduction(address string) bool {
	for _, production := range []wrapper.Environment{wrapper.Production, wrapper.ProductionExternalAPI} {
		if strings.EqualFold(hostOf(address), hostOf(string(production))) {
			return true
		}
	}
	return false
}

func hostOf(address string) string {
	base, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	return base.Hostname()
}

func (a app) verifyOptions(flags verifyFlags) []verify.Option {
	options := []verify.Option{verify.WithSettleTime(flags.settle)}
	if flags.readOnly {
		options = append(options, verify.ReadOnly())
	}
	if a.terminal {
		done := 0
		options = append(options, verify.WithProgress(func(check verify.Check) {
			done++
			_, _ = fmt.Fprintf(a.stderr, "\r\x1b[K%d checks, last: %s", done, printable(check.Name))
		}))
	}
	return options
}

// endProgress clears the line that the progress was shown on.
func (a app) endProgress() {
	if a.terminal {
		_, _ = io.WriteString(a.stderr, "\r\x1b[K")
	}
}

func verdictOf(report *verify.Report) error {
	if report.Passed() {
		return nil
	}
	failed := 0
	for _, check := range report.Checks {
		if !check.Passed() {
			failed++
		}
	}
	return &failure{
		code: exitDeviates,
		text: fmt.Sprintf("the service deviates from the contract in %d of %d checks", failed, len(report.Checks)),
		hint: "The report names each; kalshi-keys drift compares with a newer document of the service",
	}
}
