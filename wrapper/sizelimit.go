package wrapper

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

var (
	errNoAnswer = errors.New("the HTTP transport returned neither a response nor an error")
	errTooLarge = errors.New("the response body is larger than the limit")
)

// sizeLimit is the lowest layer. It hands the request to the caller's transport and reads the
// body of the response whole, up to the limit. A connection that is lost half-way is thereby a
// failed attempt, which can be retried, and not a failed read later on.
type sizeLimit struct {
	transport http.RoundTripper
	maxBytes  int64
}

func (s *sizeLimit) send(req *http.Request) answer {
	var trace connectionTrace
	response, err := s.transport.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace.hooks())))
	switch {
	case err != nil:
		return answer{err: err, delivery: trace.delivery(err)}
	case response == nil:
		return answer{err: errNoAnswer}
	}
	a := answer{response: response, delivery: trace.delivery(nil)}
	if req.Method != http.MethodHead && !(isUpgrade(req) && response.StatusCode == http.StatusSwitchingProtocols) {
		s.read(&a, req)
	}
	return a
}

func (s *sizeLimit) read(a *answer, req *http.Request) {
	isError := a.status() >= http.StatusBadRequest
	body := bodyOf(a.response)
	defer func() { _ = body.Close() }()
	data, err := readCapped(body, a.response.ContentLength, s.maxBytes)
	// The status of an error is the answer even if its body broke off: what did arrive is used.
	if err != nil && (!isError || errors.Is(err, errTooLarge) || req.Context().Err() != nil) {
		a.err = err
		return
	}
	if isError {
		a.said = parseErrorBody(data)
	}
	a.body = data
	a.response.Body = hiddenBody{bytes.NewReader(data)}
	a.response.ContentLength = int64(len(data))
}

// bodyOf returns what there is to read. A switch to another protocol that nobody asked for has no
// body, and reading it would not end. A test's transport may leave the body out.
func bodyOf(response *http.Response) io.ReadCloser {
	if response.Body == nil {
		return http.NoBody
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		_ = response.Body.Close()
		return http.NoBody
	}
	return response.Body
}

func readCapped(body io.Reader, announced, limit int64) ([]byte, error) {
	var buffer bytes.Buffer
	if announced > 0 {
		buffer.Grow(int(min(announced, limit)) + bytes.MinRead)
	}
	read, err := buffer.ReadFrom(io.LimitReader(body, limit+1))
	if max(read, announced) > limit {
		return nil, fmt.Errorf("%w of %d bytes", errTooLarge, limit)
	}
	return buffer.Bytes(), err
}

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
			c.http2.Store(isHTTP2(info.Conn))
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

func isHTTP2(connection net.Conn) bool {
	secured, ok := connection.(*tls.Conn)
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}
