package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// inDirectory moves the world's store into a directory and returns its path.
func (w *world) inDirectory() string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "keys")
	w.useDirectory(dir)
	if _, err := w.manager.Import(w.t.Context(), lifecycle.ImportRequest{KeyID: w.first.ID, PrivateKey: w.first.PrivateKey}); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// useDirectory has the world's program start afresh with the store in dir.
func (w *world) useDirectory(dir string) {
	w.t.Helper()
	engine, err := keystore.NewDirectory(dir)
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = keystore.New(engine)
	w.manager = w.newManager()
}

func copyOfStore(t *testing.T, dir string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, path := range append([]string{copied}, mustGlob(t, filepath.Join(copied, "*"))...) {
		mode := os.FileMode(0o600)
		if path == copied {
			mode = 0o700
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

func mustGlob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// atRequest calls do before a request is sent that begins like short.
func atRequest(w *world, short string, do func()) *lifecycle.Manager {
	once := false
	return w.newManager(lifecycle.WithClientOptions(wrapper.WithHTTPTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
		response, err := w.carrier.RoundTrip(req)
		if !once && req.Method == short {
			once = true
			do()
		}
		return response, err
	}))))
}

func TestACopyOfAStoreRevokesNoKeyOfTheOriginal(t *testing.T) {
	issue := func(ctx context.Context, m *lifecycle.Manager) error {
		_, err := m.Issue(ctx, lifecycle.IssueRequest{Name: "second", Type: ed25519Type})
		return err
	}
	rotate := func(ctx context.Context, m *lifecycle.Manager) error {
		_, err := m.Rotate(ctx, lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
		return err
	}
	for name, row := range map[string]struct {
		at string
		do func(context.Context, *lifecycle.Manager) error
	}{
		"copied during an issue":                {http.MethodPost, issue},
		"copied before a rotation has switched": {http.MethodPost, rotate},
		"copied while the old key is revoked":   {http.MethodDelete, rotate},
	} {
		for when, later := range map[string]time.Duration{"at once": 0, "a month later": 30 * 24 * time.Hour} {
			t.Run(name+", used "+when, func(t *testing.T) {
				w := emptyWorld(t)
				dir := w.inDirectory()
				var copied string
				if err := row.do(t.Context(), atRequest(w, row.at, func() { copied = copyOfStore(t, dir) })); err != nil {
					t.Fatal(err)
				}
				before := w.liveIDs()
				w.clock.advance(later)
				w.useDirectory(copied)
				for range 2 { // the first one writes, whereby the copy becomes a store of its own
					report, err := w.manager.Recover(t.Context())
					if err != nil || len(report.Done) != 0 || len(report.Open) != 1 || report.Open[0].Action != lifecycle.RecoverForeign {
						t.Errorf("%+v, %v", report, err)
					}
					_, _ = w.manager.Audit(t.Context())
				}
				if got := w.liveIDs(); !slices.Equal(got, before) {
					t.Errorf("live were %v and are %v", before, got)
				}
				if len(w.journal()) != 1 {
					t.Errorf("the journal holds %v", w.journal())
				}
			})
		}
	}
}

// copiedDuringIssue returns the directory of a store, a copy of it that was taken while a key was issued,
// and that key.
func copiedDuringIssue(t *testing.T) (w *world, dir, copied string, made keystore.Entry) {
	t.Helper()
	w = emptyWorld(t)
	dir = w.inDirectory()
	manager := atRequest(w, http.MethodPost, func() { copied = copyOfStore(t, dir) })
	made, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "second", Type: ed25519Type})
	if err != nil {
		t.Fatal(err)
	}
	return w, dir, copied, made
}

// A backup that is put back over the files of the store itself is of another age.
func TestABackupThatIsPutBackInPlaceIsACopyToo(t *testing.T) {
	w, dir, copied, made := copiedDuringIssue(t)
	for _, path := range mustGlob(t, filepath.Join(copied, "store*.json")) {
		content, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(path)), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Open) != 1 || report.Open[0].Action != lifecycle.RecoverForeign {
		t.Errorf("%+v, %v", report, err)
	}
	if live := w.liveIDs(); !slices.Contains(live, made.KeyID) {
		t.Errorf("live are %v, without %s", live, made.KeyID)
	}
}

// The newest revision lies in two files, and one of them is enough to be restored from.
func TestAPartOfACopyIsACopyToo(t *testing.T) {
	w, _, copied, _ := copiedDuringIssue(t)
	if err := os.Remove(filepath.Join(copied, "store.json")); err != nil {
		t.Fatal(err)
	}
	w.useDirectory(copied)
	for range 2 { // the first one makes the lost file again
		report, err := w.manager.Recover(t.Context())
		if err != nil || len(report.Open) != 1 || report.Open[0].Action != lifecycle.RecoverForeign {
			t.Errorf("%+v, %v", report, err)
		}
	}
}

func TestAnAdoptedCopyGoesOnWithWhatTheOriginalBegan(t *testing.T) {
	w, _, copied, made := copiedDuringIssue(t)
	w.useDirectory(copied)
	if err := w.manager.Adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverUndone || report.Done[0].KeyID != made.KeyID {
		t.Errorf("%+v, %v", report, err)
	}
	if len(w.journal()) != 0 {
		t.Errorf("the journal holds %v", w.journal())
	}
}

// What another store began says nothing about what this one begins.
func TestACopyThatGoesOnRecoversItsOwnChanges(t *testing.T) {
	w, _, copied, _ := copiedDuringIssue(t)
	w.useDirectory(copied)
	lost := w.newManager(lifecycle.WithClientOptions(wrapper.WithHTTPTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Method != http.MethodPost {
			return nil, errors.New("the service is away")
		}
		response, err := w.carrier.RoundTrip(req)
		if err == nil {
			_ = response.Body.Close()
		}
		return nil, fmt.Errorf("the answer is lost: %w", err)
	}))))
	if _, err := lost.Issue(t.Context(), lifecycle.IssueRequest{Name: "third", Type: ed25519Type}); !errors.Is(err, lifecycle.ErrUnfinished) {
		t.Fatal(err)
	}
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverUndone || len(report.Open) != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAStoreThatIsMovedStaysTheSame(t *testing.T) {
	w := emptyWorld(t)
	dir := w.inDirectory()
	moved := filepath.Join(filepath.Dir(dir), "moved")
	lost := false
	manager := w.newManager(lifecycle.WithClientOptions(wrapper.WithHTTPTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
		response, err := w.carrier.RoundTrip(req)
		lost = lost || req.Method == http.MethodPost
		if lost {
			return nil, errors.New("the answer is lost")
		}
		return response, err
	}))))
	if _, err := manager.Issue(t.Context(), lifecycle.IssueRequest{Name: "second", Type: ed25519Type}); !errors.Is(err, lifecycle.ErrUnfinished) {
		t.Fatal(err)
	}
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	w.useDirectory(moved)
	report, err := w.manager.Recover(t.Context())
	if err != nil || len(report.Done) != 1 || report.Done[0].Action != lifecycle.RecoverUndone {
		t.Errorf("%+v, %v", report, err)
	}
}
