package drift_test

import (
	"errors"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/drift"
)

func TestAFileWithSeveralDocumentsIsRefused(t *testing.T) {
	const another = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/b: {}}\n"
	for name, file := range map[string]string{
		"after a marker":             revision + "\n---\n" + another,
		"after a marker and a space": revision + "\n--- # the other\n" + another,
		"on the marker's line":       revision + "\n--- {openapi: 3.0.3}\n",
		"with Windows' line ends":    strings.ReplaceAll(revision+"\n---\n"+another, "\n", "\r\n"),
		"after an end":               revision + "\n...\n" + another,
		"with a directive":           revision + "\n...\n%YAML 1.1\n---\n" + another,
		"the first is another one's": "kind: List\n---\n" + revision,
		"the first is no map":        "--- text\n--- " + "\n" + revision,
	} {
		t.Run(name, func(t *testing.T) {
			report, err := drift.Compare(strings.NewReader(file))
			if !errors.Is(err, drift.ErrDocument) || report != nil || !strings.Contains(err.Error(), "one of several YAML documents") {
				t.Errorf("report %v, error %v", report, err)
			}
		})
	}
}

func TestADocumentBetweenMarkersIsOne(t *testing.T) {
	// In a block scalar they are indented, and so they are text.
	const describing = "x-description: |\n  ---\n  ...\n  text\npaths:\n"
	for name, file := range map[string]string{
		"a marker before":             "---\n" + revision,
		"comments and a directive":    "\ufeff# comment\n%YAML 1.1\n# comment\n---\n# comment\n" + revision,
		"an end and comments after":   revision + "\n...\n# comment\n",
		"an empty document after":     revision + "\n---\n",
		"markers inside of a text":    strings.Replace(revision, "paths:\n", describing, 1),
		"dashes that are no marker":   revision + "# ----\nx-a: ----\nx-b:\n- a\n---x: a\n",
		"a marker in a JSON document": `{"openapi":"3.0.3","info":{"title":"---\n...","version":"1"},"paths":{"/a":{}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := drift.Compare(strings.NewReader(file)); err != nil {
				t.Error(err)
			}
		})
	}
}
