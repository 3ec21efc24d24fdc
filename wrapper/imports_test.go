package wrapper_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What an importer of the client links beside the standard library. Whatever joins this list
// is carried by every program that uses the library.
var allowedModules = []string{
	"kalshi.internal/apikeys/gen",
	"kalshi.internal/apikeys/wrapper",
	"kalshi.internal/apikeys/wrapper/secret",
	"kalshi.internal/apikeys/wrapper/protocol",
	"github.com/cenkalti/backoff/v5",
	"github.com/oapi-codegen/runtime",
	"github.com/oapi-codegen/runtime/internal/jsoncodec",
	"github.com/oapi-codegen/runtime/types",
	// The runtime's own.
	"github.com/apapsch/go-jsonmerge/v2",
	"github.com/google/uuid",
}

func TestImportersLinkNothingBesideTheAllowedPackages(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	imported := strings.Fields(string(out))
	slices.Sort(imported)
	allowed := slices.Sorted(slices.Values(allowedModules))
	if !slices.Equal(imported, allowed) {
		t.Errorf("wrapper links\n%s\nwant\n%s", strings.Join(imported, "\n"), strings.Join(allowed, "\n"))
	}
}
