package chaos_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"kalshi.internal/apikeys/wrapper/fleet/internal/server"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// program is kalshi-keys with stores on servers, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "kalshi-fleet-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "kalshi-keys")
	out, err := exec.CommandContext(context.Background(), "go", "-C", "..", "build", "-o", path, "./cmd/kalshi-keys").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("building the program: %w: %s", err, out)
	}
	return path, err
})

// command returns a run of the program on a store, as a machine with that identity.
func (s *site) command(store, identity string, args ...string) *exec.Cmd {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), must(program()), args...)
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.t.TempDir(), "KALSHI_BASE_URL=" + s.baseURL, "KALSHI_STORE=" + store,
		"KALSHI_IDENTITY=" + identity, "KALSHI_SEAL_TO=" + s.recipients,
	}
	return command
}

// run runs the program, and returns its output.
func (s *site) run(store, identity string, args ...string) (string, error) {
	s.t.Helper()
	out, err := s.command(store, identity, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%v: %w: %s", args, err, out)
	}
	return string(out), err
}

func TestNoPrivateKeyShowsOnTheServers(t *testing.T) {
	db := server.NewPostgres(t, "log_statement=all", "log_min_duration_statement=0", "debug_print_parse=on")
	cluster := server.NewEtcd(t, 1)
	var output strings.Builder
	var keys []string // with duplicates
	for _, address := range []string{db.URL("postgres", "desk"), cluster.URL("desk")} {
		s := newSite(t, address, longLease())
		for _, args := range [][]string{
			{"store", "init"}, {"rotate", "--grace", "1ms"}, {"rotate", "--grace", "1ms", "--type", "rsa"}, {"audit"}, {"list"}, {"doctor"},
			{"store", "status"}, {"rotate", "--verbose", "--grace", "1ms"}, {"recover"},
		} {
			out, _ := s.run(address, s.rotator, args...) // audit has something to say
			output.WriteString(out)
			keys = append(keys, body(must(s.published(s.open()).Current(t.Context(), s.baseURL)).PrivateKey.RevealPrivateKey()))
		}
		keys = append(keys, body(s.first.PrivateKey.RevealPrivateKey()))
		if out, err := s.run(address, s.rotator, "list"); err != nil || !strings.Contains(out, must(s.published(s.open()).Current(t.Context(), s.baseURL)).KeyID) {
			t.Errorf("list: %s, %v", out, err)
		}
	}
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) < 8 {
		t.Fatalf("there are %d keys to look for", len(keys))
	}
	db.Exec("CHECKPOINT")
	places := map[string][]byte{"the output": []byte(output.String()), "the log of Postgres": db.Log()}
	files := 0
	for _, dir := range []string{db.Dir, cluster.Members[0].Dir} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				places[path], err = os.ReadFile(path)
				files++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for place, content := range places {
		for _, key := range keys {
			if bytes.Contains(content, []byte(key)) || bytes.Contains(content, []byte("PRIVATE KEY-----")) {
				t.Errorf("a private key shows in %s", place)
			}
		}
	}
	t.Logf("%d keys do not show in %d files, %d bytes of log and %d of output", len(keys), files, len(places["the log of Postgres"]), output.Len())
	if !bytes.Contains(places["the log of Postgres"], []byte("kalshi_keys.document")) {
		t.Error("the log does not show the statements")
	}
}

// body returns the first line of what a PEM armours.
func body(pem string) string { return strings.Split(pem, "\n")[1] }

func TestTheRolesOfTheDocumentationAreEnough(t *testing.T) {
	db := server.NewPostgres(t)
	s := newSite(t, db.URL("postgres", "desk"), longLease())
	text := must(os.ReadFile("../README.md"))
	statements := regexp.MustCompile("(?s)```sql\n(.*?)```").FindSubmatch(text)
	if statements == nil {
		t.Fatal("the README has no SQL")
	}
	db.Exec(string(statements[1]))
	rotator, bot := db.URL("kalshi_rotator", "desk"), db.URL("kalshi_bot", "desk")
	for _, run := range []struct {
		store, identity string
		args            []string
		want            string // of an error
	}{
		{rotator, s.rotator, []string{"rotate", "--grace", "1ms"}, ""},
		{rotator, s.rotator, []string{"store", "prune", "--older", "1d"}, ""},
		{rotator, s.rotator, []string{"store", "status"}, ""},
		{rotator, s.rotator, []string{"store", "init"}, "permission denied"},
		{bot, s.bot, []string{"list"}, ""},
		{bot, s.bot, []string{"sign", "GET", "/portfolio/balance"}, ""},
		{bot, s.bot, []string{"follow", "--once", "--name", "pod", "--exec", "true"}, ""},
		{bot, s.bot, []string{"rotate"}, "may not do that"},
		{bot, s.bot, []string{"store", "status"}, "may not do that"},
		{bot, s.rotator, []string{"rotate"}, "may not do that"},
		{rotator, s.bot, []string{"rotate"}, "cannot be unsealed with this key"},
	} {
		out, err := s.run(run.store, run.identity, run.args...)
		if (err == nil) != (run.want == "") || !strings.Contains(out, run.want) {
			t.Errorf("%s: %v: %v, %s, want %q", run.store, run.args, err, out, run.want)
		}
	}
	for table, may := range map[string]bool{"document": false, "current": true, "follower": true} {
		query := fmt.Sprintf("SET ROLE kalshi_bot; SELECT count(*) FROM kalshi_keys.%s", table)
		if err := db.Try(query); (err == nil) != may {
			t.Errorf("a bot reads %s: %v", table, err)
		}
	}
	if err := db.Try("SET ROLE kalshi_bot; UPDATE kalshi_keys.current SET data = ''"); err == nil {
		t.Error("a bot writes the current key")
	}
}

