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

// WriteJSON writes the report as one indented JSON object: contract, revision, summary and
// changes. It returns the writer's error.
func (r *Report) WriteJSON(w io.Writer) error {
	out := struct {
		Contract Document `json:"contract"`
		Revision Document `json:"revision"`
		Summary  Summary  `json:"summary"`
		Changes  []Change `json:"changes"`
	}{r.Contract, r.Revision, r.Summary(), r.Changes}
	if out.Changes == nil {
		out.Changes = []Change{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}

// WriteText writes the report for people: breaking changes first, a change that several
// operations share only once, and of changes of text only the places. Control characters of the
// other document do not reach w. It returns the writer's error.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	s := r.Summary()
	fmt.Fprintf(&b, "contract: %s\nrevision: %s\n", r.Contract, r.Revision)
	fmt.Fprintf(&b, "%d breaking, %d additive, %d text only\n", s.Breaking, s.Additive, s.Text)
	for _, kind := range []Kind{Breaking, Additive} {
		writeWeighed(&b, kind, r.Changes)
	}
	writeWords(&b, r.Changes)
	_, err := w.Write(b.Bytes())
	return err
}

// String is the title and the version, free of control characters.
func (d Document) String() string {
	return printable(strings.TrimSpace(cmp.Or(d.Title, "(no title)") + " " + d.Version))
}

func writeWeighed(b *bytes.Buffer, kind Kind, changes []Change) {
	groups, operations := groupShared(kind, changes)
	if len(groups) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", strings.ToUpper(string(kind)))
	for _, c := range groups {
		fmt.Fprintf(b, "\n  %s: %s", printable(c.Place), printable(c.Aspect))
		if names := operations[c]; len(names) > 0 {
			fmt.Fprintf(b, " [%s]", printable(strings.Join(names, ", ")))
		}
		fmt.Fprintf(b, "\n    was: %s\n    is:  %s\n    %s\n", shown(c.Was), shown(c.Is), printable(c.Meaning))
	}
}

// groupShared returns the changes of one kind without their operations, each once and in order,
// and for each the operations it concerns.
func groupShared(kind Kind, changes []Change) ([]Change, map[Change][]string) {
	var groups []Change
	operations := map[Change][]string{}
	for _, c := range changes {
		if c.Kind != kind {
			continue
		}
		name := operationName(c)
		c.Operation, c.Method, c.Path = "", "", ""
		if !slices.Contains(groups, c) {
			groups = append(groups, c)
		}
		if name != "" {
			operations[c] = append(operations[c], name)
		}
	}
	return groups, operations
}

func operationName(c Change) string {
	return cmp.Or(c.Operation, strings.TrimSpace(c.Method+" "+c.Path))
}

func writeWords(b *bytes.Buffer, changes []Change) {
	var names []string
	places := map[string][]string{}
	for _, c := range changes {
		if c.Kind != Text {
			continue
		}
		name := cmp.Or(operationName(c), "servers")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		places[name] = append(places[name], c.Place+" ("+c.Aspect+")")
	}
	if len(names) == 0 {
		return
	}
	fmt.Fprintf(b, "\nTEXT ONLY\n\n")
	for _, name := range names {
		fmt.Fprintf(b, "  %s: %s\n", printable(name), printable(strings.Join(places[name], ", ")))
	}
}

func shown(value string) string { return printable(cmp.Or(value, "(none)")) }

// printable keeps the other document from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
}
