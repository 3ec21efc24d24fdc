package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// channel is what notifications of all stores of a database come by.
const channel = "kalshi_keys"

// relisten is how long the listener waits after its connection was lost: our own choice. The waiters look by
// themselves meanwhile.
const relisten = time.Second

// listener has one connection for all waiters of an Engine.
type listener struct {
	config *pgx.ConnConfig
	once   sync.Once
	ctx    context.Context //nolint:containedctx // It ends with the Engine, which owns the goroutine.
	end    context.CancelFunc
	done   chan struct{}

	// listening is true while a notification would come.
	listening atomic.Bool

	mu sync.Mutex
	// wake is closed at the next notification.
	wake chan struct{}
}

func newListener(config *pgx.ConnConfig) *listener {
	ctx, end := context.WithCancel(context.Background())
	return &listener{config: config.Copy(), ctx: ctx, end: end, done: make(chan struct{}), wake: make(chan struct{})}
}

// start begins to listen, the first time that somebody waits.
func (l *listener) start() {
	l.once.Do(func() { go l.run() })
}

func (l *listener) close() {
	l.end()
	l.once.Do(func() { close(l.done) })
	<-l.done
}

// next is closed at the next notification.
func (l *listener) next() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wake
}

func (l *listener) wakeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.wake)
	l.wake = make(chan struct{})
}

func (l *listener) run() {
	defer close(l.done)
	for l.ctx.Err() == nil {
		l.listen()
		_ = protocol.Wait(l.ctx, relisten)
	}
}

// listen wakes the waiters at each notification, until the connection is lost.
func (l *listener) listen() {
	connection, err := pgx.ConnectConfig(l.ctx, l.config)
	if err != nil {
		return
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), relisten)
		defer cancel()
		_ = connection.Close(ctx)
	}()
	_, err = connection.Exec(l.ctx, "LISTEN "+channel)
	l.listening.Store(err == nil)
	defer l.listening.Store(false)
	for err == nil {
		l.wakeAll() // at first for what has come before
		_, err = connection.WaitForNotification(l.ctx)
	}
}
