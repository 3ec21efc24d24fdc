package cli

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper/doctor"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// doctorTimeout bounds a whole examination: a name, a handshake and a few requests (our own
// choice).
const doctorTimeout = 60 * time.Second

const doctorHelp = `Checks, in this order, what a request needs to be accepted, and says what to do about
each problem: the settings, the key ID, the private key and its file, the base URL, the
proxy, the host name, TLS, who answers, the clock, a signed request, and what the key may
do. Nothing is changed. A check that is not possible says why. With a store, the key is
the one that is current there for the base URL, as for every other command.

The output holds no key material and no signature, so it can be pasted into an issue. It
names the key ID, the host and the paths, with ~ for the home directory.

--mend FILE also writes the private key to a new file, as clean PEM that only its owner
may read.

--try-other-environments asks the service's other environments for a key ID that this one
does not know. It sends them the key ID with a signature that can list the keys, for some
ten seconds and only where the key is live; the private key stays here.

Ends with the exit code of the first problem, in the order of the checks:
  0  no problem, though there may be warnings
  2  variables, key_id, private_key, file_mode, base_url, proxy, mend
  3  clock; a signed request that is refused as unauthenticated, here or elsewhere
  4  service: the base URL leads to no route of the service
  5  name_resolution, tls; service or signed_request: no answer that can be used
  7  service or signed_request: forbidden; scopes, attestation
  1  a signed_request that fails in any other way; an interrupted examination`

func newDoctorCommand(s *settings) *cobra.Command {
	var mend pathFlag
	var otherEnvironments bool
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Find out why requests are refused, and what to do",
		Long:  doctorHelp,
		Args:  takes(),
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := s.doctorConfig()
			if err != nil {
				return err
			}
			config.Mend, config.TryOtherEnvironments = mend.String(), otherEnvironments
			return s.examine(command.Context(), config)
		},
	}
	s.registerService(command.Flags(), doctorTimeout)
	command.Flags().Var(&mend, "mend", "also write the private key to this new `FILE`, as clean PEM with mode 0600")
	command.Flags().BoolVar(&otherEnvironments, "try-other-environments", false,
		"ask the service's other environments for an unknown key ID")
	return command
}

func (s *settings) examine(ctx context.Context, config doctor.Config) error {
	ctx, cancel, err := s.within(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	report := doctor.Run(ctx, config)
	if err := s.print(report, table(checkRows(report.Checks))); err != nil {
		return err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return &failure{exitFailure, "doctor was interrupted", "Run it again: what was not checked may be what is wrong"}
	}
	return problemsError(report.Problems())
}

func (s *settings) doctorConfig() (doctor.Config, error) {
	given, err := s.givenBaseURL()
	if err != nil {
		return doctor.Config{}, err
	}
	config := doctor.Config{
		BaseURL: given, KeyID: s.keyID.String(), PrivateKeyFile: s.path(s.keyFile.String()), Getenv: s.getenv,
		Create: func(path string) (doctor.File, error) { return s.create(s.path(path)) },
	}
	if s.verbose {
		config.Logger = s.logger()
	}
	address, err := s.storeToSignWith()
	if address == "" && err == nil {
		return config, nil
	}
	config.Store = shownStore(address)
	config.CurrentKey = func(ctx context.Context, base *url.URL) (keystore.Entry, error) {
		var entry keystore.Entry
		if err == nil {
			entry, err = s.currentEntry(ctx, address, base)
		}
		if err != nil {
			text, hint := describe(err)
			return entry, &doctor.AdvisedError{Text: text, Advice: hint}
		}
		return entry, nil
	}
	return config, nil
}

func checkRows(checks []doctor.Check) [][]string {
	rows := [][]string{{"STATUS", "CHECK", "FINDING"}}
	for _, check := range checks {
		status := string(check.Status)
		if check.Status == doctor.StatusUnchecked {
			status = "-"
		}
		rows = append(rows, []string{status, check.ID, check.Text})
		if check.Advice != "" {
			rows = append(rows, []string{"", "", "what to do: " + check.Advice})
		}
	}
	return rows
}

// problemsError returns the error of the first problem, nil if there is none.
func problemsError(problems []doctor.Check) error {
	if len(problems) == 0 {
		return nil
	}
	code := exitUsage
	if kind := problems[0].Kind; !errors.Is(kind, doctor.ErrSettings) {
		code = exitCodeOf(kind)
	}
	ids := make([]string, len(problems))
	for i, check := range problems {
		ids[i] = check.ID
	}
	return &failure{code, "doctor found a problem with " + strings.Join(ids, ", "), "Begin with the first: the others may follow from it"}
}
