package drift_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/drift"
)

type object = map[string]any

// edit changes one thing in a document. Its path is separated by ">".
type edit struct {
	path  string
	value any // nil removes
}

func set(path string, value any) edit { return edit{path, value} }
func remove(path string) edit         { return edit{path, nil} }

// contract is a fresh copy of the contract as it was when these tests were written, as JSON values: what
// they say of it does not change with openapi.yaml.
func contract(tb testing.TB) object {
	tb.Helper()
	encoded, err := os.ReadFile("testdata/contract.json")
	if err != nil {
		tb.Fatal(err)
	}
	var doc object
	if err := json.Unmarshal(encoded, &doc); err != nil {
		tb.Fatal(err)
	}
	return doc
}

func edited(tb testing.TB, edits ...edit) object {
	tb.Helper()
	doc := contract(tb)
	for _, e := range edits {
		if err := apply(doc, strings.Split(e.path, ">"), e.value); err != nil {
			tb.Fatalf("edit %s: %v", e.path, err)
		}
	}
	return doc
}

func apply(at any, path []string, value any) error {
	switch node := at.(type) {
	case object:
		if len(path) > 1 {
			return apply(node[path[0]], path[1:], value)
		}
		_, there := node[path[0]]
		switch {
		case value != nil:
			node[path[0]] = value
		case there:
			delete(node, path[0])
		default:
			return fmt.Errorf("nothing to remove at %s", path[0])
		}
		return nil
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(node) {
			return fmt.Errorf("no element %s", path[0])
		}
		if len(path) > 1 {
			return apply(node[i], path[1:], value)
		}
		node[i] = value
		return nil
	default:
		return fmt.Errorf("nothing at %s", path[0])
	}
}

func encode(tb testing.TB, doc object) []byte {
	tb.Helper()
	encoded, err := json.Marshal(doc)
	if err != nil {
		tb.Fatal(err)
	}
	return encoded
}

// compareWith holds the contract of these tests against doc.
func compareWith(tb testing.TB, doc object) *drift.Report {
	tb.Helper()
	report, err := drift.CompareDocuments(bytes.NewReader(encode(tb, contract(tb))), bytes.NewReader(encode(tb, doc)))
	if err != nil {
		tb.Fatal(err)
	}
	return report
}

// linesOf writes each change on a line: kind, direction, operation: place: aspect.
func linesOf(report *drift.Report) []string {
	lines := make([]string, 0, len(report.Changes))
	for _, c := range report.Changes {
		who := strings.TrimSpace(string(c.Direction) + " " + c.Operation)
		lines = append(lines, strings.TrimSpace(string(c.Kind)+" "+who)+": "+c.Place+": "+c.Aspect)
	}
	slices.Sort(lines)
	return lines
}
