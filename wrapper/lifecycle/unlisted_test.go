package lifecycle_test

import (
	"net/http"
	"slices"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// namingUnlisted has answers about a new key name another, which no list shows.
func namingUnlisted(keyID string) alter {
	named := naming(keyID, everyTime)
	return func(req *http.Request, body map[string]any) {
		named(req, body)
		if req.Method == http.MethodGet {
			body["api_keys"] = slices.DeleteFunc(body["api_keys"].([]any), func(key any) bool {
				return key.(map[string]any)["api_key_id"] == keyID
			})
		}
	}
}

func TestAfterACrashAtAnyStepAKeyOfSomebodyElseThatNoListShowsIsLeftAlone(t *testing.T) {
	for name, work := range makesKey(lifecycle.Generate) {
		t.Run(name, func(t *testing.T) {
			var s scenario
			s.stage = newStage(t, s)
			foreign := s.stage.world.bootstrap(sandbox.Named("foreign"))
			for step, died := 0, true; died; step++ {
				w := s.begin(t)
				w.seam.strikeAt = step
				w.manager = w.altered(namingUnlisted(foreign.ID))
				died, _ = w.run(func(m *lifecycle.Manager) error { return work(t, m) })
				w.deliverLate()
				w.restart()
				if _, err := w.altered(namingUnlisted(foreign.ID)).Recover(t.Context()); err != nil {
					t.Fatalf("crash at step %d: %v", step, err)
				}
				if live, want := w.liveIDs(), []string{w.first.ID, foreign.ID}; !slices.Equal(live, want) {
					t.Errorf("crash at step %d: live are %v, want %v", step, live, want)
				}
			}
		})
	}
}
