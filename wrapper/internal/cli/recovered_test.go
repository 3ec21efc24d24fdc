package cli_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// interruptedWorld has a store whose journal holds a request for a key that was made, and whose answer
// was lost as if the program had been killed.
func interruptedWorld(t *testing.T) (*sandbox.Sandbox, program.World) {
	t.Helper()
	box, world := storeWorld(t)
	err := box.SetFaults(
		sandbox.Fault{Operation: protocol.GenerateAPIKey, Point: sandbox.AfterProcessing, Kind: sandbox.FaultDrop},
		sandbox.Fault{Operation: protocol.GetAPIKeys, Point: sandbox.BeforeProcessing, Kind: sandbox.FaultDrop})
	if err != nil {
		t.Fatal(err)
	}
	store, err := keystore.Open(world.Env["KALSHI_STORE"])
	if err != nil {
		t.Fatal(err)
	}
	manager, err := lifecycle.New(store, world.Env["KALSHI_BASE_URL"], lifecycle.WithSettle(time.Millisecond),
		lifecycle.WithClientOptions(wrapper.WithRetry(wrapper.Retry{MaxAttempts: 1})))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "second", Type: "ed25519"}); !errors.Is(err, lifecycle.ErrUnfinished) {
		t.Fatal(err)
	}
	box.ClearFaults()
	return box, world
}

func TestEveryCommandShowsWhatItHasRecovered(t *testing.T) {
	exported := filepath.Join(t.TempDir(), "env")
	for name, row := range map[string]struct {
		args []string
		code int
	}{
		"audit":                  {[]string{"audit"}, 0},
		"generate":               {[]string{"generate", "third", "--type", "ed25519"}, 0},
		"rotate":                 {[]string{"rotate", "--grace", "0s"}, 0},
		"export":                 {[]string{"export", "--env", exported}, 0},
		"delete":                 {[]string{"delete", "CURRENT", "--yes"}, 2},
		"recover":                {[]string{"recover"}, 0},
		"a delete of a stranger": {[]string{"delete", "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a99", "--yes"}, 4},
	} {
		for _, output := range []string{"table", "json"} {
			t.Run(name+", "+output, func(t *testing.T) {
				_ = os.Remove(exported)
				_ = os.Remove(exported + ".pem")
				box, world := interruptedWorld(t)
				args := append(slices.Clip(row.args), "--output", output)
				for i, arg := range args {
					if arg == "CURRENT" {
						args[i] = box.Keys()[0].ID
					}
				}
				got := run(t.Context(), world, args...)
				got.want(t, row.code)
				shown := got.stdout + got.stderr
				if !strings.Contains(shown, "undone") || !strings.Contains(shown, "second [k") {
					t.Errorf("stdout:\n%s\nstderr:\n%s", got.stdout, got.stderr)
				}
				if output == "json" && row.code == 0 && !json.Valid([]byte(got.stdout)) {
					t.Errorf("this is not JSON: %s", got.stdout)
				}
			})
		}
	}
}

func TestRecoverDoesNotCallAFailureNothing(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, box *sandbox.Sandbox, world program.World) []string{
		"a service that fails": func(t *testing.T, box *sandbox.Sandbox, _ program.World) []string {
			t.Helper()
			if err := box.SetFaults(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Body: "{}"}); err != nil {
				t.Fatal(err)
			}
			return []string{"--settle", "10ms"}
		},
		"a lock that another holds": func(t *testing.T, _ *sandbox.Sandbox, world program.World) []string {
			t.Helper()
			unlock := holdLock(t, world.Env["KALSHI_STORE"])
			t.Cleanup(unlock)
			return []string{"--timeout", "50ms"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			box, world := interruptedWorld(t)
			got := run(t.Context(), world, append([]string{"recover"}, spoil(t, box, world)...)...)
			got.want(t, 5, "error: ")
			if strings.Contains(got.stdout+got.stderr, "nothing to recover") {
				t.Errorf("stdout:\n%s\nstderr:\n%s", got.stdout, got.stderr)
			}
		})
	}
}

func TestACopyOfAStoreSaysWhatItDoesNotDo(t *testing.T) {
	box, world := interruptedWorld(t)
	live := len(box.Keys())
	copied := filepath.Join(t.TempDir(), "backup")
	copyStore(t, world.Env["KALSHI_STORE"], copied)
	world.Env["KALSHI_STORE"] = copied
	for _, command := range []string{"recover", "audit"} {
		got := run(t.Context(), world, command)
		if !strings.Contains(got.stdout, "foreign") || !strings.Contains(got.stdout, "--adopt-copy") {
			t.Errorf("%s shows\n%s%s", command, got.stdout, got.stderr)
		}
	}
	if deleted := countDeleted(box); deleted != 0 || len(box.Keys()) != live {
		t.Errorf("%d keys were deleted", deleted)
	}
	got := run(t.Context(), world, "recover", "--adopt-copy")
	got.want(t, 0)
	if !strings.Contains(got.stdout, "undone") || countDeleted(box) == 0 {
		t.Errorf("recover --adopt-copy shows\n%s", got.stdout)
	}
}

func countDeleted(box *sandbox.Sandbox) (deleted int) {
	for _, key := range box.Keys() {
		if key.Deleted {
			deleted++
		}
	}
	return deleted
}

func copyStore(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(to, 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if err := os.Chmod(filepath.Join(to, entry.Name()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnUnknownKeyOfAStoreHintsAtAnOldCopy(t *testing.T) {
	box, world := storeWorld(t)
	old := filepath.Join(t.TempDir(), "backup")
	copyStore(t, world.Env["KALSHI_STORE"], old)
	run(t.Context(), world, "rotate", "--grace", "0s").want(t, 0)
	if countDeleted(box) != 1 {
		t.Fatal("the old key is live")
	}
	world.Env["KALSHI_STORE"] = old
	for _, args := range [][]string{{"list"}, {"audit"}, {"rotate"}} {
		run(t.Context(), world, append(args, "--timeout", time.Minute.String())...).want(t, 3, "backup", "put back a newer copy")
	}
	if got := run(t.Context(), world, "doctor"); !strings.Contains(got.stdout, "put back a newer copy") {
		t.Errorf("doctor shows\n%s", got.stdout)
	}
}

func holdLock(t *testing.T, dir string) func() {
	t.Helper()
	store, err := keystore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := store.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = lock.Unlock() }
}

func TestALeakedKeyIsDeletedThoughTheStoreIsLocked(t *testing.T) {
	_, world := storeWorld(t)
	run(t.Context(), world, "generate", "second", "--type", "ed25519").want(t, 0)
	list := run(t.Context(), world, "list", "--output", "json")
	var keys struct {
		APIKeys []struct {
			ID   string `json:"api_key_id"`
			Name string `json:"name"`
		} `json:"api_keys"`
	}
	if err := json.Unmarshal([]byte(list.stdout), &keys); err != nil {
		t.Fatal(err)
	}
	leaked := keys.APIKeys[len(keys.APIKeys)-1]
	defer holdLock(t, world.Env["KALSHI_STORE"])()
	run(t.Context(), world, "delete", leaked.ID, "--yes", "--timeout", "100ms").
		want(t, 5, "another process holds the lock", "kalshi-keys delete "+leaked.ID+" --yes --key-id ID --private-key-file FILE")
}
