package doctor

import (
	"cmp"
	"errors"
	"regexp"
	"strings"

	"kalshi.internal/apikeys/wrapper"
)

// ErrSettings is the kind of a problem with settings: nothing was sent because of it.
var ErrSettings = errors.New("doctor: the settings cannot be used")

// Status is the outcome of a check.
type Status string

// The outcomes of a check.
const (
	// StatusOK: nothing is wrong.
	StatusOK Status = "ok"
	// StatusWarning: requests are accepted, but something else may go wrong.
	StatusWarning Status = "warning"
	// StatusProblem: requests are refused because of it.
	StatusProblem Status = "problem"
	// StatusUnchecked: the check was not possible.
	StatusUnchecked Status = "not_checked"
)

// Check is a check and its outcome. Programs may decide on ID and Status; the texts are for people.
type Check struct {
	// ID names the check, such as "key_id".
	ID string `json:"id"`
	// Status is the outcome.
	Status Status `json:"status"`
	// Text says what was found.
	Text string `json:"finding"`
	// Advice says what to do, empty if there is nothing to do.
	Advice string `json:"advice,omitempty"`
	// Kind is the kind of a problem, for [errors.Is]: [ErrSettings] or what package wrapper returns
	// for it. It is nil unless Status is [StatusProblem].
	Kind error `json:"-"`

	// suffices lets the checks that need this one be made.
	suffices bool
}

// Report holds the checks in the order in which they were made.
type Report struct {
	// Checks are all checks of the run.
	Checks []Check `json:"checks"`

	abbreviate func(string) string
}

// Problems returns the checks that found a problem. The later ones may follow from the first.
func (r *Report) Problems() (problems []Check) {
	for _, check := range r.Checks {
		if check.Status == StatusProblem {
			problems = append(problems, check)
		}
	}
	return problems
}

func (r *Report) add(id string, check Check) {
	// Errors that were joined come one to a line.
	check.Text = strings.ReplaceAll(check.Text, "\n", "; ")
	check.ID, check.Text, check.Advice = id, r.abbreviate(check.Text), r.abbreviate(check.Advice)
	r.Checks = append(r.Checks, check)
}

func fine(text string) Check {
	return Check{Status: StatusOK, Text: text, suffices: true}
}

func warning(text, advice string) Check {
	return Check{Status: StatusWarning, Text: text, Advice: advice, suffices: true}
}

func problem(kind error, text, advice string) Check {
	return Check{Status: StatusProblem, Text: text, Advice: advice, Kind: kind}
}

func unchecked(reason string) Check {
	return Check{Status: StatusUnchecked, Text: "not checked: " + reason}
}

// unusable is a problem with settings.
func unusable(text, advice string) Check { return problem(ErrSettings, text, advice) }

// unavailable is a problem on the way to the service.
func unavailable(text, advice string) Check { return problem(wrapper.ErrUnavailable, text, advice) }

// AdvisedError is an error whose text leaves out what to do about it.
type AdvisedError struct {
	// Text says what is wrong, Advice what to do about it.
	Text, Advice string
}

// Error returns the text.
func (e *AdvisedError) Error() string { return e.Text }

// explain splits an error into what is wrong and what to do.
func explain(err error) (text, advice string) {
	if advised, ok := errors.AsType[*AdvisedError](err); ok {
		advice = advised.Advice
	} else if credentials, ok := errors.AsType[*wrapper.CredentialsError](err); ok {
		advice = credentials.Hint
	} else if call, ok := errors.AsType[*wrapper.Error](err); ok {
		advice = call.Hint
	}
	text = strings.TrimSuffix(err.Error(), ". "+advice)
	for _, prefix := range []string{"kalshi: ", "credentials: ", "private key: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text, cmp.Or(advice, "See the message")
}

// abbreviator returns a function that puts ~ in the place of the home directory where a path
// begins with it. A quote before the path moves behind the ~, because shells expand it only
// outside of quotes.
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
