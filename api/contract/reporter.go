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

// Collector is a reporter that keeps the violations that no option allows. The zero Collector is
// ready for use, and it is safe for concurrent use.
type Collector struct {
	mu       sync.Mutex
	reported []Violation
}

// Report keeps v, unless an option allows it.
func (c *Collector) Report(v Violation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !v.Allowed {
		c.reported = append(c.reported, v)
	}
}

// Violations returns what has been kept so far, oldest first.
func (c *Collector) Violations() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.reported)
}
