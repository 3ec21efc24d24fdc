package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"
)

// outputFlag chooses between output for people and for programs.
type outputFlag struct{ format choiceFlag }

func (f *outputFlag) register(flags *pflag.FlagSet) {
	f.format = choiceFlag{value: "table", choices: []string{"table", "json"}}
	flags.Var(&f.format, "output", "`FORMAT` of the output: table or json")
}

// write shows value as JSON, or rows as a table.
func (f *outputFlag) write(w io.Writer, value any, rows [][]string) error {
	text, err := f.render(value, rows)
	if err != nil {
		return fmt.Errorf("rendering the output: %w", err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// writeDone is write for a command that has changed something, which done says: it stays so when
// the output cannot be written.
func (f *outputFlag) writeDone(w io.Writer, done string, value any, rows [][]string) error {
	if err := f.write(w, value, rows); err != nil {
		return fmt.Errorf("%s, but: %w", done, err)
	}
	return nil
}

func (f *outputFlag) render(value any, rows [][]string) (string, error) {
	if f.format.value == "json" {
		line, err := json.Marshal(value)
		return printableJSON(string(line)) + "\n", err
	}
	return table(rows), nil
}

// table lines the cells of rows up in columns.
func table(rows [][]string) string {
	var text strings.Builder
	aligned := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		_, _ = fmt.Fprintln(aligned, strings.Join(cells, "\t"))
	}
	_ = aligned.Flush() // neither it nor strings.Builder can fail
	return text.String()
}

// orDash returns a cell for what may be absent.
func orDash[T any](value *T) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprint(*value)
}
