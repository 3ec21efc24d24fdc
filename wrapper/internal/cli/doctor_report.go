package cli

// doctorStatus is what a check came to.
type doctorStatus string

const (
	statusOK        doctorStatus = "ok"
	statusWarning   doctorStatus = "warning"
	statusProblem   doctorStatus = "problem"
	statusUnchecked doctorStatus = "not_checked"
)

// finding is the outcome of one check. Scripts may decide on the ID and the status; the texts
// are for people.
type finding struct {
	ID     string       `json:"id"`
	Status doctorStatus `json:"status"`
	Text   string       `json:"finding"`
	Advice string       `json:"advice,omitempty"`

	code exitCode
}

func fine(text string) finding {
	return finding{Status: statusOK, Text: text}
}

func warning(text, advice string) finding {
	return finding{Status: statusWarning, Text: text, Advice: advice}
}

// problem is a finding that makes the command fail with code.
func problem(code exitCode, text, advice string) finding {
	return finding{Status: statusProblem, Text: text, Advice: advice, code: code}
}

// unchecked is the finding of a check that was not made.
func unchecked(reason string) finding {
	return finding{Status: statusUnchecked, Text: "not checked: " + reason}
}

// doctorReport is what doctor prints.
type doctorReport struct {
	Checks []finding `json:"checks"`

	abbreviate func(string) string
}

func (r *doctorReport) add(id string, found finding) {
	found.ID = id
	found.Text, found.Advice = r.abbreviate(found.Text), r.abbreviate(found.Advice)
	r.Checks = append(r.Checks, found)
}

func (r *doctorReport) table() [][]string {
	rows := [][]string{{"STATUS", "CHECK", "FINDING"}}
	for _, check := range r.Checks {
		status := string(check.Status)
		if check.Status == statusUnchecked {
			status = "-"
		}
		rows = append(rows, []string{status, check.ID, check.Text})
		if check.Advice != "" {
			rows = append(rows, []string{"", "", "what to do: " + check.Advice})
		}
	}
	return rows
}
