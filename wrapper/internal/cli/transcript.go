package cli

import (
	"fmt"
	"io"
	"strings"
)

// transcript writes what a demo does. Its methods keep the first error of the writer, which err
// returns, so that telling the story needs no checks.
type transcript struct {
	w     io.Writer
	step  int
	error error
}

func (t *transcript) write(format string, args ...any) {
	if t.error == nil {
		_, t.error = fmt.Fprintf(t.w, format, args...)
	}
}

// begin starts the next step.
func (t *transcript) begin(title string) {
	t.step++
	t.write("\n%2d. %s\n", t.step, title)
}

// explain says what a step is about.
func (t *transcript) explain(lines ...string) {
	for _, line := range lines {
		t.write("    %s\n", line)
	}
}

// code shows how it is done in Go.
func (t *transcript) code(line string) { t.write("    Go     %s\n", line) }

// shell shows how it is done with this program.
func (t *transcript) shell(line string) { t.write("    shell  %s\n", line) }

// came shows what came of it.
func (t *transcript) came(format string, args ...any) {
	t.write("    ->     %s\n", printable(fmt.Sprintf(format, args...)))
}

// table shows what came of it as a table.
func (t *transcript) table(rows [][]string) {
	for line := range strings.Lines(table(rows)) {
		t.write("           %s", line)
	}
}
