package cli_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	program "kalshi.internal/apikeys/wrapper/internal/cli"
)

// The shell functions of a row. They run as root in a mount namespace of their own, so nothing of
// them is left. The user database is that of a small container.
const platformFunctions = `
set -e
mount --make-rprivate /
printf 'root:x:0:0::/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\ncarol:x:1002:100::/home/carol:/bin/sh\nerin:x:1003:300::/home/erin:/bin/sh\n' > passwd
printf 'root:x:0:\nalice:x:1001:\nusers:x:100:dave\nplain:x:300:\n' > group
mount --bind passwd /etc/passwd
mount --bind group /etc/group

# file OWNER MODE: an ordinary file.
file() { mkdir files; cp key.pem files/key.pem; chown $1 files/key.pem; chmod $2 files/key.pem; key=$PWD/files/key.pem; }
# secret OWNER MODE: what Kubernetes mounts, a read-only file system whose names are links.
secret() {
	mkdir run; mount -t tmpfs none run; mkdir run/..2026; cp key.pem run/..2026/key.pem
	chown $1 run/..2026/key.pem; chmod $2 run/..2026/key.pem
	ln -s ..2026 run/..data; ln -s ..data/key.pem run/key.pem; chmod 755 run/..2026 run
	mount -o remount,ro run; key=$PWD/run/key.pem
}
# as USER GROUP GROUPS COMMAND...
as() { user=$1 main=$2 more=$3; shift 3; KALSHI_PRIVATE_KEY_PATH=$key setpriv --reuid $user --regid $main --groups $more "$@"; }
# store USER GROUP GROUPS: a store that this user has made.
store() { mkdir data; chown $1:$2 data; file $1:$2 600; as $1 $2 $3 env -u KALSHI_API_KEY_ID "$program" import $KALSHI_API_KEY_ID "$key" --store data/keys > /dev/null; unset KALSHI_API_KEY_ID; key=; export KALSHI_STORE=$PWD/data/keys; }
`

// platform is a row: what makes it, and what doctor says of file_mode.
type platform struct {
	name, script string
	status, says string
}

func TestDoctorDecidesOnWhoCanReallyReadTheKeyFile(t *testing.T) {
	testPlatforms(t, []platform{
		{"a Kubernetes secret with fsGroup", `secret 0:2000 440; as 1000 1000 2000 "$program" doctor`, "ok", "mode 0440, owned by root, on a read-only mount"},
		{"one of another mode", `secret 0:2000 640; as 1000 1000 2000 "$program" doctor`, "ok", "mode 0640, owned by root"},
		{"one without fsGroup", `secret 0:0 444; as 1000 1000 1000 "$program" doctor`, "ok", "mode 0444, owned by root, on a read-only mount"},
		{"one of a container that runs as root", `secret 0:0 644; as 0 0 0 "$program" doctor`, "ok", "mode 0644"},
		{"a secret of Compose with an owner", `secret 1000:1000 440; as 1000 1000 1000 "$program" doctor`, "ok", "owned by user 1000"},
		{"a mounted key that its group can write", `secret 0:2000 660; as 1000 1000 2000 "$program" doctor`, "problem", "The mount is read-only, so change it where the file comes from"},
		{"a mounted key of another user", `secret 7:2000 440; as 1000 1000 2000 "$program" doctor`, "problem", "it belongs to user 7"},
		{"a credential of systemd", `file 0:0 440; chmod 711 files; chgrp 1000 "$key"; CREDENTIALS_DIRECTORY=$PWD/files as 1000 1000 1000 "$program" doctor`, "ok", "in $CREDENTIALS_DIRECTORY"},
		{"a credential that everybody can read", `file 0:0 444; CREDENTIALS_DIRECTORY=$PWD/files as 1000 1000 1000 "$program" doctor`, "ok", "in $CREDENTIALS_DIRECTORY"},
		{"a credential that its group can write", `file 0:1000 460; CREDENTIALS_DIRECTORY=$PWD/files as 1000 1000 1000 "$program" doctor`, "problem", "Run as root: chown 1000"},
		{"root's file for our group", `file 0:2000 640; as 1000 1000 2000 "$program" doctor`, "ok", "readable by group 2000, which this process is in"},
		{"root's file for everybody", `file 0:2000 644; as 1000 1000 2000 "$program" doctor`, "problem", "Run as root: chown 1000"},
		{"our file for a group that the platform added", `file 1001:2000 440; as 1001 1001 2000 "$program" doctor`, "ok", "readable by group 2000"},
		{"our file for our private group", `file 1001:1001 640; as 1001 1001 1001 "$program" doctor`, "ok", "readable by group 1001"},
		{"our file for a shared group", `file 1002:100 640; as 1002 100 100 "$program" doctor`, "problem", "Run: chmod 600"},
		{"our file for a group of another name", `file 1003:300 640; as 1003 300 300 "$program" doctor`, "problem", "Run: chmod 600"},
		{"root's file for a shared group", `file 0:100 640; as 1002 100 100 "$program" doctor`, "ok", "readable by group 100"},
		{"our file for a group that we are not in", `file 1001:2000 640; as 1001 1001 1001 "$program" doctor`, "problem", "Run: chmod 600"},
		{"our file for everybody", `file 1001:1001 644; as 1001 1001 1001 "$program" doctor`, "problem", "Run: chmod 600"},
		{"our file, which our group can write", `file 1001:1001 660; as 1001 1001 1001 "$program" doctor`, "problem", "Run: chmod 600"},
		{"a file for everybody in a home directory that is read-only", `secret 1001:1001 444; HOME=$PWD/run as 1001 1001 1001 "$program" doctor`, "problem", "mode is 0444"},
		{"root's file that nobody can write", `file 0:0 440; as 0 0 0 "$program" doctor`, "ok", "readable by group 0"},
		{"root's file as a umask leaves it", `file 0:0 640; as 0 0 0 "$program" doctor`, "problem", "Run: chmod 600"},
		{"a secret for a group that the process is not in", `secret 0:2000 440; as 1000 1000 1000 "$program" doctor`, "", "User 1000, who runs this, may not read it"},
		{"a private file of somebody else, for root", `file 1001:1001 600; as 0 0 0 "$program" doctor`, "ok", "only its owner may use the file"},
	})
}

