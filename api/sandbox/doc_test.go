package sandbox_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTheTableOfChoicesNamesEveryOptionAndNoOther(t *testing.T) {
	documented := map[string]bool{}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile(`(?m)^//\t.*  (\w+)$`).FindAllStringSubmatch(string(doc), -1) {
		documented[row[1]] = true
	}
	delete(documented, "Option")
	delete(documented, "none")
	got, want := slices.Sorted(maps.Keys(documented)), options(t)
	if !slices.Equal(got, want) {
		t.Errorf("the table names\n%q, the package has\n%q", got, want)
	}
}

// options returns the names of the package's functions that return an Option.
func options(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, file := range sources(t) {
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && returnsOption(function) {
				names = append(names, function.Name.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// sources returns the parsed files of the package.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, parsed)
	}
	return files
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

// constantsOf returns the values of the package's constants of a type.
func constantsOf(t *testing.T, typeName string) []string {
	t.Helper()
	var values []string
	for _, file := range sources(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			constant, ok := node.(*ast.ValueSpec)
			if !ok || len(constant.Values) != 1 {
				return true
			}
			if name, ok := constant.Type.(*ast.Ident); ok && name.Name == typeName {
				values = append(values, strings.Trim(constant.Values[0].(*ast.BasicLit).Value, `"`))
			}
			return true
		})
	}
	return values
}

func returnsOption(function *ast.FuncDecl) bool {
	results := function.Type.Results
	if results == nil || len(results.List) != 1 {
		return false
	}
	name, ok := results.List[0].Type.(*ast.Ident)
	return ok && name.Name == "Option"
}
