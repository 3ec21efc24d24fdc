package enginetest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/enginetest"
)

func newDirectory(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "keys")
}

func TestADirectoryIsAnEngine(t *testing.T) {
	enginetest.RunAcross(t, enginetest.Backend{
		Make: newDirectory,
		Open: func(path string) (keystore.Document, error) { return keystore.NewDirectory(path) },
	})
}

// selfish is a directory whose lock excludes the handles of its own process only.
type selfish struct {
	*keystore.Directory

	lock *keystore.Memory
}

func (s selfish) Lock(ctx context.Context) (func() error, error) { return s.lock.Lock(ctx) }

func TestASelfishLock(t *testing.T) {
	if os.Getenv(defectVariable) == "" {
		return // it is for TestALockThatExcludesItsOwnProcessAloneFailsTheSuite
	}
	var locks sync.Map
	enginetest.RunAcross(t, enginetest.Backend{
		Make: newDirectory,
		Open: func(path string) (keystore.Document, error) {
			directory, err := keystore.NewDirectory(path)
			lock, _ := locks.LoadOrStore(path, keystore.NewMemory())
			return selfish{directory, lock.(*keystore.Memory)}, err
		},
	})
}

func TestALockThatExcludesItsOwnProcessAloneFailsTheSuite(t *testing.T) {
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestASelfishLock$")
	command.Env = append(os.Environ(), defectVariable+"=selfish")
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- FAIL: TestASelfishLock/the_lock_excludes_other_processes") {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "TestASelfishLock/the_lock_excludes_all_handles") {
		t.Errorf("it fails within its own process already:\n%s", out)
	}
}

// defectVariable has TestMemoryIsAnEngine run with a defect, in a process of its own.
const defectVariable = "ENGINETEST_DEFECT"

func TestMemoryIsAnEngine(t *testing.T) {
	defect := os.Getenv(defectVariable)
	enginetest.Run(t, func(*testing.T) func() keystore.Document {
		memory := keystore.NewMemory()
		if defect == "" {
			return func() keystore.Document { return memory }
		}
		common := &common{}
		return func() keystore.Document {
			return &broken{Memory: memory, defect: defect, common: common, own: keystore.NewMemory()}
		}
	})
}

func TestADocumentWithoutALockIsAnEngine(t *testing.T) {
	enginetest.Run(t, func(*testing.T) func() keystore.Document {
		memory := keystore.NewMemory()
		return func() keystore.Document { return struct{ keystore.Document }{memory} }
	})
}

func TestABrokenEngineFailsTheSuite(t *testing.T) {
	mustFail(t, "TestMemoryIsAnEngine", map[string]string{
		"forgets what is swapped in":           "every_handle_loads",
		"keeps one document for each handle":   "every_handle_loads",
		"loads what it has loaded before":      "every_handle_loads",
		"begins with a version":                "a_new_document_is_empty",
		"swaps over any version":               "a_stale_swap_is_refused",
		"has another error for a stale swap":   "a_stale_swap_is_refused",
		"writes before it returns ErrStale":    "a_stale_swap_is_refused",
		"takes a hash for a version":           "a_content_that_comes_back",
		"cuts large documents":                 "any_bytes_come_back",
		"keeps text only":                      "any_bytes_come_back",
		"keeps the caller's data":              "what_is_handed_over_and_out",
		"hands out its own data":               "what_is_handed_over_and_out",
		"compares first and swaps later":       "of_concurrent_swaps_one_succeeds",
		"loads half of a document":             "readers_see_whole_documents",
		"swaps after the context has ended":    "an_ended_context_changes_nothing",
		"loads after the context has ended":    "an_ended_context_changes_nothing",
		"keeps a lock that it did not give":    "an_ended_context_changes_nothing",
		"never sees a change":                  "Changed_returns_after_a_change",
		"waits for a change after the context": "Changed_ends_with_the_context",
		"ends no wait with an error":           "Changed_ends_with_the_context",
		"locks nothing":                        "the_lock_excludes_all_handles",
		"locks its own handle only":            "the_lock_excludes_all_handles",
		"waits for the lock after the context": "the_lock_excludes_all_handles",
		"does not unlock":                      "the_lock_excludes_all_handles",
		"refuses a lock that is not free yet":  "a_lock_that_becomes_free",
	})
}

