package wrapper

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// connectionTrace watches how often a request was given a connection. HTTP transports that do not
// report to httptrace leave it untouched.
type connectionTrace struct {
	asked, http2 atomic.Bool
	got          atomic.Int32
	wrote        atomic.Pointer[time.Time]
	// address is what was connected to. idle says that nothing has followed: TLS would, or the
	// request, unless a proxy does not connect further.
	address atomic.Pointer[string]
	idle    atomic.Bool
}

func (c *connectionTrace) hooks(now func() time.Time) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { c.asked.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			c.got.Add(1)
			secured, ok := info.Conn.(*tls.Conn)
			c.http2.Store(ok && secured.ConnectionState().NegotiatedProtocol == "h2")
		},
		ConnectDone: func(_, address string, err error) {
			if err == nil {
				c.address.Store(&address)
				c.idle.Store(true)
			}
		},
		TLSHandshakeStart: func() { c.idle.Store(false) },
		TLSHandshakeDone:  func(_ tls.ConnectionState, err error) { c.idle.Store(err == nil) },
		WroteHeaders: func() {
			at := now()
			c.wrote.Store(&at)
		},
	}
}

// wroteAt returns when the request went out, zero if that is not known.
func (c *connectionTrace) wroteAt() time.Time {
	if at := c.wrote.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// proxyError reports a proxy that was reached and does not connect to the service.
type proxyError struct {
	proxy string
	// status is the proxy's answer, 0 if it is not known.
	status int
	cause  error
}

func (e *proxyError) Error() string {
	return "the proxy " + e.proxy + " does not connect to the service: " + e.cause.Error()
}

func (e *proxyError) Unwrap() error { return e.cause }

// explain returns err, or the proxy's refusal that it stands for: net/http shows nothing of the
// answer to CONNECT but its reason phrase.
func (c *connectionTrace) explain(err error, transport http.RoundTripper, req *http.Request) error {
	if c.got.Load() > 0 || !c.idle.Load() || isTimeout(err) || req.Context().Err() != nil || req.URL.Scheme != "https" {
		return err
	}
	refused := &proxyError{proxy: "on the way", cause: err}
	if address := c.address.Load(); address != nil { // a dialer of the caller's may not report it
		refused.proxy = *address
	}
	if direct, ok := transport.(*http.Transport); ok {
		if direct.Proxy == nil {
			return err
		}
		proxy, _ := direct.Proxy(req)
		if proxy == nil {
			return err
		}
		refused.proxy = proxy.Host
	}
	for status := http.StatusBadRequest; status < 600; status++ {
		if http.StatusText(status) == err.Error() {
			refused.status = status
		}
	}
	return refused
}

// delivery needs evidence to say that nothing was sent: a dial error, a transport that asked for a
// connection and never got one, or one that says so.
func (c *connectionTrace) delivery(err error) delivery {
	switch {
	case errors.Is(err, ErrNotSent), err != nil && c.got.Load() == 0 && (c.asked.Load() || isDialError(err)):
		return neverSent
	case c.http2.Load() && c.got.Load() > 1:
		// net/http sends a request without a body again when HTTP/2 resets the stream, and the
		// first one may have taken effect. Over HTTP/1 it does so only if nothing of it had left.
		// WroteHeaders does not count the requests: it may be called after the answer has come.
		return sentTwice
	}
	return maybeSent
}
