package contract

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// CoverageFileVariable names the environment variable with the absolute path of a file. While
// it is set, every [Transport] and [Handler] appends what it exercises to that file, so that
// the coverage of a run of many test binaries can be added up with [ReadCoverage].
const CoverageFileVariable = "KALSHI_CONTRACT_COVERAGE"

// record counts an exchange whose response fits the contract.
func (e *exchange) record(status int, fits bool) {
	if !fits || e.settings.coverageFile == "" {
		return
	}
	if err := appendCovered(e.settings.coverageFile, covered{e.operation.ID, status}); err != nil {
		e.report(Response, status, violations{{
			Where: "coverage file", Rule: RuleCoverageFile,
			Expected: "a writable file with an absolute path in " + CoverageFileVariable, Got: "a file that cannot be written",
		}})
	}
}

// appendCovered adds one line. Lines this short are appended whole, whoever else is writing.
func appendCovered(path string, what covered) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("contract: %s must hold an absolute path", CoverageFileVariable)
	}
	line, err := json.Marshal(what)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// ReadCoverage adds up what test binaries have appended to a coverage file. It returns an error
// that names the line for anything that is not such a file.
func ReadCoverage(r io.Reader) (*Coverage, error) {
	c := &Coverage{exchanges: map[covered]int{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		var what covered
		if err := json.Unmarshal(lines.Bytes(), &what); err != nil {
			return nil, fmt.Errorf("contract: line %d of the coverage file: %w", n, err)
		}
		c.exchanges[what]++
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("contract: reading the coverage file: %w", err)
	}
	return c, nil
}
