package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

// Coverage tells which operations and documented statuses a test run has exercised. A status
// counts when its response fits the contract, or deviates only where an option allows it. The
// request may be wrong: that is how a 400 is exercised. [ReadCoverage] makes it. It does not change, so
// concurrent use is safe.
type Coverage struct {
	exchanges map[covered]int
}

type covered struct {
	Operation string `json:"operation"`
	Status    int    `json:"status"`
}

// coverageRow is one documented status of one operation, and how many exchanges had it.
type coverageRow struct {
	Operation string `json:"operation"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Status    int    `json:"status"`
	Exchanges int    `json:"exchanges"`
}

// rows returns every documented status of every operation, in the order of the contract's paths.
func (c *Coverage) rows() (rows []coverageRow) {
	for _, op := range embedded().operations {
		for _, status := range op.Statuses() {
			rows = append(rows, coverageRow{op.ID, op.Method, op.Path, status, c.exchanges[covered{op.ID, status}]})
		}
	}
	return rows
}

// Percent returns how many of the documented statuses have been exercised, 0 to 100.
func (c *Coverage) Percent() float64 {
	rows, hit := c.rows(), 0
	for _, row := range rows {
		if row.Exchanges > 0 {
			hit++
		}
	}
	return 100 * float64(hit) / float64(len(rows))
}

// Table returns the coverage as text: one line for each documented status, then the share.
func (c *Coverage) Table() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "operation\tmethod\tpath\tstatus\texchanges")
	for _, row := range c.rows() {
		count := fmt.Sprint(row.Exchanges)
		if row.Exchanges == 0 {
			count = "MISSING"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", row.Operation, row.Method, row.Path, row.Status, count)
	}
	_ = table.Flush()
	fmt.Fprintf(&text, "%.1f %% of the documented statuses\n", c.Percent())
	return text.String()
}

// MarshalJSON returns the share as percent, and as statuses every documented status of every
// operation with the number of its exchanges.
func (c *Coverage) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Percent  float64       `json:"percent"`
		Statuses []coverageRow `json:"statuses"`
	}{c.Percent(), c.rows()})
}
