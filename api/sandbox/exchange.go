package sandbox

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// Exchange is one request and its answer, without bodies, signature and query: nothing in it is
// secret.
type Exchange struct {
	// Number counts the exchanges of a sandbox from 1, also across [Sandbox.Reset].
	Number int `json:"number"`
	// Time is when the request came, by the sandbox's clock.
	Time time.Time `json:"time"`
	// Method is the request's method.
	Method string `json:"method"`
	// Path is the path of the request line. One longer than 200 bytes is cut and ends in "...".
	Path string `json:"path"`
	// Operation is the contract's operation ID. It is empty for a request that is for no operation.
	Operation protocol.Operation `json:"operation,omitempty"`
	// Status is the answer's status. It is 0 if there was no answer.
	Status int `json:"status"`
	// KeyID is the key ID that the request named, if it is a UUID, and Timestamp the timestamp, if
	// it is a number. They say nothing about who signed the request.
	KeyID     string `json:"key_id,omitempty"`
	Timestamp string `json:"timestamp,omitempty"`
	// SignedBy is the type of the key that signed the request. It is empty if the request was not
	// authenticated.
	SignedBy KeyType `json:"signed_by,omitempty"`
	// Refusal is why the request was turned down. It is empty if it was not.
	Refusal Refusal `json:"refusal,omitempty"`
	// Explanation says what the caller did wrong, or that nobody here serves a request whose signature
	// is right. It is nil if the request was served, and for a path that is simply unknown.
	Explanation *explain.Explanation `json:"explanation,omitempty"`
	// Fault is the kind of fault that was injected. It is empty if none was.
	Fault FaultKind `json:"fault,omitempty"`
	// Violations are what leaves the contract, in the request and in the answer, with
	// [WithContractCheck].
	Violations []contract.Violation `json:"violations,omitempty"`
}

const maxLoggedPath = 200

// call is what the handlers of one request tell each other. One goroutine uses it.
type call struct {
	log      Exchange
	endpoint *endpoint
	key      key
	// violations collects what leaves the contract.
	violations contract.Collector
	// listAge is how much older than usual a list is that a fault makes stale.
	listAge time.Duration
	// toFallback says that the fallback answers. It may send the last byte, or keep the connection, long
	// before it returns, so that the exchange is noted when the answer begins.
	toFallback bool
	// end cuts the connection. It runs once the exchange is noted, so that a client that sees
	// the cut finds the exchange in the log.
	end func(http.ResponseWriter)
}

type callKey struct{}

func callIn(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func callOf(r *http.Request) *call { return callIn(r.Context()) }

// record notes each exchange, also one that ends without an answer.
func (s *Sandbox) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := rawPath(r)
		if len(path) > maxLoggedPath {
			path = path[:maxLoggedPath] + "..."
		}
		path = strings.Clone(path) // the log outlives the request line, which may be long
		current := &call{log: Exchange{Time: s.now(), Method: r.Method, Path: path}}
		answer := &statusWriter{ResponseWriter: w, call: current}
		answer.note = sync.OnceFunc(func() {
			current.log.Status = answer.status
			current.log.Violations = violationsOf(current)
			s.observe(s.log.add(current.log))
		})
		defer func() {
			answer.note()
			if current.end != nil {
				current.end(w)
			}
		}()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), callKey{}, current)))
		if answer.status == 0 && current.end == nil {
			answer.status = http.StatusOK // which net/http writes for a handler that writes nothing
		}
	})
}

// violationsOf leaves out the answer if it was never begun: there is nothing to hold against the
// contract.
func violationsOf(c *call) []contract.Violation {
	return slices.DeleteFunc(c.violations.Violations(), func(v contract.Violation) bool {
		return c.log.Status == 0 && v.Direction == contract.Response
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
	call   *call
	note   func()
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	if w.call.toFallback && status >= http.StatusOK {
		w.note()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write notes the status that net/http writes for a handler that does not.
func (w *statusWriter) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(data)
}

// Hijack hands the connection to a fallback, as for a WebSocket.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	connection, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
		w.note()
	}
	return connection, buffered, err
}

// Flush sends what has been written, if the server can.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// maxExchanges is how many exchanges are kept. Our own choice.
const maxExchanges = 256

// Exchanges returns the last 256 exchanges, oldest first.
func (s *Sandbox) Exchanges() []Exchange { return s.log.all() }

// exchangeLog keeps the last exchanges.
type exchangeLog struct {
	mu     sync.Mutex
	number int
	kept   []Exchange
}

// add numbers an exchange and keeps it.
func (l *exchangeLog) add(e Exchange) Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	e.Number = l.number
	l.kept = append(l.kept, e)
	if len(l.kept) > maxExchanges {
		l.kept[0] = Exchange{} // or the array behind would keep it
		l.kept = l.kept[1:]
	}
	return e
}

func (l *exchangeLog) all() []Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Exchange{}, l.kept...)
}

func (l *exchangeLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = nil
}
