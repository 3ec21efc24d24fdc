package contract

import (
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
)

// maxFrames bounds how far up the stack the caller is looked for.
const maxFrames = 64

// caller returns the file and line of the call that led to the request: the innermost frame
// above the last HTTP client that is neither net/http nor this module's client code. It finds
// the call because net/http calls a RoundTripper on the goroutine of the client's caller, and
// is empty when somebody has moved the request to a goroutine of its own.
func caller() string {
	var pcs [maxFrames]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	found := ""
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		switch {
		case strings.HasPrefix(frame.Function, "net/http.(*Client)."):
			// What came before was a transport between the client and this one.
			found = ""
		case found == "" && !isPlumbing(frame):
			found = filepath.Base(filepath.Dir(frame.File)) + "/" + filepath.Base(frame.File) +
				":" + strconv.Itoa(frame.Line)
		}
	}
	return found
}

// module is the path of the module this package is in.
var module = strings.TrimSuffix(reflect.TypeFor[Violation]().PkgPath(), "/api/contract")

func isPlumbing(frame runtime.Frame) bool {
	if strings.HasSuffix(frame.File, "_test.go") {
		return false
	}
	for _, prefix := range []string{"net/http.", "runtime.", "testing.", module + "/api/contract", module + "/gen", module + "/wrapper"} {
		if strings.HasPrefix(frame.Function, prefix) {
			return true
		}
	}
	return false
}
