package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// Coverage counts which operations and documented statuses exchanges have exercised. A status
// counts when its response fits the contract, options included; the request need not, because a 400 takes a
// wrong one. It is safe for concurrent use. Make one with [NewCoverage].
type Coverage struct {
	mu      sync.Mutex
	covered map[covered]int
	allowed map[allowance]int
}

type covered struct {
	Operation string `json:"operation"`
	Status    int    `json:"status"`
}

type allowance struct {
	operation string
	rule      Rule
	status    int
}

// NewCoverage returns a coverage that has seen nothing yet.
func NewCoverage() *Coverage {
	return &Coverage{covered: map[covered]int{}, allowed: map[allowance]int{}}
}

func (c *Coverage) record(what covered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.covered[what]++
}

func (c *Coverage) allow(v Violation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allowed[allowance{v.Operation, v.Rule, v.Status}]++
}

// CoverageRow is one documented status of one operation.
type CoverageRow struct {
	// Operation is the operation ID.
	Operation string `json:"operation"`
	// Method is the HTTP method, in upper case.
	Method string `json:"method"`
	// Path is as the contract writes it, with the names of parameters in braces.
	Path string `json:"path"`
	// Status is a documented one.
	Status int `json:"status"`
	// Exchanges is how many responses of the operation had the status and fitted the contract.
	Exchanges int `json:"exchanges"`
}

// AllowedRow counts deviations that an option let pass.
type AllowedRow struct {
	// Operation is the operation ID, empty for requests that match none.
	Operation string `json:"operation,omitempty"`
	// Rule is the one that was broken.
	Rule Rule `json:"rule"`
	// Status of the response, 0 for deviations of requests.
	Status int `json:"status,omitempty"`
	// Count is how often it happened.
	Count int `json:"count"`
}

// Rows returns every documented status of every operation, exercised or not, in the order of
// the contract's paths.
func (c *Coverage) Rows() []CoverageRow {
	c.mu.Lock()
	defer c.mu.Unlock()
	var rows []CoverageRow
	for _, op := range embedded().operations {
		for _, status := range op.Statuses() {
			rows = append(rows, CoverageRow{
				Operation: op.ID, Method: op.Method, Path: op.Path,
				Status: status, Exchanges: c.covered[covered{op.ID, status}],
			})
		}
	}
	return rows
}

// Allowed returns the deviations that an option let pass.
func (c *Coverage) Allowed() []AllowedRow {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := make([]AllowedRow, 0, len(c.allowed))
	for what, count := range c.allowed {
		rows = append(rows, AllowedRow{what.operation, what.rule, what.status, count})
	}
	slices.SortFunc(rows, func(a, b AllowedRow) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Status, b.Status))
	})
	return rows
}

// Percent returns how many of the documented statuses have been exercised, 0 to 100.
func (c *Coverage) Percent() float64 {
	rows, hit := c.Rows(), 0
	for _, row := range rows {
		if row.Exchanges > 0 {
			hit++
		}
	}
	return 100 * float64(hit) / float64(len(rows))
}

// Require fails t when fewer than minPercent of the documented statuses have been exercised,
// and names those that are missing.
func (c *Coverage) Require(t TestingT, minPercent float64) {
	t.Helper()
	if got := c.Percent(); got < minPercent {
		t.Errorf("contract coverage is %.1f %%, wanted at least %.1f %%\n%s", got, minPercent, c.Table())
	}
}

// Table returns the coverage as text: one line for each documented status, then the share, and
// then what options let pass.
func (c *Coverage) Table() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "operation\tmethod\tpath\tstatus\texchanges")
	for _, row := range c.Rows() {
		count := fmt.Sprint(row.Exchanges)
		if row.Exchanges == 0 {
			count = "MISSING"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", row.Operation, row.Method, row.Path, row.Status, count)
	}
	_ = table.Flush()
	fmt.Fprintf(&text, "%.1f %% of the documented statuses\n", c.Percent())
	for _, row := range c.Allowed() {
		fmt.Fprintf(&text, "allowed: %d x %s", row.Count, row.Rule)
		if row.Status != 0 {
			fmt.Fprintf(&text, " %d", row.Status)
		}
		fmt.Fprintf(&text, " (%s)\n", cmp.Or(row.Operation, "no operation"))
	}
	return text.String()
}

// MarshalJSON returns the share, the rows and the allowed deviations.
func (c *Coverage) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Percent  float64       `json:"percent"`
		Statuses []CoverageRow `json:"statuses"`
		Allowed  []AllowedRow  `json:"allowed"`
	}{c.Percent(), c.Rows(), c.Allowed()})
}

// Merge adds what other has seen.
func (c *Coverage) Merge(other *Coverage) {
	other.mu.Lock()
	theirs, passed := maps.Clone(other.covered), maps.Clone(other.allowed)
	other.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, count := range theirs {
		c.covered[what] += count
	}
	for what, count := range passed {
		c.allowed[what] += count
	}
}
