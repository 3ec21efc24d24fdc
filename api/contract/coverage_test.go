package contract_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kalshi.internal/apikeys/api/contract"
)

const documentedStatuses = 3 + 6 + 6 + 5

func TestCoverageTellsWhatIsMissing(t *testing.T) {
	coverage := contract.NewCoverage()
	list().throughTransport(t, contract.WithCoverage(coverage))
	list().throughHandler(t, contract.WithCoverage(coverage))
	list().answering(answer(500, "")).throughTransport(t, contract.WithCoverage(coverage))

	if rows := coverage.Rows(); len(rows) != documentedStatuses || rows[0] != (contract.CoverageRow{
		Operation: "getApiKeys", Method: "GET", Path: "/api_keys", Status: 200, Exchanges: 2,
	}) {
		t.Errorf("got %v", rows)
	}
	failed := &failures{}
	coverage.Require(failed, 100)
	for _, want := range []string{"5.0 %", "100.0 %", "deleteApiKey", "204", "MISSING"} {
		if !strings.Contains(failed.String(), want) {
			t.Errorf("%q is not in:\n%s", want, failed)
		}
	}
	coverage.Require(t, 5)
}

func TestAResponseThatLeavesTheContractCoversNothing(t *testing.T) {
	coverage := contract.NewCoverage()
	list().answering(answer(200, `{}`)).throughTransport(t, contract.WithCoverage(coverage))
	if got := coverage.Percent(); got != 0 {
		t.Errorf("got %v %%", got)
	}
}

func TestAWrongRequestCoversTheStatusItIsAnsweredWith(t *testing.T) {
	coverage := contract.NewCoverage()
	generate().sending(`{}`).answering(answer(400, nestedError)).throughTransport(t, contract.WithCoverage(coverage))
	if got := coverage.Percent(); got != 100.0/documentedStatuses {
		t.Errorf("got %v %%", got)
	}
}

func TestCoverageIsJSONAndText(t *testing.T) {
	coverage := contract.NewCoverage()
	list().answering(answer(429, "")).throughTransport(t, contract.WithCoverage(coverage))
	list().to("GET", "/nowhere").throughTransport(t, contract.WithCoverage(coverage), contract.Allow(isRequest))
	text, err := json.Marshal(coverage)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"percent":0`, `{"operation":"getApiKeys","rule":"status","status":429,"count":1}`, `"status":204,"exchanges":0`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	for _, want := range []string{"allowed: 1 x status 429 (getApiKeys)", "allowed: 1 x path (no operation)", "0.0 %"} {
		if !strings.Contains(coverage.Table(), want) {
			t.Errorf("%q is not in\n%s", want, coverage.Table())
		}
	}
}

func TestCoveragesAddUp(t *testing.T) {
	var sum sync.WaitGroup
	total := contract.NewCoverage()
	for _, e := range []exchange{list(), remove(), create(), generate(), list().answering(answer(429, ""))} {
		sum.Go(func() {
			one := contract.NewCoverage()
			e.throughTransport(t, contract.WithCoverage(one))
			total.Merge(one)
		})
	}
	sum.Wait()
	if got := total.Percent(); got != 400.0/documentedStatuses || len(total.Allowed()) != 1 {
		t.Errorf("got %v %%, %v", got, total.Allowed())
	}
}

func TestTestBinariesShareACoverageFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "coverage.jsonl")
	t.Setenv(contract.CoverageFileVariable, path)
	for _, e := range []exchange{list(), list(), remove(), list().answering(answer(429, ""))} {
		e.throughTransport(t)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	coverage, err := contract.ReadCoverage(file)
	if err != nil {
		t.Fatal(err)
	}
	if rows := coverage.Rows(); rows[0].Exchanges != 2 || coverage.Percent() != 200.0/documentedStatuses {
		t.Errorf("got\n%s", coverage.Table())
	}
}

func TestACoverageFileThatCannotBeWrittenIsReported(t *testing.T) {
	for _, path := range []string{"relative.jsonl", t.TempDir()} {
		t.Setenv(contract.CoverageFileVariable, path)
		got := list().throughTransport(t).Violations()
		if len(got) != 1 || got[0].Rule != contract.RuleCoverageFile {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

func TestACoverageFileThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"no", "{}\n[]", strings.Repeat("x", 100_000)} {
		if _, err := contract.ReadCoverage(strings.NewReader(text)); err == nil {
			t.Errorf("%.10q was accepted", text)
		}
	}
}
