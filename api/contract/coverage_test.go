package contract_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kalshi.internal/apikeys/api/contract"
)

func documentedStatuses() int {
	count := 0
	for _, op := range contract.Operations() {
		count += len(op.Statuses())
	}
	return count
}

// share returns how many percent so many of the documented statuses are.
func share(statuses int) float64 { return 100 * float64(statuses) / float64(documentedStatuses()) }

// coverageOf returns what the exchanges that run makes have exercised.
func coverageOf(t *testing.T, run func()) *contract.Coverage {
	t.Helper()
	path := filepath.Join(t.TempDir(), "coverage.jsonl")
	t.Setenv(contract.CoverageFileVariable, path)
	run()
	written, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	coverage, err := contract.ReadCoverage(bytes.NewReader(written))
	if err != nil {
		t.Fatal(err)
	}
	return coverage
}

func TestCoverageTellsWhatIsMissing(t *testing.T) {
	coverage := coverageOf(t, func() {
		list().throughTransport(t)
		list().throughHandler(t)
		list().answering(answer(500, "")).throughTransport(t)
	})
	text, err := json.Marshal(coverage)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf(`"percent":%v,"statuses":[`, share(1)),
		`{"operation":"getApiKeys","method":"GET","path":"/api_keys","status":200,"exchanges":2},`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	for _, want := range []string{fmt.Sprintf("%.1f %%", share(1)), "deleteApiKey", "204", "MISSING"} {
		if !strings.Contains(coverage.Table(), want) {
			t.Errorf("%q is not in:\n%s", want, coverage.Table())
		}
	}
}

func TestAResponseThatLeavesTheContractCoversNothing(t *testing.T) {
	coverage := coverageOf(t, func() {
		list().answering(answer(200, `{}`)).throughTransport(t)
		list().answering(answer(429, "")).throughTransport(t)
		list().to("GET", "/nowhere").throughTransport(t, contract.Allow(isRequest))
	})
	if got := coverage.Percent(); got != 0 {
		t.Errorf("got %v %%", got)
	}
}

func TestAWrongRequestCoversTheStatusItIsAnsweredWith(t *testing.T) {
	coverage := coverageOf(t, func() { generate().sending(`{}`).answering(answer(400, nestedError)).throughTransport(t) })
	if got := coverage.Percent(); got != share(1) {
		t.Errorf("got %v %%", got)
	}
}

func TestConcurrentExchangesShareACoverageFile(t *testing.T) {
	coverage := coverageOf(t, func() {
		var all sync.WaitGroup
		for _, e := range []exchange{list(), list(), remove(), create(), generate()} {
			all.Go(func() { e.throughTransport(t) })
		}
		all.Wait()
	})
	if got := coverage.Percent(); got != share(4) {
		t.Errorf("got %v %%", got)
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
