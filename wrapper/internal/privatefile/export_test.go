package privatefile

import "io/fs"

func CheckMode(system string, mode fs.FileMode) error { return checkMode(system, mode) }
