package enginetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// Backend is a backend that other processes can reach.
type Backend struct {
	// Make makes a new, empty backend and returns its address, such as a path or a URL. It registers with
	// t what is to be cleaned up.
	Make func(t *testing.T) (address string)
	// Open opens one more handle on the backend at the address, in whatever process it is called. A handle
	// with a method Close is closed at the end of its test.
	Open func(address string) (keystore.Document, error)
}

// addressVariable has RunAcross play the other process, in the role that roleVariable names.
const (
	addressVariable = "KALSHI_ENGINETEST_ADDRESS"
	roleVariable    = "KALSHI_ENGINETEST_ROLE"

	roleLoad = "load"
	roleLock = "lock"
)

// RunAcross checks every property that [Run] does, and those that it takes a second process to see: a
// lock that excludes only the handles of its own process fails. For the second process it runs the test
// binary again, up to the call of RunAcross: call it first in its test.
func RunAcross(t *testing.T, backend Backend) {
	t.Helper()
	if address := os.Getenv(addressVariable); address != "" {
		if err := backend.playOther(t.Context(), address); err != nil {
			t.Fatal(err)
		}
		return
	}
	Run(t, func(t *testing.T) func() keystore.Document {
		t.Helper()
		return backend.opening(t, backend.Make(t))
	})
	test := t.Name()
	for _, property := range []struct {
		name  string
		role  string
		check func(suite, *other)
	}{
		{"another process loads what was swapped in", roleLoad, anotherProcessLoads},
		{"the lock excludes other processes", roleLock, theLockExcludesOtherProcesses},
		{"the lock of a process that dies becomes free", roleLock, theLockOfTheDeadBecomesFree},
	} {
		t.Run(property.name, func(t *testing.T) {
			address := backend.Make(t)
			property.check(suite{t, backend.opening(t, address)}, newOther(t, test, property.role, address))
		})
	}
}

func (b Backend) opening(t *testing.T, address string) func() keystore.Document {
	t.Helper()
	return func() keystore.Document {
		t.Helper()
		engine, err := b.Open(address)
		if err != nil {
			t.Fatal(err)
		}
		if closer, ok := engine.(interface{ Close() }); ok {
			t.Cleanup(closer.Close)
		}
		return engine
	}
}

// playOther says what it loads, or waits for the lock and holds it until standard input ends.
func (b Backend) playOther(ctx context.Context, address string) error {
	engine, err := b.Open(address)
	if err != nil {
		return err
	}
	if closer, ok := engine.(interface{ Close() }); ok {
		defer closer.Close()
	}
	if os.Getenv(roleVariable) == roleLoad {
		data, _, err := engine.Load(ctx)
		fmt.Printf("%sloaded %q\n", said, data)
		return err
	}
	unlock, err := lock(awaited{ctx, func() { fmt.Println(said + "waiting") }}, engine)
	if err != nil {
		return err
	}
	fmt.Println(said + "locked")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return unlock()
}

// said begins the lines of the other process, among those of package testing.
const said = "enginetest: "

// other is another process with a handle on the backend.
type other struct {
	suite   *testing.T
	command *exec.Cmd
	stdin   io.Closer
	lines   *bufio.Scanner
}

func newOther(t *testing.T, test, role, address string) *other {
	t.Helper()
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(test), "/", "$/^") + "$"
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern) //nolint:gosec // this binary again
	command.Env = append(os.Environ(), addressVariable+"="+address, roleVariable+"="+role)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if command.Process != nil {
			_ = command.Process.Kill()
			_ = command.Wait() // unless it was waited for
		}
	})
	return &other{t, command, stdin, bufio.NewScanner(stdout)}
}

func (o *other) start() {
	o.suite.Helper()
	if err := o.command.Start(); err != nil {
		o.suite.Fatal(err)
	}
}

// next returns what the process says next that is not in skip, and "" if it has ended.
func (o *other) next(skip string) string {
	for o.lines.Scan() {
		if line, ok := strings.CutPrefix(o.lines.Text(), said); ok && line != skip {
			return line
		}
	}
	return ""
}

func (o *other) mustSay(want, skip string) {
	o.suite.Helper()
	if line := o.next(skip); line != want {
		o.suite.Fatalf("the other process says %.60q, want %q", line, want)
	}
}

func (o *other) end() {
	o.suite.Helper()
	_ = o.stdin.Close()
	for o.lines.Scan() {
	}
	if err := o.command.Wait(); err != nil {
		o.suite.Errorf("the other process: %v", err)
	}
}

func anotherProcessLoads(s suite, o *other) {
	s.mustSwap(s.open(), "from the first", "")
	o.start()
	o.mustSay(`loaded "from the first"`, "")
	o.end()
}

func theLockExcludesOtherProcesses(s suite, o *other) {
	engine := s.open()
	unlock := s.mustLock(s.Context(), engine)
	o.start()
	o.mustSay("waiting", "") // and not locked
	unlock()
	o.mustSay("locked", "waiting")
	s.mustNotLock(engine)
	o.end()
	s.mustLock(s.Context(), engine)()
}

func theLockOfTheDeadBecomesFree(s suite, o *other) {
	o.start()
	o.mustSay("locked", "waiting")
	if err := o.command.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	_ = o.command.Wait() // it was killed
	s.mustLock(s.Context(), s.open())()
}
