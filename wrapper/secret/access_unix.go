//go:build !windows

package secret

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// envCredentialsDirectory is where systemd tells a service the directory of its credentials.
const envCredentialsDirectory = "CREDENTIALS_DIRECTORY"

// status is what decides about a file.
type status struct {
	path       string
	owner, gid int
	mode       fs.FileMode
	self       int
}

func statusOf(info fs.FileInfo, path string) status {
	s := status{path: path, owner: -1, gid: -1, mode: info.Mode().Perm(), self: os.Geteuid()}
	if known, ok := info.Sys().(*syscall.Stat_t); ok {
		s.owner, s.gid = int(known.Uid), int(known.Gid)
	}
	return s
}

// FileAccess says who can use the open file with a private key at path. Without a right for group
// and others it is accepted. What they can write or run, and what belongs to another user than root
// or the one who runs this, is refused. The rest is accepted where a platform provides it: in
// $CREDENTIALS_DIRECTORY (systemd), on a read-only mount of its own (secrets of Kubernetes, Docker
// and Compose), or readable by a group that this process is in by the platform's doing.
func FileAccess(file *os.File, path string) (Access, error) {
	info, err := file.Stat()
	if err != nil {
		return Access{}, err
	}
	s := statusOf(info, path)
	if s.mode&0o077 == 0 {
		return Access{}, nil
	}
	readOnly := isReadOnly(file)
	if s.belongsHere() && s.mode&0o033 == 0 {
		switch {
		case isIn(path, os.Getenv(envCredentialsDirectory)):
			return s.shared("in $" + envCredentialsDirectory), nil
		case readOnly && s.mountIsOwn(file):
			return s.shared("on a read-only mount"), nil
		case s.mode&0o007 == 0 && s.groupIsOurs():
			return s.shared(fmt.Sprintf("readable by group %d, which this process is in", s.gid)), nil
		}
	}
	refused := fmt.Sprintf("its mode is %04o", s.mode)
	if !s.belongsHere() {
		refused += fmt.Sprintf(", and it belongs to user %d", s.owner)
	}
	return Access{Refused: refused, Hint: s.fileHint(readOnly)}, nil
}

// StoreAccess says who can use a directory, or a file in it, that this program changes. It must
// belong to root or to the user who runs this. Others may have no right to it, and its group only
// where this process is in it by the platform's doing: Kubernetes gives a volume to its fsGroup so.
func StoreAccess(info fs.FileInfo, path string) Access {
	s := statusOf(info, path)
	private := 0o600
	if info.IsDir() {
		private = 0o700
	}
	switch {
	case s.owner != s.self && (s.owner != 0 || s.mode&0o077 == 0):
		return Access{
			Refused: fmt.Sprintf("it belongs to user %d, not to user %d, who runs this", s.owner, s.self),
			Hint:    fmt.Sprintf("Run this as its owner, or run: chown %d %s", s.self, shellWord(path)),
		}
	case s.mode&0o077 == 0:
		return Access{}
	case s.mode&0o007 == 0 && s.groupIsOurs():
		return s.shared(fmt.Sprintf("open to group %d, which this process is in", s.gid))
	case s.owner == s.self:
		return s.refused(fmt.Sprintf("Run: chmod %o %s", private, shellWord(path)))
	}
	return s.refused(fmt.Sprintf("Run as root: chown %d %s && chmod %o %[2]s", s.self, shellWord(path), private))
}

func (s status) shared(how string) Access {
	owner := fmt.Sprintf("user %d", s.owner)
	if s.owner == 0 {
		owner = "root"
	}
	return Access{Shared: fmt.Sprintf("mode %04o, owned by %s, %s", s.mode, owner, how)}
}

func (s status) refused(hint string) Access {
	return Access{Refused: fmt.Sprintf("its mode is %04o, which lets others use it", s.mode), Hint: hint}
}

func (s status) belongsHere() bool { return s.owner == 0 || s.owner == s.self }

// fileHint says how to close a file of a private key. A platform's own mounts cannot be changed from
// inside, and a mode only by its owner.
func (s status) fileHint(readOnly bool) string {
	word := shellWord(s.path)
	switch {
	case readOnly:
		return "The mount is read-only, so change it where the file comes from: mode 0440, owned by root, with a group of this " +
			"process (in Kubernetes: defaultMode: 0440 and fsGroup), or owned by the user who runs this with mode 0400"
	case s.owner == s.self || s.self == 0:
		return "Run: chmod 600 " + word
	}
	return fmt.Sprintf("Run as root: chown %d %s && chmod 600 %[2]s", s.self, word)
}

// groupIsOurs reports whether the file's group lets in this process and, as far as the system tells,
// nobody whom the platform did not put there.
func (s status) groupIsOurs() bool {
	groups, err := os.Getgroups()
	if err != nil || !slices.Contains(append(groups, os.Getegid()), s.gid) {
		return false
	}
	switch {
	case s.owner == 0 && s.self != 0: // root gave it to this group
		return true
	case s.self == 0 && s.gid == 0:
		// Where a platform runs every program as a user of its own, all are in group 0. Mode 0640 is
		// what a umask leaves there; one that forbids root itself to write was chosen.
		return s.mode&0o222 == 0
	}
	return isGivenByPlatform(s.self, s.gid) || isPrivateGroup(s.self, s.gid)
}

// mountIsOwn reports whether a file on a read-only mount is on another one than the whole system and
// than the home directory: those hold what people put there.
func (s status) mountIsOwn(file *os.File) bool {
	home, _ := os.UserHomeDir() // without one nothing is in it
	for _, dir := range []string{"/", home} {
		if dir == "" || !isIn(s.path, dir) {
			continue
		}
		if open, err := os.Open(dir); err == nil {
			same := isReadOnly(open) && sameDevice(open, file)
			_ = open.Close()
			if same {
				return false
			}
		}
	}
	return true
}

func sameDevice(a, b *os.File) bool {
	var first, second syscall.Stat_t
	return syscall.Fstat(int(a.Fd()), &first) == nil && syscall.Fstat(int(b.Fd()), &second) == nil && first.Dev == second.Dev
}

// isIn reports whether path leads into the directory dir, which must be absolute. Links on the way to
// path count as names in the directory that they are in: Kubernetes exchanges secrets by such links.
func isIn(path, dir string) bool {
	absolute, err := filepath.Abs(path)
	if err != nil || !filepath.IsAbs(dir) {
		return false
	}
	inside, err := filepath.Rel(filepath.Clean(dir), absolute)
	return err == nil && filepath.IsLocal(inside)
}

// shellWord returns path as one word of a shell's command line, safe to paste.
func shellWord(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	if strings.Trim(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
