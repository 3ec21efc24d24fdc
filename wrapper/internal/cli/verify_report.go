package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kalshi.internal/apikeys/api/verify"
)

// reportFile is where --report wants the report. A nil one is nowhere.
type reportFile struct {
	*os.File
}

// openReport opens the file before hundreds of requests are sent whose outcome could then not be
// kept. An empty path is no file.
func openReport(path string) (*reportFile, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, usage(fmt.Sprintf("the report cannot be written: %v", err), "Give --report a path that you may write to")
	}
	return &reportFile{file}, nil
}

// close closes a file that nothing was written to, or that write has closed.
func (f *reportFile) close() {
	if f != nil {
		_ = f.Close()
	}
}

// write writes the report in the format that the path's ending names.
func (f *reportFile) write(report *verify.Report) error {
	if f == nil {
		return nil
	}
	text, err := renderReport(report, strings.TrimPrefix(filepath.Ext(f.Name()), "."))
	if err == nil {
		_, err = f.Write(text)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		return nil
	}
	cause := err
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		cause = inner.Err
	}
	return &failure{
		code: exitFailure,
		text: fmt.Sprintf("the report is not in %s: %v", f.Name(), cause),
		hint: "What was printed is the whole report",
	}
}

func (a app) printReport(report *verify.Report, output outputFlag) error {
	text, err := renderReport(report, output.format.value)
	if err != nil {
		return err
	}
	if _, err := a.stdout.Write(text); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

func renderReport(report *verify.Report, format string) ([]byte, error) {
	switch format {
	case "xml":
		return report.JUnit()
	case "json":
		text, err := json.Marshal(report)
		return append(text, '\n'), err
	}
	return []byte(report.Text()), nil
}
