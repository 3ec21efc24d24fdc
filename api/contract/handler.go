package contract

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
)

// Handler returns a handler that holds every exchange of next against the contract: the
// request before next sees it, the response after next has returned. It changes and
// stops nothing, and reports what it finds to reporter. Responses are passed on as they are
// written, and next keeps flushing, deadlines and hijacking.
//
// A response that next does not finish, because it panics, takes the connection over or writes
// less than it announced, breaks [RuleTruncated], and counts for no [Coverage]. Status is 0 in
// the violation when next had written none.
//
// The handler is safe for concurrent use if next and reporter are.
func Handler(next http.Handler, reporter Reporter, opts ...Option) http.Handler {
	return &handler{next: next, reporter: reporter, settings: newSettings(opts)}
}

type handler struct {
	next     http.Handler
	reporter Reporter
	settings settings
}

// ServeHTTP serves r by way of the next handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body captured
	received := r
	if r.Body != nil && r.Body != http.NoBody {
		copied := *r
		body, copied.Body = capture(r.Body, r.ContentLength)
		received = &copied
	}
	e := begin(&h.settings, h.reporter, r, body, noCaller)
	record := &recorder{ResponseWriter: w}
	// Deferred, so that a handler that panics is checked as well; the panic goes on.
	defer func() { e.end(record.outcome()) }()
	h.next.ServeHTTP(record, received)
	record.returned = true
}

func noCaller() string { return "" }

// recorder passes a response on and keeps a copy of what the client gets to see.
type recorder struct {
	http.ResponseWriter
	status   int
	header   http.Header // as it was when the status was written
	body     captured
	written  int64
	hijacked bool
	returned bool
}

// WriteHeader passes the status on and keeps it, unless it is informational.
func (r *recorder) WriteHeader(status int) {
	final := status >= 200 || status == http.StatusSwitchingProtocols
	if r.status == 0 && final {
		r.status, r.header = status, r.Header().Clone()
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write passes data on and keeps it. What a handler writes where no body may be is kept too.
func (r *recorder) Write(data []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	r.written += int64(len(data))
	room := max(0, MaxBodyBytes-int64(len(r.body.data)))
	r.body.over = r.body.over || int64(len(data)) > room
	r.body.data = append(r.body.data, data[:min(room, int64(len(data)))]...)
	return r.ResponseWriter.Write(data)
}

// Flush sends what has been written, if the server can.
func (r *recorder) Flush() {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(r.ResponseWriter).Flush()
}

// Hijack hands the connection over, if the server can.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(r.ResponseWriter).Hijack()
	r.hijacked = r.hijacked || err == nil
	return conn, buffered, err
}

// Unwrap lets [http.ResponseController] reach what the server can do.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// outcome returns the response as the client gets it, with status 0 if the handler has left
// without one.
func (r *recorder) outcome() (int, http.Header, captured) {
	status, header := r.status, r.header
	finished := r.returned && !r.hijacked
	if status == 0 && finished {
		// net/http writes this for a handler that returns without writing anything.
		status, header = http.StatusOK, r.Header()
	}
	announced, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if !finished || err == nil && announced > r.written {
		r.body.err = errUnfinished
	}
	return status, header, r.body
}
