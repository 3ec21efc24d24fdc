package wrapper_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var goSnippet = regexp.MustCompile("(?s)```go\n(.*?)```")

// Every Go snippet of the README stands word for word in an example that `go test` runs.
func TestTheSnippetsOfTheREADMEAreRun(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := exampleSources(t)
	snippets := goSnippet.FindAllStringSubmatch(string(readme), -1)
	if len(snippets) < 3 {
		t.Errorf("found %d Go snippets in the README; is the pattern right?", len(snippets))
	}
	for _, snippet := range snippets {
		if !strings.Contains(examples, withoutIndent(snippet[1])) {
			t.Errorf("this snippet of the README is in no example:\n%s", snippet[1])
		}
	}
}

func exampleSources(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../*/*/example*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range append(files, "example_test.go") {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(withoutIndent(string(source)))
	}
	return all.String()
}

func withoutIndent(source string) string {
	var flat strings.Builder
	for line := range strings.Lines(source) {
		flat.WriteString(strings.TrimLeft(line, "\t"))
	}
	return flat.String()
}
