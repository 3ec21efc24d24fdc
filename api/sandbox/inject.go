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
		fault := s.faults.take(call.log.Operation)
		if fault == nil {
			next.ServeHTTP(w, r)
			return
		}
		// net/http notices that a client has gone only once the body is read. A body that
		// breaks off is for the handlers below to refuse.
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		r.Body = io.NopCloser(bytes.NewReader(body))
		call.log.Fault = fault.Kind
		if fault.Point == BeforeProcessing {
			s.happenBefore(fault.Fault, w, r, next)
			return
		}
		produced := &producedAnswer{header: http.Header{}}
		next.ServeHTTP(produced, r)
		if !fault.fits(produced) {
			s.faults.giveBack(fault)
			call.log.Fault = ""
			produced.deliver(w)
			return
		}
		if fault.Point == DuringAnswer {
			s.happenDuring(fault.Fault, w, r, produced)
			return
		}
		s.happenAfter(fault.Fault, w, r, produced)
	})
}

func (s *Sandbox) happenBefore(fault Fault, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch fault.Kind {
	case FaultReset:
		callOf(r).end = resetConnection
	case FaultDrop:
		callOf(r).end = dropConnection
	case FaultStatus:
		answerOf(fault).deliver(w)
	case FaultStaleList:
		callOf(r).listAge = fault.Duration
		next.ServeHTTP(w, r)
	case FaultDelay:
		s.delay(fault, w, r)
		next.ServeHTTP(w, r)
	}
}

func (s *Sandbox) happenAfter(fault Fault, w http.ResponseWriter, r *http.Request, produced *producedAnswer) {
	switch fault.Kind {
	case FaultReset:
		callOf(r).end = resetConnection
		return
	case FaultDrop:
		callOf(r).end = dropConnection
		return
	case FaultStatus:
		produced = answerOf(fault)
	case FaultWrongType, FaultMissingField:
		produced.body, _ = alterField(produced.body, fault)
	case FaultWrongDate:
		w.Header().Set("Date", s.now().Add(fault.Duration).UTC().Format(http.TimeFormat))
	case FaultDelay:
		s.delay(fault, w, r)
	}
	produced.deliver(w)
}

func (s *Sandbox) happenDuring(fault Fault, w http.ResponseWriter, r *http.Request, produced *producedAnswer) {
	half := len(produced.body) / 2
	if fault.Kind != FaultDelay {
		// What breaks off has announced the whole. A whole answer does not say how long it is, so
		// that the client comes to its end once the exchange is noted.
		w.Header().Set("Content-Length", strconv.Itoa(len(produced.body)))
	}
	produced.begin(w)
	_, _ = w.Write(produced.body[:half])
	// A client that has gone shows itself to whoever comes next.
	_ = http.NewResponseController(w).Flush()
	switch fault.Kind {
	case FaultReset:
		callOf(r).end = resetConnection
	case FaultHalfBody:
		panic(http.ErrAbortHandler)
	case FaultDelay:
		s.delay(fault, w, r)
		_, _ = w.Write(produced.body[half:])
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
func (f Fault) fits(produced *producedAnswer) bool {
	switch {
	case f.Point == DuringAnswer:
		return len(produced.body) > 0
	case f.Kind == FaultWrongType || f.Kind == FaultMissingField:
		_, found := alterField(produced.body, f)
		return found
	}
	return true
}

// producedAnswer is an answer that has not been sent.
type producedAnswer struct {
	header http.Header
	status int
	body   []byte
}

func answerOf(fault Fault) *producedAnswer {
	produced := &producedAnswer{header: http.Header{}, status: fault.Status, body: []byte(fault.Body)}
	if fault.Body != "" {
		produced.header.Set("Content-Type", "application/json")
	}
	for name, value := range fault.Header {
		produced.header.Set(name, value)
	}
	return produced
}

func (p *producedAnswer) Header() http.Header { return p.header }

func (p *producedAnswer) WriteHeader(status int) { p.status = status }

func (p *producedAnswer) Write(part []byte) (int, error) {
	p.body = append(p.body, part...)
	return len(part), nil
}

func (p *producedAnswer) begin(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.header)
	w.WriteHeader(p.status)
}

func (p *producedAnswer) deliver(w http.ResponseWriter) {
	p.begin(w)
	_, _ = w.Write(p.body)
}
