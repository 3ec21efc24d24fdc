package cli_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/enginetest"
)

// memoryServer stands for a server that keeps one store. What is tested on real ones is in wrapper/fleet.
type memoryServer struct {
	*enginetest.Publisher

	followers []keystore.Follower
}

func (*memoryServer) String() string             { return "postgres://db.invalid/trading?name=desk" }
func (*memoryServer) Init(context.Context) error { return nil }
func (*memoryServer) Close()                     {}

func (m *memoryServer) Announce(_ context.Context, follower keystore.Follower) error {
	m.followers = append(m.followers, follower)
	return nil
}

func (m *memoryServer) Followers(context.Context) ([]keystore.Follower, error) {
	return m.followers, nil
}

// reversed seals by turning text around.
type reversed struct{ canSeal bool }

func (r reversed) Seal(plain []byte, _ keystore.Purpose) ([]byte, error) {
	if !r.canSeal {
		return nil, errors.New("no recipients")
	}
	return r.Open(plain)
}

func (reversed) Open(sealed []byte) ([]byte, error) {
	opened := bytes.Clone(sealed)
	for i := range len(opened) / 2 {
		opened[i], opened[len(opened)-1-i] = opened[len(opened)-1-i], opened[i]
	}
	return opened, nil
}

// remoteWorld has a service, a key, and a program with a store on a server.
func remoteWorld(t *testing.T) (program.World, *memoryServer, sandbox.Key) {
	t.Helper()
	box := sandbox.New()
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	engine := &memoryServer{Publisher: enginetest.NewPublisher("desk")}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte(key.PrivateKey.RevealPrivateKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	return program.World{
		Dir: dir,
		Env: map[string]string{
			"KALSHI_BASE_URL": server.URL + sandbox.BasePath, "KALSHI_STORE": engine.String(),
			"KALSHI_IDENTITY": "identity.txt", "KALSHI_SEAL_TO": "desk.recipients",
		},
		Remote: program.Remote{
			Open:   map[string]func(string) (program.RemoteEngine, error){"postgres": func(string) (program.RemoteEngine, error) { return engine, nil }},
			Sealer: func(recipients, _ string) (keystore.Sealer, error) { return reversed{recipients != ""}, nil },
		},
	}, engine, key
}

func TestAStoreOnAServerIsUsedByAllCommands(t *testing.T) {
	world, engine, key := remoteWorld(t)
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"store", "init"}, "ready"},
		{[]string{"import", key.ID, "key.pem"}, engine.String()},
		{[]string{"list"}, key.ID},
		{[]string{"rotate", "--grace", "0s"}, "REPLACED"},
		{[]string{"audit"}, ""},
		{[]string{"doctor"}, "on a server"},
		{[]string{"store", "status"}, "free"},
		{[]string{"store", "prune", "--older", "1d"}, "REMOVED"},
		{[]string{"store", "copy", engine.String(), "copy"}, "ENTRIES  2"},
		{[]string{"list", "--store", "copy"}, "ID"},
		{[]string{"export", "--env", "bot.env"}, "bot.env"},
	} {
		got := run(t.Context(), world, step.args...)
		if got.code != 0 && step.args[0] != "audit" || !strings.Contains(got.stdout, step.want) {
			t.Errorf("%v: exit %d, %s%s, want %q", step.args, got.code, got.stdout, got.stderr, step.want)
		}
	}
}

func TestABotNeedsTheCurrentKeyAlone(t *testing.T) {
	world, engine, key := remoteWorld(t)
	run(t.Context(), world, "import", key.ID, "key.pem").want(t, 0)
	enginetest.Replace(engine, []byte("what its role may not read"))
	delete(world.Env, "KALSHI_SEAL_TO")
	run(t.Context(), world, "sign", "GET", "/portfolio/balance").want(t, 0)
	run(t.Context(), world, "list").want(t, 0)
	run(t.Context(), world, "rotate").want(t, 2, "not sealed")
}

