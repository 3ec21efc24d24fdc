package keystore_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/enginetest"
)

const otherTestURL = "https://other.invalid/trade-api/v2"

// newDesk returns a store on a server, and how to read what it publishes.
func newDesk(t *testing.T) (*keystore.Store, *enginetest.Publisher, func() *keystore.Published) {
	t.Helper()
	engine, sealer := enginetest.NewPublisher("desk"), newSealer(t)
	return keystore.New(engine, keystore.WithSealer(sealer)), engine,
		func() *keystore.Published { return keystore.NewPublished(engine, sealer) }
}

func TestTheCurrentKeyIsPublished(t *testing.T) {
	store, engine, open := newDesk(t)
	reader := open()
	if _, err := reader.Current(t.Context(), testURL); !errors.Is(err, keystore.ErrNoCurrent) || !strings.Contains(err.Error(), testURL) {
		t.Errorf("before there is one: %v", err)
	}
	first, second := newEntry(t, "first", testURL), newEntry(t, "second", testURL)
	putCurrent(t, store, first)
	mustPut(t, store, second)
	mustPublish(t, reader, first)
	mustSetCurrent(t, store, "second")
	mustPublish(t, reader, second)
	second.State = keystore.StateRetiring
	mustPut(t, store, second)
	mustPublish(t, reader, second)
	object, _, _ := engine.Published(testURL).Load(t.Context())
	if strings.Contains(string(object), "second") || strings.Contains(string(object), "PRIVATE KEY") {
		t.Error("what is published is not sealed")
	}
}

func mustPublish(t *testing.T, reader *keystore.Published, want keystore.Entry) {
	t.Helper()
	got, err := reader.Current(t.Context(), testURL+"/") // which is the same base URL
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, got, want)
}

func TestWhatIsPublishedIsRefusedWhereItDoesNotBelong(t *testing.T) {
	store, engine, open := newDesk(t)
	putCurrent(t, store, newEntry(t, "first", testURL))
	old, _, _ := engine.Published(testURL).Load(t.Context())
	mustPut(t, store, newEntry(t, "second", testURL))
	mustSetCurrent(t, store, "second")
	newest, _, _ := engine.Published(testURL).Load(t.Context())
	foreign, sealer := enginetest.NewPublisher("foreign"), newSealer(t)
	putCurrent(t, keystore.New(foreign, keystore.WithSealer(sealer)), newEntry(t, "foreign", testURL))
	document, _, _ := engine.Load(t.Context())
	for name, test := range map[string]struct {
		object  []byte
		problem string
	}{
		"an older one":                {old, "revision"},
		"none":                        {nil, "is gone"},
		"a part":                      {newest[:len(newest)-1], "cannot be unsealed"},
		"another's":                   {must(foreign.Published(testURL).Load(t.Context())), "cannot be unsealed"},
		"the content of the document": {[]byte(part(document, 2)), "version"},
	} {
		t.Run(name, func(t *testing.T) {
			reader, object := open(), engine.Published(testURL).(keystore.Document)
			if _, err := reader.Current(t.Context(), testURL); err != nil {
				t.Fatal(err)
			}
			defer enginetest.Replace(object, newest)
			enginetest.Replace(object, test.object)
			_, err := reader.Current(t.Context(), testURL)
			damage, ok := errors.AsType[*keystore.DamagedError](err)
			if !ok || !strings.Contains(damage.Problem, test.problem) || !strings.Contains(damage.Path, testURL) {
				t.Errorf("got %v, want %q", err, test.problem)
			}
		})
	}
	enginetest.Replace(engine.Published(otherTestURL).(keystore.Document), newest)
	if _, err := open().Current(t.Context(), otherTestURL); err == nil || !strings.Contains(err.Error(), "another place") {
		t.Errorf("the key of another base URL: %v", err)
	}
	if _, err := keystore.NewPublished(foreign, nil).Current(t.Context(), testURL); err == nil {
		t.Error("it was read without a key")
	}
}

func must(data []byte, _ string, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

func TestASourceFollowsWhatIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, _, open := newDesk(t)
		first, second := newEntry(t, "first", testURL), newEntry(t, "second", testURL)
		putCurrent(t, store, first)
		mustPut(t, store, second)
		counted := &countedReader{CurrentReader: open()}
		source := keystore.Source(counted, testURL)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- source.Follow(ctx) }()
		synctest.Wait()
		looks := counted.looks.Load()
		for range 20 {
			if credentials, err := source.Credentials(t.Context()); err != nil || credentials.KeyID() != "first" {
				t.Fatal(credentials, err)
			}
			<-time.After(300 * time.Millisecond)
		}
		if more := counted.looks.Load() - looks; more > 7 {
			t.Errorf("in 6 s, a source that follows looked %d times", more)
		}
		mustSetCurrent(t, store, "second")
		synctest.Wait()
		if credentials, err := source.Credentials(t.Context()); err != nil || credentials.KeyID() != "second" {
			t.Errorf("at once after the change: %v, %v", credentials, err)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Follow ended with %v", err)
		}
	})
}

// countedReader counts how often it is asked which key is current.
type countedReader struct {
	keystore.CurrentReader

	looks atomic.Int64
}

func (c *countedReader) Current(ctx context.Context, baseURL string) (keystore.Entry, error) {
	c.looks.Add(1)
	return c.CurrentReader.Current(ctx, baseURL)
}
