package wrapper_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	goSnippet    = regexp.MustCompile("(?s)```go\n(.*?)```")
	relativeLink = regexp.MustCompile(`\]\(([^):#]+)\)`)
)

func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, path := range []string{"../README.md", "../api/README.md", "../.ci/README.md", "../.github/CONTRIBUTING.md", "README.md"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
	}
	return texts
}

// Every Go snippet of a document stands word for word in an example that `go test` runs.
func TestTheSnippetsOfTheDocumentsAreRun(t *testing.T) {
	examples, found := exampleSources(t), 0
	for path, text := range documents(t) {
		for _, snippet := range goSnippet.FindAllStringSubmatch(text, -1) {
			found++
			if !strings.Contains(examples, withoutIndent(snippet[1])) {
				t.Errorf("this snippet of %s is in no example:\n%s", path, snippet[1])
			}
		}
	}
	if found < 3 {
		t.Errorf("found %d Go snippets; is the pattern right?", found)
	}
}

func TestTheLinksOfTheDocumentsLeadToFiles(t *testing.T) {
	found := 0
	for path, text := range documents(t) {
		for _, link := range relativeLink.FindAllStringSubmatch(text, -1) {
			found++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), link[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d links; is the pattern right?", found)
	}
}

func exampleSources(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../*/*/example*_test.go")
	own, ownErr := filepath.Glob("example*_test.go")
	if err := errors.Join(err, ownErr); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range append(files, own...) {
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
