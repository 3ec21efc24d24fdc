// Package regenerate shows that the contract can grow, and that a client of the whole service can be generated and
// signs with this library. For the former it copies the module, gives openapi.yaml an operation and a status that it
// does not have, generates, and builds, serves and verifies the result. Beside gen/ it writes the handler alone, which
// nobody could generate.
package regenerate

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// where is the line of openapi.yaml before which the operation goes.
const where = "  /api_keys/{api_key}:\n"

func TestAnOperationThatIsNewInTheContractIsBuiltServedAndVerified(t *testing.T) {
	root := copyOfModule(t)
	contract := filepath.Join(root, "openapi.yaml")
	before := mustRead(t, contract)
	if strings.Count(before, where) != 1 {
		t.Fatalf("openapi.yaml has not one line %q", where)
	}
	mustWrite(t, contract, strings.Replace(before, where, where+mustRead(t, "testdata/operation.yaml"), 1))
	for source, target := range map[string]string{
		"testdata/handler.go.txt":     "api/sandbox/getapikey.go",
		"testdata/served_test.go.txt": "api/verify/served_test.go",
	} {
		mustWrite(t, filepath.Join(root, target), mustRead(t, source))
	}
	run(t, root, "go", "generate", "./...")
	run(t, root, "go", "build", "./...")
	run(t, root, "go", "test", "./api/...", "./wrapper", "./wrapper/doctor", "./wrapper/protocol")
}

// copyOfModule copies what git knows of this module, and what it does not ignore.
func copyOfModule(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	module := strings.TrimSpace(run(t, ".", "git", "rev-parse", "--show-toplevel"))
	for name := range strings.SplitSeq(run(t, module, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00") {
		from := filepath.Join(module, name)
		if info, err := os.Stat(from); name == "" || err != nil || info.IsDir() {
			continue // deleted, and not committed yet
		}
		mustWrite(t, filepath.Join(root, name), mustRead(t, from))
	}
	return root
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	command.Dir = dir
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", command, err, out.String(), problems.String())
	}
	return out.String()
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
