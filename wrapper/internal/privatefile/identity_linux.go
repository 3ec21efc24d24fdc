package privatefile

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Identity returns what a copy of the open file does not share: its inode and, where the file system
// tells it, when it was made. It returns "" if the system does not say.
func Identity(file *os.File) string {
	var status unix.Statx_t
	if unix.Statx(int(file.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &status) != nil {
		return ""
	}
	return fmt.Sprintf("%d-%d.%d", status.Ino, status.Btime.Sec, status.Btime.Nsec)
}