func TestAServerThatCannotBeUsedIsSaidWithWhatToDo(t *testing.T) {
	world, engine, _ := remoteWorld(t)
	delete(world.Env, "KALSHI_STORE")
	const canary = "c4nary"
	for name, test := range map[string]struct {
		address, want string
		change        func(*program.World)
	}{
		"a password in the arguments":     {"postgres://me:" + canary + "@db.invalid/d?name=desk", "holds a password", nil},
		"a password among the options":    {"postgres://db.invalid/d?name=desk&password=" + canary, "holds a password", nil},
		"a certificate's password":        {"postgres://db.invalid/d?sslpassword=" + canary + "&name=desk", "holds a password", nil},
		"a program without servers":       {engine.String(), "go -C wrapper/fleet install", func(w *program.World) { w.Remote = program.Remote{} }},
		"a server of another kind":        {"etcd://one.invalid/desk", "directories alone", nil},
		"no identity":                     {engine.String(), "--identity", func(w *program.World) { delete(w.Env, "KALSHI_IDENTITY") }},
		"an identity that nobody expands": {engine.String(), "~", func(w *program.World) { w.Env["KALSHI_IDENTITY"] = "~/identity" }},
		"a file as a URL":                 {"file:///var/lib/keys", "/var/lib/keys", nil},
	} {
		t.Run(name, func(t *testing.T) {
			world := world
			env := map[string]string{}
			maps.Copy(env, world.Env)
			world.Env = env
			if test.change != nil {
				test.change(&world)
			}
			got := run(t.Context(), world, "rotate", "--store", test.address)
			got.want(t, 2, test.want)
			if strings.Contains(got.stderr, canary) {
				t.Errorf("the password is shown: %s", got.stderr)
			}
			world.Env["KALSHI_STORE"] = test.address
			if got := run(t.Context(), world, "rotate"); strings.Contains(got.stderr+got.stdout, canary) {
				t.Errorf("the password is shown: %s%s", got.stdout, got.stderr)
			}
		})
	}
}

func TestFollowHandsTheKeyOver(t *testing.T) {
	world, engine, key := remoteWorld(t)
	run(t.Context(), world, "import", key.ID, "key.pem").want(t, 0)
	const command = `grep -q PRIVATE "$KALSHI_PRIVATE_KEY_PATH" && . "$KALSHI_ENV_FILE" && echo "$KALSHI_API_KEY_ID at $KALSHI_PRIVATE_KEY_PATH" >&2`
	got := run(t.Context(), world, "follow", "--once", "--name", "pod-1", "--exec", command)
	got.want(t, 0, key.ID+" at ")
	_, path, _ := strings.Cut(strings.TrimSpace(got.stderr), " at ")
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the files were left at %s: %v", path, err)
	}
	if len(engine.followers) != 1 || engine.followers[0].Name != "pod-1" || engine.followers[0].Revision == 0 {
		t.Errorf("announced %+v", engine.followers)
	}
	if got := run(t.Context(), world, "store", "status"); !strings.Contains(got.stdout, "pod-1") {
		t.Errorf("the status lacks the follower: %s", got.stdout)
	}
	run(t.Context(), world, "follow", "--once", "--exec", "exit 3").want(t, 1, "exit status 3")
}

// onHandover calls the next of its steps each time that follow says it has handed a key over.
type onHandover struct{ steps []func() }

func (o *onHandover) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte("HANDED OVER")) {
		step := o.steps[0]
		o.steps = o.steps[1:]
		step()
	}
	return len(text), nil
}

func TestFollowHandsEachKeyOverUntilItIsStopped(t *testing.T) {
	world, _, key := remoteWorld(t)
	run(t.Context(), world, "import", key.ID, "key.pem").want(t, 0)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stderr bytes.Buffer
	following, handed := world, &onHandover{steps: []func(){
		func() { run(t.Context(), world, "rotate", "--grace", "0s").want(t, 0) },
		stop,
	}}
	following.Stdout, following.Stderr = handed, &stderr
	code := program.Run(ctx, following, "follow", "--exec", "echo key $KALSHI_API_KEY_ID >&2")
	if code != 0 || len(handed.steps) > 0 || strings.Count(stderr.String(), "key ") != 2 || !strings.HasPrefix(stderr.String(), "key "+key.ID) {
		t.Errorf("exit %d, %d keys not handed over, stderr:\n%s", code, len(handed.steps), stderr.String())
	}
}