func TestABrokenPublisherFailsTheSuite(t *testing.T) {
	mustFail(t, "TestAPublisherIsAnEngine", map[string]string{
		"publishes nothing":                   "what_is_published_comes",
		"publishes first":                     "a_stale_swap_publishes_nothing",
		"keeps one object for all base URLs":  "base_URLs_are_kept_apart",
		"gives what is published one version": "what_is_published_comes",
		"never sees what is published":        "a_reader_sees",
	})
}

func mustFail(t *testing.T, test string, defects map[string]string) {
	t.Helper()
	for defect, caughtBy := range defects {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			// That property alone: with this defect, others may end the process before it has said a word.
			timeout, want := "10s", "--- FAIL: "+test+"/"+caughtBy
			if waits(defect) {
				timeout, want = "1s", "test timed out"
			}
			command := exec.CommandContext(t.Context(), os.Args[0],
				"-test.run=^"+test+"$/^"+caughtBy, "-test.timeout="+timeout)
			command.Env = append(os.Environ(), defectVariable+"="+defect)
			out, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("%s did not fail: %v\n%s", caughtBy, err, out)
			}
		})
	}
}

// waits are the defects that make an engine wait for ever.
func waits(defect string) bool {
	return slices.Contains([]string{
		"keeps a lock that it did not give", "never sees a change", "waits for a change after the context",
		"waits for the lock after the context", "does not unlock", "never sees what is published",
	}, defect)
}

// common is what all handles of a broken backend share.
type common struct{ kept []byte }

// broken is an engine with a defect.
type broken struct {
	*keystore.Memory

	defect string
	common *common
	// own is for what a handle keeps to itself.
	own    *keystore.Memory
	loaded []byte
	cached string
}

func (b *broken) Load(ctx context.Context) ([]byte, string, error) {
	switch b.defect {
	case "loads after the context has ended":
		ctx = context.WithoutCancel(ctx)
	case "keeps one document for each handle":
		return b.own.Load(ctx)
	}
	data, version, err := b.Memory.Load(ctx)
	switch {
	case b.defect == "loads what it has loaded before":
		if b.loaded == nil {
			b.loaded, b.cached = data, version
		}
		return b.loaded, b.cached, err
	case b.defect == "begins with a version" && version == "":
		return data, "0", err
	case b.defect == "takes a hash for a version" && version != "":
		return data, hash(data), err
	case b.defect == "cuts large documents":
		return data[:min(len(data), 64<<10)], version, err
	case b.defect == "keeps text only":
		return bytes.ToValidUTF8(data, []byte("?")), version, err
	case b.defect == "keeps the caller's data", b.defect == "hands out its own data":
		return b.common.kept, version, err
	case b.defect == "loads half of a document" && len(data) > 4:
		return data[:len(data)/2+1], version, err
	}
	return data, version, err
}

func hash(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func (b *broken) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	current, version, _ := b.Memory.Load(context.WithoutCancel(ctx))
	switch b.defect {
	case "forgets what is swapped in":
		return "1", ctx.Err()
	case "keeps one document for each handle":
		return b.own.Swap(ctx, data, ifVersion)
	case "begins with a version":
		ifVersion = strings.TrimPrefix(ifVersion, "0")
	case "swaps over any version":
		return b.Memory.Swap(ctx, data, version)
	case "has another error for a stale swap":
		if ifVersion != version {
			return "", errors.New("the version is another")
		}
	case "writes before it returns ErrStale":
		if ifVersion != version {
			_, _ = b.Memory.Swap(ctx, data, version)
			return "", keystore.ErrStale
		}
	case "takes a hash for a version":
		if version != "" && ifVersion != hash(current) {
			return "", keystore.ErrStale
		}
		_, err := b.Memory.Swap(ctx, data, version)
		return hash(data), err
	case "keeps the caller's data":
		b.common.kept = data
	case "hands out its own data":
		b.common.kept = bytes.Clone(data)
	case "compares first and swaps later":
		return b.swapLater(ctx, data, ifVersion, version)
	case "swaps after the context has ended":
		ctx = context.WithoutCancel(ctx)
	}
	return b.Memory.Swap(ctx, data, ifVersion)
}

