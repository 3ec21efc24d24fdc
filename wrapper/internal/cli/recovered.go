package cli

import (
	"encoding/json"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// foreignText says what a foreign record is.
const foreignText = "another store began this, of which this one is a copy: kalshi-keys recover --adopt-copy goes on with it " +
	"and may revoke the key, so give it only if the other store is not used any more"

func stepRow(step lifecycle.RecoverStep) []string {
	until := "-"
	if !step.Until.IsZero() {
		until = step.Until.UTC().Format(time.RFC3339)
	}
	row := []string{string(step.Action), dashed(step.KeyID), dashed(step.Name), until}
	if step.Action == lifecycle.RecoverForeign {
		row = append(row, foreignText)
	}
	return row
}

// withRecovered adds to what a command shows what it has recovered before.
func (s *settings) withRecovered(text string) (string, error) {
	if len(s.recovered) == 0 {
		return text, nil
	}
	steps := s.recovered
	s.recovered = nil
	if s.output.value == "json" {
		added, err := json.Marshal(steps)
		return strings.TrimSuffix(text, "}\n") + `,"recovered":` + printableJSON(string(added)) + "}\n", err
	}
	rows := [][]string{{"RECOVERED", "ID", "NAME", "UNTIL"}}
	for _, step := range steps {
		rows = append(rows, stepRow(step))
	}
	return text + table(rows), nil
}

// showRecovered says on standard error what a command has recovered that has shown nothing.
func (s *settings) showRecovered() {
	for _, step := range s.recovered {
		s.say("recovered", printable(strings.Join(stepRow(step), " ")))
	}
	s.recovered = nil
}
