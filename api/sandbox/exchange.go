package sandbox

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/api/sandbox/explain"
)

// Exchange is one request and its answer, without bodies, headers and query: nothing in it is
// secret.
type Exchange struct {
	// Time is when the request came, by the sandbox's clock.
	Time time.Time `json:"time"`
	// Method is the request's method.
	Method string `json:"method"`
	// Path is the path of the request line, cut after 200 bytes.
	Path string `json:"path"`
	// Operation is the contract's operation ID. It is empty for what is no operation.
	Operation string `json:"operation,omitempty"`
	// Status is the answer's status. It is 0 if there was no answer.
	Status int `json:"status"`
	// KeyID is the key ID that the request named, if it is a UUID. Whether the key signed the
	// request, Refusal tells.
	KeyID string `json:"key_id,omitempty"`
	// Refusal is why the request was turned down. It is empty if it was not.
	Refusal Refusal `json:"refusal,omitempty"`
	// Explanation says what the caller did wrong. It is nil if the request was authenticated,
	// and for a path that is simply unknown.
	Explanation *explain.Explanation `json:"explanation,omitempty"`
	// Fault is the kind of fault that was injected. It is empty if none was.
	Fault FaultKind `json:"fault,omitempty"`
}

const maxLoggedPath = 200

// call is what the handlers of one request tell each other. One goroutine uses it.
type call struct {
	log Exchange
	key key
	// path is that of the request line as far as it is shown, timestamp the header of that name,
	// and violations what left the contract: for the inspector.
	path       string
	timestamp  string
	violations contract.Collector
	// listAge is how much older than usual a list is that a fault makes stale.
	listAge time.Duration
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
		// The log outlives the request line, which may be long. One byte more tells that the path
		// is cut.
		path = strings.Clone(path[:min(len(path), maxLoggedPath+1)])
		current := &call{path: path, log: Exchange{
			Time:   s.now(),
			Method: r.Method,
			Path:   path[:min(len(path), maxLoggedPath)],
		}}
		answer := &statusWriter{ResponseWriter: w}
		defer func() {
			current.log.Status = answer.status
			s.log.add(current.log)
			if s.settings.control {
				s.feed.publish(current)
			}
			s.settings.observe(current.log)
			if current.end != nil {
				current.end(w)
			}
		}()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), callKey{}, current)))
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Exchanges returns the last exchanges, oldest first; [WithExchangeLog] says how many.
func (s *Sandbox) Exchanges() []Exchange { return s.log.all() }

// exchangeLog is a ring.
type exchangeLog struct {
	mu   sync.Mutex
	ring []Exchange
	next int
	full bool
}

func newExchangeLog(size int) *exchangeLog {
	return &exchangeLog{ring: make([]Exchange, size)}
}

func (l *exchangeLog) add(e Exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) == 0 {
		return
	}
	l.ring[l.next] = e
	l.next = (l.next + 1) % len(l.ring)
	l.full = l.full || l.next == 0
}

func (l *exchangeLog) all() []Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.full {
		return append([]Exchange{}, l.ring[:l.next]...)
	}
	return append(append([]Exchange{}, l.ring[l.next:]...), l.ring[:l.next]...)
}

func (l *exchangeLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next, l.full = 0, false
}
