package wrapper

import (
	"net/http/httptrace"
	"sync/atomic"
)

// connectionTrace watches whether an attempt ever had a connection, and how often its request
// was written. Transports that do not report to httptrace leave it untouched.
type connectionTrace struct {
	asked, got atomic.Bool
	written    atomic.Int32
}

func (c *connectionTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { c.asked.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { c.got.Store(true) },
		WroteHeaders: func() { c.written.Add(1) },
	}
}

// neverSent is true only on evidence: a dial error, or a transport that asked for a connection
// and never got one.
func (c *connectionTrace) neverSent(err error) bool {
	return !c.got.Load() && (c.asked.Load() || isDialError(err))
}

// sentTwice is true where net/http sent a request without a body again by itself, as it does when
// HTTP/2 resets the stream. The first may have taken effect.
func (c *connectionTrace) sentTwice() bool {
	return c.written.Load() > 1
}
