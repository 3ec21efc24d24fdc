package regenerate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The recipe of api/README.md: a client of the whole service is generated into a module of its own, and a bot
// trades by it. DOCUMENT names another document than ours, such as the service's own.
func TestAClientOfTheWholeServiceTrades(t *testing.T) {
	document := os.Getenv("DOCUMENT")
	if document == "" {
		document = "testdata/service/trading.yaml"
	}
	root := t.TempDir()
	mustWrite(t, filepath.Join(root, "openapi.yaml"), mustRead(t, document))
	mustWrite(t, filepath.Join(root, "client.yaml"), mustRead(t, "testdata/service/client.yaml"))
	mustWrite(t, filepath.Join(root, "bot_test.go"), mustRead(t, "testdata/service/bot_test.go.txt"))
	mustWrite(t, filepath.Join(root, "service", "doc.go"), "// Package service is generated.\npackage service\n")

	library := strings.TrimSpace(run(t, ".", "git", "rev-parse", "--show-toplevel"))
	mustWrite(t, filepath.Join(root, "go.sum"), mustRead(t, filepath.Join(library, "go.sum")))
	mustWrite(t, filepath.Join(root, "go.mod"), strings.Replace(mustRead(t, filepath.Join(library, "go.mod")),
		"module kalshi.internal/apikeys\n", "module example.internal/bot\n", 1))
	run(t, root, "go", "mod", "edit", "-require", "kalshi.internal/apikeys@v0.0.0", "-replace", "kalshi.internal/apikeys="+library)
	run(t, root, "go", "tool", "oapi-codegen", "-config", "client.yaml", "openapi.yaml")
	t.Log(run(t, root, "go", "test", "-mod=mod", "-v", "./..."))
	t.Logf("%s: %d lines were generated", filepath.Base(document), strings.Count(mustRead(t, filepath.Join(root, "service", "service.gen.go")), "\n"))
}
