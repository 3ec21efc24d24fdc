//go:build unix && !linux

package privatefile

import (
	"os"
	"strconv"
	"syscall"
)

// Identity returns what a copy of the open file does not share: its inode. It returns "" if the
// system does not say.
func Identity(file *os.File) string {
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(uint64(status.Ino), 10)
}
