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
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && returnsOption(function) {
				names = append(names, function.Name.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func returnsOption(function *ast.FuncDecl) bool {
	results := function.Type.Results
	if results == nil || len(results.List) != 1 {
		return false
	}
	name, ok := results.List[0].Type.(*ast.Ident)
	return ok && name.Name == "Option"
}