// swapLater gives others the time to swap, too.
func (b *broken) swapLater(ctx context.Context, data []byte, ifVersion, version string) (string, error) {
	if ifVersion != version {
		return "", keystore.ErrStale
	}
	for {
		for range 100 {
			runtime.Gosched()
		}
		_, version, _ := b.Memory.Load(ctx)
		next, err := b.Memory.Swap(ctx, data, version)
		if !errors.Is(err, keystore.ErrStale) {
			return next, err
		}
	}
}

func (b *broken) Changed(ctx context.Context, version string) error {
	switch b.defect {
	case "never sees a change":
		<-ctx.Done()
		return ctx.Err()
	case "waits for a change after the context":
		return b.Memory.Changed(context.WithoutCancel(ctx), version)
	case "ends no wait with an error":
		_ = b.Memory.Changed(ctx, version)
		return nil
	}
	return b.Memory.Changed(ctx, version)
}

func (b *broken) Lock(ctx context.Context) (func() error, error) {
	switch b.defect {
	case "keeps a lock that it did not give":
		if ctx.Err() != nil {
			_, _ = b.Memory.Lock(context.WithoutCancel(ctx))
		}
	case "locks nothing":
		return func() error { return nil }, ctx.Err()
	case "locks its own handle only":
		return b.own.Lock(ctx)
	case "waits for the lock after the context":
		return b.Memory.Lock(context.WithoutCancel(ctx))
	case "does not unlock":
		_, err := b.Memory.Lock(ctx)
		return func() error { return nil }, err
	case "refuses a lock that is not free yet":
		ctx, end := context.WithCancel(ctx)
		defer end()
		return b.Memory.Lock(impatient{ctx, end})
	}
	return b.Memory.Lock(ctx)
}

// impatient is a context that ends as soon as somebody waits for its end.
type impatient struct {
	context.Context

	end context.CancelFunc
}

func (i impatient) Done() <-chan struct{} {
	i.end()
	return i.Context.Done()
}

// brokenPublisher is a publisher with a defect.
type brokenPublisher struct {
	*enginetest.Publisher

	defect string
}

func (b *brokenPublisher) Published(baseURL string) keystore.Reader {
	if b.defect == "keeps one object for all base URLs" {
		baseURL = ""
	}
	return brokenReader{b.Publisher.Published(baseURL), b.defect}
}

func (b *brokenPublisher) SwapAndPublish(ctx context.Context, data []byte, published map[string][]byte, ifVersion string) (string, error) {
	switch b.defect {
	case "publishes nothing":
		return b.Swap(ctx, data, ifVersion)
	case "publishes first":
		for baseURL, object := range published {
			enginetest.Replace(b.Publisher.Published(baseURL).(*keystore.Memory), object)
		}
	case "keeps one object for all base URLs":
		one := map[string][]byte{}
		for _, object := range published {
			one[""] = object
		}
		published = one
	}
	return b.Publisher.SwapAndPublish(ctx, data, published, ifVersion)
}

type brokenReader struct {
	keystore.Reader

	defect string
}

func (b brokenReader) Load(ctx context.Context) ([]byte, string, error) {
	data, version, err := b.Reader.Load(ctx)
	if b.defect == "gives what is published one version" && version != "" {
		version = "published"
	}
	return data, version, err
}

func (b brokenReader) Changed(ctx context.Context, version string) error {
	if b.defect == "never sees what is published" {
		<-ctx.Done()
		return ctx.Err()
	}
	return b.Reader.Changed(ctx, version)
}

func TestAPublisherIsAnEngine(t *testing.T) {
	defect := os.Getenv(defectVariable)
	enginetest.Run(t, func(*testing.T) func() keystore.Document {
		publisher := enginetest.NewPublisher("desk")
		if defect == "" {
			return func() keystore.Document { return publisher }
		}
		return func() keystore.Document { return &brokenPublisher{publisher, defect} }
	})
}
