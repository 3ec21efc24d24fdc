package wrapper

import (
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// connectionTrace watches whether an attempt ever had a connection, and how often its request
// was written. Transports that do not report to httptrace leave it untouched.
type connectionTrace struct {
	asked, got, http2 atomic.Bool
	written           atomic.Int32
}

func (c *connectionTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { c.asked.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			c.got.Store(true)
			c.http2.Store(isHTTP2(info.Conn))
		},
		WroteHeaders: func() { c.written.Add(1) },
	}
}

// neverSent is true only on evidence: a dial error, or a transport that asked for a connection
// and never got one.
func (c *connectionTrace) neverSent(err error) bool {
	return !c.got.Load() && (c.asked.Load() || isDialError(err))
}

// sentTwice is true where net/http sent a request without a body again by itself, as it does when
// HTTP/2 resets the stream. The first may have taken effect. With HTTP/1 it only does so where
// nothing of the first had left.
func (c *connectionTrace) sentTwice() bool {
	return c.http2.Load() && c.written.Load() > 1
}

func isHTTP2(connection net.Conn) bool {
	secured, ok := connection.(*tls.Conn)
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}