func TestCopiesThroughAllKindsLoseNothing(t *testing.T) {
	db, cluster := server.NewPostgres(t), server.NewEtcd(t, 1)
	s := newSite(t, db.URL("postgres", "first"), longLease())
	for range 2 {
		if _, err := s.run(s.address, s.rotator, "rotate", "--grace", "1ms"); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "keys")
	stores := []string{s.address, dir, db.URL("postgres", "second"), cluster.URL("third"), dir + "-again"}
	want := must(s.store(s.open()).List(t.Context()))
	for i, to := range stores[1:] {
		if _, err := s.run("", s.rotator, "store", "copy", stores[i], to); err != nil {
			t.Fatal(err)
		}
		if out, err := s.run("", s.rotator, "store", "copy", stores[i], to); err == nil || !strings.Contains(out, "not empty") {
			t.Errorf("a second copy over the first: %s", out)
		}
		if _, err := s.run(to, s.rotator, "list"); err != nil {
			t.Error(err)
		}
	}
	last := must(keystore.Open(stores[len(stores)-1]))
	got := must(last.List(t.Context()))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for i := range got {
		if got[i].PrivateKey.RevealPrivateKey() != want[i].PrivateKey.RevealPrivateKey() {
			t.Errorf("the private key of %s is another", got[i].KeyID)
		}
	}
	if must(last.Current(t.Context(), s.baseURL)).KeyID != must(s.published(s.open()).Current(t.Context(), s.baseURL)).KeyID {
		t.Error("another key is current")
	}
}

func TestACopyThatIsKilledLeavesItsSourceAsItWas(t *testing.T) {
	db := server.NewPostgres(t)
	s := newSite(t, db.URL("postgres", "source"), longLease())
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := s.run("", s.rotator, "store", "copy", s.address, dir); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, err := s.run("", s.rotator, "store", "copy", dir, db.URL("postgres", "measured")); err != nil {
		t.Fatal(err)
	}
	takes := time.Since(begun)
	for n := range 20 {
		command := s.command("", s.rotator, "store", "copy", dir, db.URL("postgres", fmt.Sprint("killed", n)))
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		alarm := time.AfterFunc(rand.N(takes), func() { _ = command.Process.Kill() })
		err := command.Wait()
		alarm.Stop()
		if exited, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exited.Exited()) {
			t.Errorf("the copy failed by itself: %v", err)
		}
		if _, err := s.run(dir, s.rotator, "list"); err != nil {
			t.Fatalf("after the kill: %v", err)
		}
	}
	if _, err := s.run(dir, s.rotator, "rotate", "--grace", "1ms"); err != nil {
		t.Error(err)
	}
}

func TestABotsUserOfEtcdReadsTheCurrentKeyAlone(t *testing.T) {
	cluster := server.NewEtcd(t, 1)
	s := newSite(t, cluster.URL("desk"), longLease())
	admin := must(clientv3.New(clientv3.Config{Endpoints: []string{"127.0.0.1:" + cluster.Members[0].Port}, Logger: zap.NewNop()}))
	t.Cleanup(func() { _ = admin.Close() })
	const desk, canary = "/kalshi-keys/desk/", "c4nary"
	for user, prefixes := range map[string]map[string]clientv3.PermissionType{
		"root":    {},
		"rotator": {desk: clientv3.PermissionType(clientv3.PermReadWrite)},
		"bot": {
			desk + "current/":  clientv3.PermissionType(clientv3.PermRead),
			desk + "follower/": clientv3.PermissionType(clientv3.PermWrite),
		},
	} {
		_ = must(admin.RoleAdd(t.Context(), user))
		for prefix, permission := range prefixes {
			_ = must(admin.RoleGrantPermission(t.Context(), user, prefix, clientv3.GetPrefixRangeEnd(prefix), permission))
		}
		_ = must(admin.UserAdd(t.Context(), user, canary))
		_ = must(admin.UserGrantRole(t.Context(), user, user))
	}
	_ = must(admin.AuthEnable(t.Context()))
	for _, run := range []struct {
		user, identity string
		args           []string
		want           string // of an error
	}{
		{"rotator", s.rotator, []string{"rotate", "--grace", "1ms"}, ""},
		{"rotator", s.rotator, []string{"store", "status"}, ""},
		{"bot", s.bot, []string{"list"}, ""},
		{"bot", s.bot, []string{"follow", "--once", "--name", "pod", "--exec", "true"}, ""},
		{"bot", s.rotator, []string{"rotate"}, "may not do that"},
		{"", s.rotator, []string{"rotate"}, "user name is empty"},
		{"stranger", s.rotator, []string{"rotate"}, "authentication failed"},
	} {
		command := s.command(s.address, run.identity, run.args...)
		command.Env = append(command.Env, "ETCDCTL_USER="+run.user, "ETCDCTL_PASSWORD="+canary)
		out, err := command.CombinedOutput()
		if (err == nil) != (run.want == "") || !strings.Contains(string(out), run.want) || strings.Contains(string(out), canary) {
			t.Errorf("%s: %v: %v, %s, want %q", run.user, run.args, err, out, run.want)
		}
	}
}
