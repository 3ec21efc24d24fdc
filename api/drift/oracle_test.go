package drift_test

import (
	"bytes"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"

	"kalshi.internal/apikeys/api/drift"
)

// milder names the edits, there or back, that oasdiff's checker calls breaking and this package
// does not, and why.
var milder = map[string]string{
	"a request field takes any number":            "every integer is a number",
	"a response enum gains a value, back":         "the checker takes writing out allOf for another type",
	"the scopes of an answer become a closed set": "a promise about an open set breaks no reader",
}

func TestWhatOasdiffCallsBreakingIsBreakingHere(t *testing.T) {
	ours := contract(t)
	for _, row := range rows {
		theirs := edited(t, row.edits...)
		t.Run(row.name, func(t *testing.T) { judgeLikeOasdiff(t, row.name, ours, theirs) })
		t.Run(row.name+", back", func(t *testing.T) { judgeLikeOasdiff(t, row.name+", back", theirs, ours) })
	}
}

func judgeLikeOasdiff(t *testing.T, name string, contract, revision object) {
	t.Helper()
	report, err := drift.CompareDocuments(bytes.NewReader(encode(t, contract)), bytes.NewReader(encode(t, revision)))
	if err != nil {
		t.Fatal(err)
	}
	d, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), specInfo(t, contract), specInfo(t, revision))
	if err != nil {
		t.Fatal(err)
	}
	_, known := milder[name]
	disagree := false
	for _, finding := range checker.CheckBackwardCompatibility(checker.NewConfig(checker.GetAllChecks()), d, sources) {
		if report.Worst() != drift.Breaking {
			disagree = true
			if !known {
				t.Errorf("oasdiff finds %s (%s), but the changes are %q", finding.GetId(), finding.GetLevel(), linesOf(report))
			}
		}
	}
	if known && !disagree {
		t.Error("oasdiff agrees by now: strike the row from the exceptions")
	}
}

func specInfo(t *testing.T, doc object) *load.SpecInfo {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData(encode(t, doc))
	if err != nil {
		t.Fatal(err)
	}
	return &load.SpecInfo{Spec: spec}
}
