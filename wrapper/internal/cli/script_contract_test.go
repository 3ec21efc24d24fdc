package cli_test

import (
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"

	"kalshi.internal/apikeys/api/contract"
)

// watchKey is where a script's environment keeps its watch.
type watchKey struct{}

// watch fails a script with every violation of the contract, unless it is off.
type watch struct {
	contract.Reporter

	off atomic.Bool
}

func (w *watch) Report(v contract.Violation) {
	if !w.off.Load() {
		w.Reporter.Report(v)
	}
}

// watched returns next, held to the contract for the script of env.
func watched(env *testscript.Env, next http.Handler) http.Handler {
	w := &watch{Reporter: contract.TB(env.T().(contract.TestingT))}
	env.Values[watchKey{}] = w
	return contract.Handler(next, w)
}

// contract off|on lets a script send on purpose what leaves the contract: doctor asks without
// credentials to see who answers, verify sends wrong requests to see them refused, and sign
// signs whatever a caller wants.
func watchContract(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || !slices.Contains([]string{"off", "on"}, args[0]) {
		ts.Fatalf("usage: contract off|on")
	}
	ts.Value(watchKey{}).(*watch).off.Store(args[0] == "off")
}
