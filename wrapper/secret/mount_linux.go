package secret

import (
	"os"
	"syscall"
)

// isReadOnly reports whether the file is on a mount that nothing can be written to.
func isReadOnly(file *os.File) bool {
	const readOnly = 1 // ST_RDONLY
	var mount syscall.Statfs_t
	return syscall.Fstatfs(int(file.Fd()), &mount) == nil && mount.Flags&readOnly != 0
}
