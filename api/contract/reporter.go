package contract

import (
	"slices"
	"sync"
)

// Reporter receives violations as they are found, including those an option allows: their
// Allowed field is set. Report may be called from several goroutines at once.
type Reporter interface {
	Report(Violation)
}

// TestingT is what [TB] needs of a *testing.T, *testing.B or *testing.F.
type TestingT interface {
	Helper()
	Errorf(format string, args ...any)
}

// TB returns a reporter that fails t with every violation that no option allows. The text
// names the line of the call that sent the request, because no line of the test is on the
// stack of a failing check. Like t itself it must not be used after the test has ended.
func TB(t TestingT) Reporter {
	return testReporter{t}
}

type testReporter struct{ t TestingT }

func (r testReporter) Report(v Violation) {
	r.t.Helper()
	if !v.Allowed {
		r.t.Errorf("%s", v)
	}
}

// Collector is a reporter that keeps violations. The zero Collector is ready for use, and it
// is safe for concurrent use.
type Collector struct {
	mu       sync.Mutex
	reported []Violation
	allowed  []Violation
}

// Report keeps v.
func (c *Collector) Report(v Violation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v.Allowed {
		c.allowed = append(c.allowed, v)
	} else {
		c.reported = append(c.reported, v)
	}
}

// Violations returns the violations so far that no option allows, oldest first.
func (c *Collector) Violations() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.reported)
}

// Allowed returns the deviations so far that an option allows, oldest first.
func (c *Collector) Allowed() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.allowed)
}
