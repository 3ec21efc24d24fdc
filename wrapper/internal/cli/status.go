package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// clearLine takes back what was written on the last line of a terminal.
	clearLine = "\r\x1b[K"
	// showAfter is how long a command works before a terminal shows that it does (our own choice).
	showAfter = time.Second
)

// statusLine is the last line of a terminal, which what is written takes the place of. It is safe for
// concurrent use. A nil statusLine shows nothing.
type statusLine struct {
	mu       sync.Mutex
	terminal io.Writer
	shown    bool
}

// show puts text in the place of the line.
func (l *statusLine) show(text string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.terminal, clearLine+printable(text))
	l.shown = true
}

// clear takes the line back.
func (l *statusLine) clear() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown {
		_, _ = io.WriteString(l.terminal, clearLine)
		l.shown = false
	}
}

// before returns a writer that takes the line back before it writes to w.
func (l *statusLine) before(w io.Writer) io.Writer { return clearingWriter{l, w} }

type clearingWriter struct {
	line *statusLine
	w    io.Writer
}

func (c clearingWriter) Write(text []byte) (int, error) {
	c.line.clear()
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	return c.w.Write(text)
}

// working shows every second how long a command has worked, until done is called.
func (l *statusLine) working(command string) (done func()) {
	if l == nil {
		return func() {}
	}
	ended, stopped := make(chan struct{}), make(chan struct{})
	begun, tick := time.Now(), time.NewTicker(showAfter)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				l.show(fmt.Sprintf("%s: working for %.0f s", command, time.Since(begun).Seconds()))
			}
		}
	}()
	return func() {
		tick.Stop()
		close(ended)
		<-stopped
		l.clear()
	}
}
