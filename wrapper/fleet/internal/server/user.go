package server

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"testing"
)

// serverDir returns a directory that ends with the test, and what has a command run there as a user that Postgres
// and its pooler accept: they refuse root.
func serverDir(t testing.TB) (dir string, as func(*exec.Cmd) *exec.Cmd) {
	t.Helper()
	dir, err := os.MkdirTemp("", "server-") //nolint:usetesting // The server's user must reach it.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	own(t, dir)
	return dir, func(command *exec.Cmd) *exec.Cmd {
		if uid, gid, another := serverUser(t); another {
			command.Dir = dir
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}} //nolint:gosec // IDs of users.
		}
		return command
	}
}

// own gives a file to the user of the servers.
func own(t testing.TB, path string) {
	t.Helper()
	uid, gid, another := serverUser(t)
	if !another {
		return
	}
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

// serverUser returns the user of the servers, if that is another than the one of this process.
func serverUser(t testing.TB) (uid, gid int, another bool) {
	t.Helper()
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ = strconv.Atoi(account.Uid)
	gid, _ = strconv.Atoi(account.Gid)
	return uid, gid, true
}
