package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// doctorTimeout bounds a whole examination: a name, a handshake and a few requests (our own
// choice).
const doctorTimeout = 60 * time.Second

const doctorHelp = `Looks for what keeps requests from being accepted, in the order in which it would show,
and says what to do about each: the settings, the key ID, the private key and its file, the
base URL, the proxy, the name, TLS, who answers, the clock, a signed request, and what the
key may do. Nothing is changed. A check that cannot be made says why. With a store, the
key is the one that is current there for the base URL, as for every other command.

The output holds no key material and no signature, so it can be pasted into an issue. It
names the key ID, the host and the paths, with ~ for the home directory.

--mend FILE also writes the private key to a new file, as clean PEM and for its owner only.

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

type doctorFlags struct {
	service           serviceFlags
	output            outputFlag
	mend              pathFlag
	otherEnvironments bool
}

func (a app) newDoctorCommand() *cobra.Command {
	var flags doctorFlags
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Find out why requests are refused, and what to do",
		Long:  doctorHelp,
		Args:  takes(),
	}
	command.RunE = func(command *cobra.Command, _ []string) error {
		if flags.service.timeout <= 0 {
			return usage("--timeout must be greater than zero", "")
		}
		ctx, cancel := context.WithTimeout(command.Context(), flags.service.timeout)
		defer cancel()
		report := a.examine(ctx, flags)
		if err := flags.output.write(a.stdout, report, report.table()); err != nil {
			return err
		}
		if isInterrupted(ctx) {
			return &failure{code: exitFailure, text: "doctor was interrupted", hint: "Run it again: what was not checked may be what is wrong"}
		}
		return report.verdict()
	}
	flags.service.registerFor(command.Flags(), doctorTimeout)
	registerStore(command.Flags(), &flags.service.credentials.store)
	flags.output.register(command.Flags())
	command.Flags().Var(&flags.mend, "mend", "also write the private key to this new `FILE`, as clean PEM with mode 0600")
	command.Flags().BoolVar(&flags.otherEnvironments, "try-other-environments", false,
		"ask the service's other environments for an unknown key ID")
	return command
}

// examination is one run of doctor: what later checks need of earlier ones. A field is empty
// where the check that fills it has found a problem.
type examination struct {
	app
	flags    doctorFlags
	settings doctorSettings
	service  doctorService
	answer   doctorAnswer
}

// examine makes the checks. Their order and their IDs are part of the command's interface.
func (a app) examine(ctx context.Context, flags doctorFlags) doctorReport {
	e := &examination{app: a, flags: flags}
	e.settings.read(flags.service.credentials, a.getenv)
	e.readStore(ctx)
	defer e.service.close()
	report := doctorReport{abbreviate: abbreviator(a.getenv("HOME"))}
	for _, check := range []struct {
		id   string
		make func(context.Context) finding
	}{
		{"variables", e.checkVariables},
		{"key_id", e.checkKeyID},
		{"private_key", e.checkPrivateKey},
		{"file_mode", e.checkFileMode},
		{"base_url", e.checkBaseURL},
		{"proxy", e.checkProxy},
		{"name_resolution", e.checkName},
		{"tls", e.checkTLS},
		{"service", e.checkService},
		{"clock", e.checkClock},
		{"signed_request", e.checkSignedRequest},
		{"other_environments", e.checkOtherEnvironments},
		{"scopes", e.checkScopes},
		{"bindings", e.checkBindings},
		{"attestation", e.checkAttestation},
	} {
		report.add(check.id, orInterrupted(ctx, check.make))
	}
	switch {
	case flags.mend == "":
	case isInterrupted(ctx):
		report.add("mend", unchecked("interrupted"))
	default:
		report.add("mend", e.mend())
	}
	return report
}

// orInterrupted makes a check, unless the user has had enough. What a check finds while it is
// broken off says nothing about what it looks at.
func orInterrupted(ctx context.Context, check func(context.Context) finding) finding {
	if !isInterrupted(ctx) {
		if found := check(ctx); !isInterrupted(ctx) {
			return found
		}
	}
	return unchecked("interrupted")
}

// isInterrupted tells an interrupt from the end of --timeout, which is an answer in itself: none
// came in time.
func isInterrupted(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled)
}

// abbreviator returns a function that puts ~ in the place of the home directory where a path
// begins with it. A quote before the path moves behind the ~, which shells expand outside of
// quotes only.
func abbreviator(home string) func(string) string {
	home = strings.TrimRight(home, "/")
	if home == "" {
		return func(text string) string { return text }
	}
	begins := regexp.MustCompile(`(^|[\s=("':])` + regexp.QuoteMeta(home) + `/`)
	return func(text string) string {
		return strings.ReplaceAll(begins.ReplaceAllString(text, "${1}~/"), "'~/", "~/'")
	}
}

// verdict returns the error of the first problem, nil if there is none.
func (r *doctorReport) verdict() error {
	var problems []string
	code := exitOK
	for _, check := range r.Checks {
		if check.Status != statusProblem {
			continue
		}
		problems = append(problems, check.ID)
		if code == exitOK {
			code = check.code
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &failure{
		code: code,
		text: fmt.Sprintf("doctor found a problem with %s", strings.Join(problems, ", ")),
		hint: "Begin with the first: the others may follow from it",
	}
}
