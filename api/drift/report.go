package drift

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Document names one side of a comparison by what its info section says.
type Document struct {
	// Title is info.title.
	Title string `json:"title"`
	// Version is info.version.
	Version string `json:"version"`
}

// String is the title and the version, free of control characters.
func (d Document) String() string {
	return printable(strings.TrimSpace(cmp.Or(d.Title, "(no title)") + " " + d.Version))
}

// Report is the outcome of a comparison. Its methods only read; concurrent use is safe as long as
// nobody writes to its fields.
type Report struct {
	// Contract is the contract of this module, or the document in its place.
	Contract Document `json:"contract"`
	// Revision is the document that it was compared with.
	Revision Document `json:"revision"`
	// Changes are sorted: breaking, additive, known, text, then by operation and place.
	Changes []Change `json:"changes"`
}

// Summary counts the changes of a report by kind.
type Summary struct {
	// Breaking is how many changes break a user of this contract.
	Breaking int `json:"breaking"`
	// Additive is how many add something that a user may leave alone.
	Additive int `json:"additive"`
	// Known is how many only take away what the contract adds from observation.
	Known int `json:"known"`
	// Text is how many change words alone.
	Text int `json:"text"`
}

// Summary counts the changes by kind.
func (r *Report) Summary() Summary {
	count := map[Kind]int{}
	for _, c := range r.Changes {
		count[c.Kind]++
	}
	return Summary{Breaking: count[Breaking], Additive: count[Additive], Known: count[Known], Text: count[Text]}
}

// kinds are the kinds of changes, with those first that matter most.
func kinds() []Kind { return []Kind{Breaking, Additive, Known, Text} }

// Worst returns the kind of the change that matters most: [Breaking] before [Additive] before
// [Known] before [Text]. It is empty when nothing changed.
func (r *Report) Worst() Kind {
	for _, kind := range kinds() {
		if slices.ContainsFunc(r.Changes, func(c Change) bool { return c.Kind == kind }) {
			return kind
		}
	}
	return ""
}

// sortChanges gives a report one order, whatever the order of keys in the documents.
func sortChanges(changes []Change) {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kinds(), a.Kind), slices.Index(kinds(), b.Kind)),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Place, b.Place),
			cmp.Compare(a.Aspect, b.Aspect), cmp.Compare(a.Was, b.Was), cmp.Compare(a.Is, b.Is),
		)
	})
}

// WriteJSON writes the report as one indented JSON object: contract, revision, summary and
// changes. It returns the writer's error.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Contract Document `json:"contract"`
		Revision Document `json:"revision"`
		Summary  Summary  `json:"summary"`
		Changes  []Change `json:"changes"`
	}{r.Contract, r.Revision, r.Summary(), append([]Change{}, r.Changes...)})
}

// WriteText writes the report for people: what matters most first, a change that several
// operations share only once, and of known changes and those of text only the places. Control
// characters of the documents do not reach w. It returns the writer's error.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	s := r.Summary()
	fmt.Fprintf(&b, "contract: %s\nrevision: %s\n", r.Contract, r.Revision)
	fmt.Fprintf(&b, "%d breaking, %d additive, %d known, %d text only\n", s.Breaking, s.Additive, s.Known, s.Text)
	for _, kind := range kinds() {
		groups, operations := groupShared(kind, r.Changes)
		if len(groups) > 0 {
			fmt.Fprintf(&b, "\n%s\n\n", strings.ToUpper(string(kind)))
		}
		for _, c := range groups {
			fmt.Fprintf(&b, "  %s: %s [%s]\n", printable(c.Place), printable(c.Aspect), printable(strings.Join(operations[c], ", ")))
			if kind == Breaking || kind == Additive {
				fmt.Fprintf(&b, "    was: %s\n    is:  %s\n    %s\n", clipped(c.Was), clipped(c.Is), printable(c.Meaning))
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// groupShared returns the changes of one kind without their operations, each once and in order,
// and for each the operations it concerns.
func groupShared(kind Kind, changes []Change) (groups []Change, operations map[Change][]string) {
	operations = map[Change][]string{}
	for _, c := range changes {
		if c.Kind != kind {
			continue
		}
		name := cmp.Or(c.Operation, c.Method+" "+c.Path)
		c.Operation, c.Method, c.Path = "", "", ""
		if kind == Text {
			c.Was, c.Is = "", ""
		}
		if operations[c] == nil {
			groups = append(groups, c)
		}
		operations[c] = append(operations[c], name)
	}
	return groups, operations
}

// clipped is a value on a line that people can read.
func clipped(value string) string {
	const most = 200
	runes := []rune(printable(cmp.Or(value, "(none)")))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// printable keeps the documents from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
}
