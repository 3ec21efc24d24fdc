package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/api/verify"
	"kalshi.internal/apikeys/wrapper/doctor"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	// verifyTimeout bounds a whole verification: it sends hundreds of requests (our own choice).
	verifyTimeout = 10 * time.Minute
	// settleTime is longer than the service's list has been seen to lag behind (our own choice).
	settleTime = 10 * time.Second
)

type verifyFlags struct {
	report          pathFlag
	readOnly        bool
	allowProduction bool
}

func newVerifyCommand(s *settings) *cobra.Command {
	var flags verifyFlags
	command := &cobra.Command{
		Use:   "verify",
		Short: "Hold a live service against the contract",
		Long: `Sends right and wrong requests for every operation to the configured service and holds
each answer against the verify. Keys that it makes are named
kalshi-contract-verify-… and deleted again, also when it is interrupted.

With --read-only only GET requests are sent, so nothing can change. Without it a
production environment is refused unless --allow-production is given.

--report also writes the report to FILE: JUnit XML if its name ends in .xml, JSON if it
ends in .json, text otherwise. FILE is emptied before anything is sent, so that no old
report passes for this one. On a terminal the checks are counted as they are made.
Ends with exit code 8 if the service deviates from the verify.`,
		Args: takes(),
		RunE: func(command *cobra.Command, _ []string) error {
			return s.verify(command.Context(), &flags)
		},
	}
	s.registerService(command.Flags(), verifyTimeout)
	command.Flags().Var(&flags.report, "report", "also write the report to this `FILE`")
	command.Flags().BoolVar(&flags.readOnly, "read-only", false, "send nothing that changes state")
	command.Flags().DurationVar(&s.settle, "settle", settleTime, "let a key take this `TIME` to work, to be listed and to disappear")
	command.Flags().BoolVar(&flags.allowProduction, "allow-production", false, "make and delete keys in production too")
	return command
}

func (s *settings) verify(ctx context.Context, flags *verifyFlags) error {
	ctx, cancel, err := s.within(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	base, err := s.serviceURL()
	if err != nil {
		return err
	}
	if protocol.EnvironmentOf(base.Hostname()) == protocol.ProductionEnvironment && !flags.readOnly && !flags.allowProduction {
		return usage("verify would make and delete keys in production",
			"Give --read-only, another environment, or --allow-production if that is what you want")
	}
	credentials, err := s.credentials(ctx, base)
	if err != nil {
		return err
	}
	file, err := s.openReport(flags.report.String())
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // closed already if it was written to
	target := verify.Target{BaseURL: base.String(), KeyID: credentials.KeyID(), Signer: credentials.Signer()}
	report, err := verify.Run(ctx, target, s.verifyOptions(flags.readOnly)...)
	s.status.clear()
	outcome := deviations(report)
	if err != nil {
		outcome = unverifiable(base, err)
		if len(report.Checks) == 0 {
			return outcome
		}
	}
	// The first of several errors gives the exit code.
	return errors.Join(outcome, s.print(report, report.Text()), writeReport(file, report))
}

func (s *settings) verifyOptions(readOnly bool) []verify.Option {
	options := []verify.Option{verify.WithSettleTime(s.settle)}
	if readOnly {
		options = append(options, verify.ReadOnly())
	}
	if s.terminal {
		done := 0
		options = append(options, verify.WithProgress(func(check verify.Check) {
			done++
			s.status.show(fmt.Sprintf("%d checks, last: %s", done, check.Name))
		}))
	}
	return options
}

func deviations(report *verify.Report) error {
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

// openReport opens the file before hundreds of requests are sent whose outcome could then not be
// kept. It is nil if path is empty.
func (s *settings) openReport(path string) (*os.File, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(s.path(path), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, usage(fmt.Sprintf("the report cannot be written: %v", err), "Give --report a path that you may write to")
	}
	return file, nil
}

// writeReport writes the report in the format that the file's ending names, and closes the file.
func writeReport(file *os.File, report *verify.Report) error {
	if file == nil {
		return nil
	}
	text, err := renderReport(report, filepath.Ext(file.Name()))
	if err == nil {
		_, err = file.Write(text)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		return nil
	}
	return &failure{
		code: exitFailure,
		text: fmt.Sprintf("the report is not in %s: %v", file.Name(), withoutPath(err)),
		hint: "What was printed is the whole report",
	}
}

func renderReport(report *verify.Report, extension string) ([]byte, error) {
	switch extension {
	case ".xml":
		return report.JUnit()
	case ".json":
		text, err := jsonLine(report)
		return []byte(text), err
	}
	return []byte(report.Text()), nil
}

// unverifiable returns the error of a verification that was not finished. What net/http says of
// a service that does not answer names addresses and system calls: the words here are doctor's.
func unverifiable(base *url.URL, err error) error {
	lost, isSilent := errors.AsType[*url.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return &failure{exitFailure, "verify was interrupted", "The report says whether a key may be left"}
	case isSilent:
		text, advice := doctor.Unreachable(base, lost.Err)
		return &failure{exitUnavailable, base.String() + " does not answer: " + text, advice}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{exitUnavailable, "verify was not done in time", "Give a longer --timeout; the report holds what was checked"}
	}
	return &failure{exitUnavailable, err.Error(), "Check --base-url and the key; kalshi-keys doctor tells more"}
}
