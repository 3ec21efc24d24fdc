package wrapper

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync/atomic"
)

// connectionTrace watches how often a request was given a connection. HTTP transports that do not
// report to httptrace leave it untouched.
type connectionTrace struct {
	asked, http2 atomic.Bool
	got          atomic.Int32
}

func (c *connectionTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { c.asked.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			c.got.Add(1)
			secured, ok := info.Conn.(*tls.Conn)
			c.http2.Store(ok && secured.ConnectionState().NegotiatedProtocol == "h2")
		},
	}
}

// delivery needs evidence to say that nothing was sent: a dial error, or a transport that asked
// for a connection and never got one.
func (c *connectionTrace) delivery(err error) delivery {
	switch {
	case err != nil && c.got.Load() == 0 && (c.asked.Load() || isDialError(err)):
		return neverSent
	case c.http2.Load() && c.got.Load() > 1:
		// net/http sends a request without a body again when HTTP/2 resets the stream, and the
		// first one may have taken effect. Over HTTP/1 it does so only if nothing of it had left.
		// WroteHeaders does not count the requests: it may be called after the answer has come.
		return sentTwice
	}
	return maybeSent
}
