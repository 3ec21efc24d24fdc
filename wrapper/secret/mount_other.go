//go:build !windows && !linux

package secret

import "os"

// isReadOnly returns false: the platforms that mount secrets read-only are Linux.
func isReadOnly(*os.File) bool { return false }