func TestAStoreOnAVolumeOfAPlatformIsAccepted(t *testing.T) {
	const again = `chgrp -R 2000 data; chmod -R ug+rw data; chmod g+rwxs data data/keys; `
	testPlatforms(t, []platform{
		{"a volume that fsGroup left at 0770", `store 1000 1000 2000; ` + again + `as 1000 1000 2000 "$program" rotate --grace 0s > /dev/null; ` +
			again + `as 1000 1000 2000 "$program" doctor`, "ok", "mode 0770, owned by user 1000, open to group 2000"},
		{"a group of the user's own name", `store 1001 1001 1001; chmod -R g+rwX data; as 1001 1001 1001 "$program" doctor`, "ok", "open to group 1001"},
		{"a directory of root's for our group", `store 1000 1000 2000; chgrp -R 2000 data; chown 0 data/keys; chmod 2770 data/keys; as 1000 1000 2000 "$program" doctor`, "ok", "owned by root, open to group 2000"},
		{"a group that other users are in", `store 1002 100 100; chmod -R g+rwX data; as 1002 100 100 "$program" doctor`, "", "Run: chmod 700 "},
		{"a store that everybody can read", `store 1000 1000 2000; chmod 755 data/keys; as 1000 1000 2000 "$program" doctor`, "", "Run: chmod 700 "},
		{"a store of another user", `store 1000 1000 2000; chgrp -R 2000 data; chmod -R g+rwX data; as 1005 1005 2000 "$program" doctor`, "", "it belongs to user 1000"},
	})
}

// testPlatforms makes each row for real. Only root on Linux with util-linux can.
func testPlatforms(t *testing.T, rows []platform) {
	t.Helper()
	if !canMakePlatforms(t) {
		t.Logf("NOT MADE HERE: %d of %d rows need root, unshare and setpriv", len(rows), len(rows))
		return
	}
	t.Logf("%d of %d rows are made for real", len(rows), len(rows))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			shown := runPlatform(t, row.script)
			if row.status != "" && !regexp.MustCompile(`(?m)^`+row.status+` +file_mode `).MatchString(shown) {
				t.Errorf("file_mode is not %s", row.status)
			}
			if !strings.Contains(shown, row.says) {
				t.Errorf("doctor does not say %q", row.says)
			}
			if t.Failed() {
				t.Log(shown)
			}
		})
	}
}

func canMakePlatforms(t *testing.T) bool {
	t.Helper()
	return os.Geteuid() == 0 && exec.CommandContext(t.Context(), "unshare", "--mount", "setpriv", "--reuid", "1", "--clear-groups", "true").Run() == nil
}

// runPlatform runs a row in a directory that every user can enter.
func runPlatform(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	box := sandbox.New()
	server := httptest.NewServer(box)
	defer server.Close()
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "key.pem"), []byte(key.PrivateKey.RevealPrivateKey()), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	world := program.World{Env: map[string]string{"KALSHI_BASE_URL": server.URL + sandbox.BasePath, "KALSHI_API_KEY_ID": key.ID}}
	shell := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-c", platformFunctions+script)
	shell.Dir, shell.Env = dir, append(command(t, world).Env, "HOME=/home/nobody", "program="+programForAll(t, dir))
	out, err := shell.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return string(out)
}

// programForAll copies the program to where every user can run it.
func programForAll(t *testing.T, dir string) string {
	t.Helper()
	found, err := exec.LookPath("kalshi-keys")
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(found)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	path := filepath.Join(dir, "kalshi-keys")
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}
