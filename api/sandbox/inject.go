package sandbox

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"
)

// injectFaults has the faults that are set happen.
func (s *Sandbox) injectFaults(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := callOf(r)
		fault := s.faults.take(&call.log)
		if fault == nil {
			next.ServeHTTP(w, r)
			return
		}
		// net/http notices that a client has gone only once the body is read. A body that
		// breaks off is for the handlers below to refuse.
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
		call.log.Fault = fault.Kind
		if fault.Point == BeforeProcessing {
			s.injectBefore(fault.Fault, w, r, next)
			return
		}
		held := &heldAnswer{header: http.Header{}}
		next.ServeHTTP(held, r)
		switch {
		case !fault.fits(held):
			s.faults.giveBack(fault)
			call.log.Fault = ""
			held.deliver(w)
		case fault.Point == DuringAnswer:
			s.injectDuring(fault.Fault, w, r, held)
		default:
			s.injectAfter(fault.Fault, w, r, held)
		}
	})
}

func (s *Sandbox) injectBefore(fault Fault, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch fault.Kind {
	case FaultStaleList:
		callOf(r).listAge = fault.Duration
		next.ServeHTTP(w, r)
	case FaultDelay:
		s.delay(fault, w, r)
		next.ServeHTTP(w, r)
	default:
		s.injectAfter(fault, w, r, nil)
	}
}

// injectAfter answers in place of what was held back, or with that, changed.
func (s *Sandbox) injectAfter(fault Fault, w http.ResponseWriter, r *http.Request, held *heldAnswer) {
	switch fault.Kind {
	case FaultReset:
		callOf(r).end = resetConnection
		return
	case FaultDrop:
		callOf(r).end = dropConnection
		return
	case FaultStatus:
		held = answerOf(fault)
	case FaultWrongType, FaultMissingField:
		held.body, _ = alterField(held.body, fault)
	case FaultWrongDate:
		w.Header().Set("Date", s.now().Add(fault.Duration).UTC().Format(http.TimeFormat))
	case FaultDelay:
		s.delay(fault, w, r)
	}
	held.deliver(w)
}

func (s *Sandbox) injectDuring(fault Fault, w http.ResponseWriter, r *http.Request, held *heldAnswer) {
	half := len(held.body) / 2
	if fault.Kind != FaultDelay {
		// What breaks off has announced the whole. A whole answer does not say how long it is, so
		// that the client comes to its end once the exchange is noted.
		w.Header().Set("Content-Length", strconv.Itoa(len(held.body)))
	}
	held.begin(w)
	_, _ = w.Write(held.body[:half])
	// The half goes out now: before the wait, or before the connection is cut.
	_ = http.NewResponseController(w).Flush()
	switch fault.Kind {
	case FaultReset:
		callOf(r).end = resetConnection
	case FaultHalfBody:
		panic(http.ErrAbortHandler)
	case FaultDelay:
		s.delay(fault, w, r)
		_, _ = w.Write(held.body[half:])
	}
}

// delay waits, and ends the request if the client has gone meanwhile.
func (s *Sandbox) delay(fault Fault, w http.ResponseWriter, r *http.Request) {
	if s.wait(r.Context(), fault.Duration) != nil {
		panic(http.ErrAbortHandler)
	}
	s.stampDate(w)
}

// fits reports whether the fault finds its place in the answer.
func (f Fault) fits(held *heldAnswer) bool {
	switch {
	case f.Point == DuringAnswer:
		return len(held.body) > 0
	case f.Kind == FaultWrongType || f.Kind == FaultMissingField:
		_, found := alterField(held.body, f)
		return found
	}
	return true
}

// heldAnswer is an answer that has not been sent.
type heldAnswer struct {
	header http.Header
	status int
	body   []byte
}

func answerOf(fault Fault) *heldAnswer {
	held := &heldAnswer{header: http.Header{}, status: fault.Status, body: []byte(fault.Body)}
	if fault.Body != "" {
		held.header.Set("Content-Type", "application/json")
	}
	for name, value := range fault.Header {
		held.header.Set(name, value)
	}
	return held
}

func (h *heldAnswer) Header() http.Header { return h.header }

func (h *heldAnswer) WriteHeader(status int) { h.status = status }

func (h *heldAnswer) Write(part []byte) (int, error) {
	h.body = append(h.body, part...)
	return len(part), nil
}

func (h *heldAnswer) begin(w http.ResponseWriter) {
	maps.Copy(w.Header(), h.header)
	w.WriteHeader(h.status)
}

func (h *heldAnswer) deliver(w http.ResponseWriter) {
	h.begin(w)
	_, _ = w.Write(h.body)
}
