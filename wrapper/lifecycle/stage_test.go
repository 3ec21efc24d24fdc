package lifecycle_test

import (
	"bytes"
	"testing"
	"time"
)

// stage is a world in which scenarios are played again and again, each from the same beginning.
type stage struct {
	world    *world
	document []byte
	now      time.Time
}

func newStage(t *testing.T, s scenario) *stage {
	t.Helper()
	w := newWorld(t, s.service...)
	return &stage{w, w.document(), w.clock.Now()}
}

// set brings the world back to the beginning.
func (s *stage) set() *world {
	w := s.world
	w.t.Helper()
	w.carrier.wire.CloseIdleConnections()
	// What the service still does for the last play belongs to that.
	w.serving.Lock()
	defer w.serving.Unlock()
	w.box.Reset()
	w.carrier.faulty.Store(false)
	w.clock.reset(s.now)
	w.awaitsLate, w.options, w.openSigner, w.kept = false, nil, nil, ""
	if !bytes.Equal(w.document(), s.document) {
		w.replaceDocument(s.document)
	}
	w.restart()
	return w
}
