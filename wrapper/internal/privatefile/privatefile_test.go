package privatefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"kalshi.internal/apikeys/wrapper/internal/privatefile"
)

func TestACreatedFileIsForItsOwnerAndKeepsItsContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	file, err := privatefile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, "")
	if err := file.Keep([]byte("content")); err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, "content")
}

func TestADiscardedFileIsGone(t *testing.T) {
	for name, keep := range map[string]bool{"an empty file": false, "a file with content": true} {
		path := filepath.Join(t.TempDir(), "key.pem")
		file, err := privatefile.Create(path)
		if err == nil && keep {
			err = file.Keep([]byte("content"))
		}
		if err = errors.Join(err, file.Discard()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		mustBeEmpty(t, filepath.Dir(path))
	}
}

func TestWhatIsThereIsNotCreatedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := privatefile.Create(path)
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want that %s exists", err, path)
	}
	mustHold(t, path, "before")
}

func TestReplaceTakesThePlaceOfAFileOrMakesANewOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	for _, content := range []string{"first", "second", ""} {
		if err := privatefile.Replace(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		mustHold(t, path, content)
	}
	if names := namesIn(t, filepath.Dir(path)); !slices.Equal(names, []string{"env"}) {
		t.Errorf("%q is there", names)
	}
}

func TestADirectoryThatIsMissingIsReportedWithThePathOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "file")
	_, createErr := privatefile.Create(path)
	for _, err := range []error{createErr, privatefile.Replace(path, nil)} {
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v", err)
		}
	}
}

func TestARefusedStepLeavesTheOldContentAndNothingBehind(t *testing.T) {
	for _, at := range []string{
		privatefile.StepCreate, privatefile.StepWrite, privatefile.StepSync, privatefile.StepRename,
	} {
		above := t.TempDir()
		root, err := os.OpenRoot(above)
		if err != nil {
			t.Fatal(err)
		}
		dir := privatefile.Dir{Root: root, Path: above}
		if err := dir.Replace("file", func(string) []byte { return []byte("before") }); err != nil {
			t.Fatal(err)
		}
		dir.Around = func(step string, do func() error) error {
			if step == at {
				return syscall.ENOSPC
			}
			return do()
		}
		err = dir.Replace("file", func(string) []byte { return []byte("after") })
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), above) {
			t.Errorf("%s: got %v", at, err)
		}
		mustHold(t, filepath.Join(above, "file"), "before")
		if names := namesIn(t, above); len(names) != 1 {
			t.Errorf("%s: %q is left", at, names)
		}
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheStepsOfAReplacementComeInTheOrderThatADurableFileNeeds(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	var steps []string
	dir := privatefile.Dir{Root: root, Around: func(step string, do func() error) error {
		steps = append(steps, step)
		return do()
	}}
	if err := errors.Join(dir.Replace("file", func(string) []byte { return nil }), dir.Sync(), dir.Move("file", "moved"), dir.Remove("moved")); err != nil {
		t.Fatal(err)
	}
	want := []string{"create", "write", "sync", "rename", "sync directory", "rename", "remove"}
	if !slices.Equal(steps, want) {
		t.Errorf("got %q, want %q", steps, want)
	}
}

func TestAModeThatLetsOthersUseANewFileIsRefusedWhereModesMeanSomething(t *testing.T) {
	for _, test := range []struct {
		system string
		mode   fs.FileMode
		ok     bool
	}{
		{"linux", 0o600, true}, {"linux", 0o644, false}, {"linux", 0o777, false}, {"windows", 0o666, true},
	} {
		if err := privatefile.CheckMode(test.system, test.mode); (err == nil) != test.ok {
			t.Errorf("%s, %v: got %v", test.system, test.mode, err)
		}
	}
}

func mustHold(t *testing.T, path, want string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil || string(content) != want {
		t.Errorf("%s holds %q, %v, want %q", path, content, err, want)
	}
	info, err := os.Stat(path)
	if err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
		t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
	}
}

func mustBeEmpty(t *testing.T, dir string) {
	t.Helper()
	if names := namesIn(t, dir); len(names) > 0 {
		t.Errorf("%q is left", names)
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
