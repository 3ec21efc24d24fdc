package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// sendTimeout is how long one event may take to be written. Our own choice.
const sendTimeout = 10 * time.Second

// EndEvents ends the streams of all inspectors that listen, which would otherwise last as long
// as their clients want. It is for [http.Server.RegisterOnShutdown]: without it, Shutdown waits
// for open pages.
func (s *Sandbox) EndEvents() { s.feed.end() }

// getEvents streams exchanges as server-sent events until the client goes, or is too slow.
func (s *Sandbox) getEvents(w http.ResponseWriter, r *http.Request) {
	l, ok := s.feed.listen(r.Header.Get("Last-Event-ID"))
	if !ok {
		controlError(w, http.StatusServiceUnavailable, "too many pages listen: close one")
		return
	}
	defer s.feed.leave(l)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	stream := eventStream{w, http.NewResponseController(w)}
	defer stream.release()
	if stream.write(": listening\n\n") != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case e, more := <-l.events:
			if !more || stream.write(s.textOf(e)) != nil {
				return
			}
		}
	}
}

type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// textOf returns the event as it is sent.
func (s *Sandbox) textOf(e event) string {
	if e.call == nil {
		return "event: reset\ndata: {}\n\n"
	}
	// A struct of strings and numbers always encodes.
	data, _ := json.Marshal(s.inspect(e.call))
	return fmt.Sprintf("id: %d\nevent: exchange\ndata: %s\n\n", e.id, data)
}

func (s eventStream) write(text string) error {
	// A server that knows no deadlines, as in HTTP/2 tests, goes without.
	_ = s.control.SetWriteDeadline(time.Now().Add(sendTimeout))
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}

// release takes the deadline off the connection, which may serve other requests.
func (s eventStream) release() { _ = s.control.SetWriteDeadline(time.Time{}) }
