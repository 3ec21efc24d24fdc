package cli_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"kalshi.internal/apikeys/api/sandbox"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kalshi-keys": program.MainAndExit,
		"http-get":    httpGet,
	})
}

// TestScripts runs testdata/script. Each script finds a sandbox of its own, and the environment
// variables to use it. A request or an answer that leaves the contract fails the script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUpSandbox,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"answer":   answer,
			"contract": watchContract,
			"exits":    exits,
			"filemode": fileMode,
			"jsonkeys": jsonKeys,
			"run":      runs,
			"waitfor":  waitFor,
		},
	})
}

func setUpSandbox(env *testscript.Env) error {
	box := sandbox.New(sandbox.WithChoices(sandbox.Choices{Accounts: map[string]sandbox.Account{sandbox.DefaultAccount: {
		UsageLevel: sandbox.Premier, FCMMember: true, RegionExpiration: time.Unix(4_000_000_000, 0),
	}}}))
	server := httptest.NewServer(watched(env, box))
	env.Defer(server.Close)
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		return err
	}
	path := filepath.Join(env.WorkDir, "first.pem")
	// Built with -race, every process that ends would wait for a second.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	env.Setenv("KALSHI_BASE_URL", server.URL+sandbox.BasePath)
	env.Setenv("KALSHI_API_KEY_ID", key.ID)
	env.Setenv("KALSHI_PRIVATE_KEY_PATH", path)
	return errors.Join(
		os.WriteFile(path, []byte(key.PrivateKey.RevealPrivateKey()), 0o600),
		writeOwnPair(env.WorkDir),
	)
}

// writeOwnPair writes own.pem and own.pub, a pair that no service knows.
func writeOwnPair(directory string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	publicDER, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	return errors.Join(
		writePEM(filepath.Join(directory, "own.pem"), "PRIVATE KEY", privateDER),
		writePEM(filepath.Join(directory, "own.pub"), "PUBLIC KEY", publicDER),
	)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// answer STATUS [BODY-FILE] starts a server that answers everything so, and makes it the one
// that KALSHI_BASE_URL names.
func answer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: answer STATUS [BODY-FILE]")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	body := ""
	if len(args) == 2 {
		body = ts.ReadFile(args[1])
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	ts.Defer(server.Close)
	ts.Setenv("KALSHI_BASE_URL", server.URL+sandbox.BasePath)
}

// run ARGUMENT... runs the program inside the test, which takes a twentieth of the time that
// a process takes. Signals, pipes and terminals need "exec kalshi-keys".
func runs(ts *testscript.TestScript, neg bool, args []string) {
	if code := runInScript(ts, args); (code == 0) == neg {
		ts.Fatalf("exit code %d", code)
	}
}

// exits CODE ARGUMENT... runs the program as run does, and checks its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: exits CODE ARGUMENT...")
	}
	if code := strconv.Itoa(runInScript(ts, args[1:])); code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

func runInScript(ts *testscript.TestScript, args []string) int {
	return program.Run(context.Background(), program.World{
		Stdout: ts.Stdout(), Stderr: ts.Stderr(), Getenv: ts.Getenv, Dir: ts.MkAbs("."),
	}, args...)
}

// filemode MODE FILE checks the permission bits of a file, where the system has any.
func fileMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: filemode MODE FILE")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm(); filepath.Separator == '/' && got != fs.FileMode(want) {
		ts.Fatalf("%s has mode %04o, not %04o", args[1], got, want)
	}
}

// jsonkeys FILE KEY... checks that the file holds one JSON object with exactly these keys.
func jsonKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: jsonkeys FILE KEY...")
	}
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &object))
	got, want := slices.Sorted(maps.Keys(object)), slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(got, want) {
		ts.Fatalf("the keys are %q, not %q", got, want)
	}
}

// waitfor FILE returns as soon as the file is there.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor FILE")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			ts.Fatalf("%s did not appear", args[0])
		}
	}
}

// httpGet is a program that does what curl -H @- does: it sends GET to the URL given, with the
// headers from standard input, and prints the status.
func httpGet() {
	request, err := http.NewRequest(http.MethodGet, os.Args[1], http.NoBody)
	exitOn(err)
	headers, err := io.ReadAll(os.Stdin)
	exitOn(err)
	for line := range strings.Lines(string(headers)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		request.Header.Set(name, value)
	}
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	exitOn(err)
	_ = response.Body.Close()
	fmt.Println(response.Status)
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
