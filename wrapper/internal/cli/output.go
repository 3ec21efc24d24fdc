package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf16"
)

// print shows value as JSON if --output asks for it, and text otherwise.
func (s *settings) print(value any, text string) error {
	if s.output.value == "json" {
		line, err := jsonLine(value)
		if err != nil {
			return fmt.Errorf("rendering the output: %w", err)
		}
		text = line
	}
	text, err := s.withRecovered(text)
	if err != nil {
		return fmt.Errorf("rendering the output: %w", err)
	}
	if _, err := io.WriteString(s.stdout, text); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// printDone is print for a command that has changed something, which done says: it stays so when
// the output cannot be written.
func (s *settings) printDone(done string, value any, rows [][]string) error {
	if err := s.print(value, table(rows)); err != nil {
		return fmt.Errorf("%s, but: %w", done, err)
	}
	return nil
}

func jsonLine(value any) (string, error) {
	line, err := json.Marshal(value)
	return printableJSON(string(line)) + "\n", err
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

func dashed(text string) string { return cmp.Or(text, "-") }

// withWarning adds what the service said of a new key, if it said anything.
func withWarning(rows [][]string, warning string) [][]string {
	if warning == "" {
		return rows
	}
	return append(rows, []string{"WARNING", warning})
}

// orEmpty returns a list that JSON shows as one, and not as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// printable returns text with everything escaped that a terminal would obey instead of showing:
// control characters, line breaks, and marks that reverse the direction of writing. Names and
// warnings come from the service, and whoever named a key may not be who lists it.
func printable(text string) string {
	return escape(text, func(r rune) string { return strings.Trim(strconv.QuoteRune(r), "'") })
}

// printableJSON does the same to a line of JSON, which means the same afterwards: what
// encoding/json leaves as it is stands inside of strings.
func printableJSON(line string) string {
	return escape(line, func(r rune) string {
		var escaped strings.Builder
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
		return escaped.String()
	})
}

func escape(text string, escaped func(rune) string) string {
	var safe strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			safe.WriteRune(r)
			continue
		}
		safe.WriteString(escaped(r))
	}
	return safe.String()
}
