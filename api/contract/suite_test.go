//go:build contract

package contract_test

import (
	"os"
	"testing"

	"kalshi.internal/apikeys/api/contract"
)

// TestTheSuiteCoversTheContract adds up what the test binaries of a run have exercised. It is
// built only with the tag contract, because it judges a run that must have taken place:
//
//	export KALSHI_CONTRACT_COVERAGE=/absolute/path/coverage.jsonl
//	rm -f "$KALSHI_CONTRACT_COVERAGE"
//	go test -count=1 ./wrapper/... ./api/sandbox/...
//	go test -count=1 -tags contract -v -run '^TestTheSuiteCoversTheContract$' ./api/contract
//
// The tests of this package stay out of the run: their servers are scripted to answer with
// every status, which proves nothing about client and sandbox.
func TestTheSuiteCoversTheContract(t *testing.T) {
	file, err := os.Open(os.Getenv(contract.CoverageFileVariable))
	if err != nil {
		t.Fatalf("%s must name the file that a run has written: %v", contract.CoverageFileVariable, err)
	}
	defer func() { _ = file.Close() }()
	coverage, err := contract.ReadCoverage(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + coverage.Table())
	coverage.Require(t, 100)
}
