package lifecycle_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// stage is a world in which scenarios are played again and again, each from the same beginning.
type stage struct {
	world *world
	files map[string]string
	now   time.Time
}

func newStage(t *testing.T, s scenario) *stage {
	t.Helper()
	w := newWorld(t, s.service...)
	return &stage{w, w.files(), w.clock.Now()}
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
	w.awaitsLate, w.options, w.kept = false, nil, ""
	if !maps.Equal(w.files(), s.files) {
		w.replaceFiles(s.files)
	}
	w.restart()
	return w
}

// files returns what is in the store's directory.
func (w *world) files() map[string]string {
	w.t.Helper()
	names, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	files := make(map[string]string, len(names))
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(w.dir, name.Name()))
		if err != nil {
			w.t.Fatal(err)
		}
		files[name.Name()] = string(content)
	}
	return files
}

func (w *world) replaceFiles(files map[string]string) {
	w.t.Helper()
	for name := range w.files() {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
			w.t.Fatal(err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}
