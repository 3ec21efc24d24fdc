package keystore

import (
	"bytes"
	"context"
	"strconv"
	"sync"
)

var _ Locker = (*Memory)(nil)

// Memory is a [Locker] that keeps its document in memory, for tests and for programs that bring
// their keys with them. Several stores over one Memory see the same document.
type Memory struct {
	// lock is full while the lock is held.
	lock chan struct{}

	mu       sync.Mutex
	data     []byte
	revision int64
	// changed is closed by the next Swap.
	changed chan struct{}
}

// NewMemory returns an empty engine.
func NewMemory() *Memory {
	return &Memory{lock: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Load implements [Document].
func (m *Memory) Load(ctx context.Context) (data []byte, version string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.data), m.version(), ctx.Err()
}

// Swap implements [Document].
func (m *Memory) Swap(ctx context.Context, data []byte, ifVersion string) (version string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version() != ifVersion {
		return "", ErrStale
	}
	m.data = bytes.Clone(data)
	m.revision++
	close(m.changed)
	m.changed = make(chan struct{})
	return m.version(), nil
}

// Changed implements [Document].
func (m *Memory) Changed(ctx context.Context, version string) error {
	m.mu.Lock()
	same, changed := m.version() == version, m.changed
	m.mu.Unlock()
	if !same {
		return ctx.Err()
	}
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Lock implements [Locker].
func (m *Memory) Lock(ctx context.Context) (unlock func() error, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case m.lock <- struct{}{}:
		return func() error { <-m.lock; return nil }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *Memory) version() string {
	if m.revision == 0 {
		return ""
	}
	return strconv.FormatInt(m.revision, 10)
}
