package sandbox

import (
	"strconv"
	"sync"
)

// The bounds of the feed. Our own choice.
const (
	maxListeners = 16
	// maxBehind is how many events a listener may be behind before it is cut off. A page that is
	// cut off comes back, and gets what it has missed.
	maxBehind = 64
)

// event is an exchange that has ended, numbered from 1, or the zero event: a reset, which is not
// to be resumed from.
type event struct {
	id   int
	call *call
}

// feed keeps the last exchanges and hands them to whoever listens, who makes text of them: most
// of the time nobody does. It owns no goroutine: listeners are the goroutines of their requests.
type feed struct {
	mu        sync.Mutex
	size      int
	last      int
	recent    []event
	listeners map[*listener]struct{}
}

// listener gets events until they are closed.
type listener struct{ events chan event }

func newFeed(size int) *feed {
	return &feed{size: size, listeners: map[*listener]struct{}{}}
}

// publish keeps an exchange and hands it to all listeners. Nothing may change it from here on.
func (f *feed) publish(ended *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	e := event{f.last, ended}
	f.recent = append(f.recent, e)
	if len(f.recent) > f.size {
		f.recent[0] = event{} // or the array behind would keep it
		f.recent = f.recent[1:]
	}
	f.send(e)
}

// reset forgets the exchanges, and tells all listeners to.
func (f *feed) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recent = nil
	f.send(event{})
}

// send hands an event to all listeners and cuts off who is too far behind; the caller holds
// the lock.
func (f *feed) send(e event) {
	for l := range f.listeners {
		select {
		case l.events <- e:
		default:
			f.cut(l)
		}
	}
}

// cut ends a listener; the caller holds the lock.
func (f *feed) cut(l *listener) {
	delete(f.listeners, l)
	close(l.events)
}

// listen returns a listener that begins with what has happened since the event of this ID, and
// false if there are too many. Whoever got it gives it back with leave.
func (f *feed) listen(lastEventID string) (*listener, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.listeners) >= maxListeners {
		return nil, false
	}
	missed := f.since(lastEventID)
	l := &listener{make(chan event, len(missed)+maxBehind)}
	for _, e := range missed {
		l.events <- e
	}
	f.listeners[l] = struct{}{}
	return l, true
}

// since returns what a listener has missed. One that comes from before the sandbox's start, or
// from before what is still kept, begins anew; the caller holds the lock.
func (f *feed) since(lastEventID string) []event {
	id, err := strconv.Atoi(lastEventID)
	if err != nil || id > f.last || id < f.last-len(f.recent) {
		return append([]event{{}}, f.recent...)
	}
	return append([]event{}, f.recent[len(f.recent)-(f.last-id):]...)
}

func (f *feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, listening := f.listeners[l]; listening {
		f.cut(l)
	}
}

// end cuts all listeners off.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		f.cut(l)
	}
}
