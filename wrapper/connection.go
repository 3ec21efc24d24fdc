package wrapper

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync/atomic"
)

// connectionTrace watches whether a request had a connection, and how often it was written. HTTP
// transports that do not report to httptrace leave it untouched.
type connectionTrace struct {
	asked, got, http2 atomic.Bool
	written           atomic.Int32
}

func (c *connectionTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { c.asked.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			c.got.Store(true)
			secured, ok := info.Conn.(*tls.Conn)
			c.http2.Store(ok && secured.ConnectionState().NegotiatedProtocol == "h2")
		},
		WroteHeaders: func() { c.written.Add(1) },
	}
}

// delivery needs evidence to say that nothing was sent: a dial error, or a transport that asked
// for a connection and never got one.
func (c *connectionTrace) delivery(err error) delivery {
	switch {
	case err != nil && !c.got.Load() && (c.asked.Load() || isDialError(err)):
		return neverSent
	case c.http2.Load() && c.written.Load() > 1:
		// net/http sends a request without a body again when HTTP/2 resets the stream, and the
		// first one may have taken effect. Over HTTP/1 it does so only if nothing of it had left.
		return sentTwice
	}
	return maybeSent
}
