package sandbox_test

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
)

func TestTheTableOfChoicesNamesEveryFieldAndNoOther(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^//\t.*  ([\w, ]+)$`).FindAllStringSubmatch(string(doc), -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			documented[name] = true
		}
	}
	delete(documented, "Field")
	delete(documented, "none")
	fields := map[string]bool{}
	for field := range reflect.TypeFor[sandbox.Choices]().Fields() {
		fields[field.Name] = true
	}
	if !maps.Equal(documented, fields) {
		t.Errorf("the table names\n%v, the struct has\n%v", documented, fields)
	}
}

// mistakeRow is what the table of mistakes says of one.
type mistakeRow struct{ status, service, sandbox string }

func documentedMistakes(t *testing.T) map[string]mistakeRow {
	t.Helper()
	doc, err := os.ReadFile("explain/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]mistakeRow{}
	for _, row := range regexp.MustCompile(`(?m)^//\t([a-z0-9_]+) +(\d{3}) ?(.*?)  +(.+)$`).FindAllStringSubmatch(string(doc), -1) {
		rows[row[1]] = mistakeRow{row[2], row[3], row[4]}
	}
	return rows
}
