//go:build !windows

package secret

import (
	"errors"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// isGivenByPlatform reports whether the process of user uid is in group gid though the system's
// user database does not say so: a container platform or a service manager has added it.
func isGivenByPlatform(uid, gid int) bool {
	account, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		_, isUnknown := errors.AsType[user.UnknownUserIdError](err)
		return isUnknown
	}
	groups, err := account.GroupIds()
	return err == nil && !slices.Contains(groups, strconv.Itoa(gid))
}

// isPrivateGroup reports whether gid is the group that bears the name of user uid and has no other
// member, as systems make one for each user.
func isPrivateGroup(uid, gid int) bool {
	account, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return false
	}
	// Package os/user does not tell a group's members.
	groups, err := os.ReadFile("/etc/group")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(groups)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) == 4 && fields[2] == strconv.Itoa(gid) {
			return fields[0] == account.Username && (fields[3] == "" || fields[3] == account.Username)
		}
	}
	return false
}
