package enginetest

import (
	"errors"
	"sync"

	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
)

const (
	oneURL   = "https://one.invalid/trade-api/v2"
	otherURL = "https://other.invalid/trade-api/v2"
)

// openPublisher opens one more handle, and reports whether the engine publishes.
func (s suite) openPublisher() (keystore.Publisher, bool) {
	publisher, ok := s.open().(keystore.Publisher)
	return publisher, ok
}

func (s suite) mustPublish(engine keystore.Publisher, data, baseURL, object, ifVersion string) (version string) {
	s.Helper()
	version, err := engine.SwapAndPublish(s.Context(), []byte(data), map[string][]byte{baseURL: []byte(object)}, ifVersion)
	if err != nil || version == "" || version == ifVersion {
		s.Fatalf("SwapAndPublish over version %q returned %q, %v", ifVersion, version, err)
	}
	return version
}

// mustRead expects the object of a base URL, and returns its version.
func (s suite) mustRead(engine keystore.Publisher, baseURL, object string) (version string) {
	s.Helper()
	data, version, err := engine.Published(baseURL).Load(s.Context())
	if err != nil || string(data) != object || (version == "") != (object == "") {
		s.Fatalf("the reader of %s loads %q of version %q, %v; want %q", baseURL, data, version, err, object)
	}
	return version
}

func whatIsPublishedComesWithTheDocument(s suite) {
	engine, ok := s.openPublisher()
	if !ok {
		return
	}
	s.mustRead(engine, oneURL, "")
	version := s.mustPublish(engine, "first", oneURL, "one", "")
	reader, _ := s.openPublisher()
	s.mustLoad(reader, "first", version)
	first := s.mustRead(reader, oneURL, "one")
	version = s.mustSwap(engine, "second", version)
	if kept := s.mustRead(reader, oneURL, "one"); kept != first {
		s.Errorf("a swap that publishes nothing changed what is published: version %q, was %q", kept, first)
	}
	s.mustPublish(engine, "third", oneURL, "one", version)
	if next := s.mustRead(reader, oneURL, "one"); next == first {
		s.Errorf("what was published anew has the old version %q", next)
	}
}

func aStaleSwapPublishesNothing(s suite) {
	engine, ok := s.openPublisher()
	if !ok {
		return
	}
	old := s.mustPublish(engine, "first", oneURL, "one", "")
	version := s.mustPublish(engine, "second", oneURL, "two", old)
	for _, stale := range []string{"", old, "no version"} {
		_, err := engine.SwapAndPublish(s.Context(), []byte("stale"), map[string][]byte{oneURL: []byte("stale")}, stale)
		if !errors.Is(err, keystore.ErrStale) {
			s.Errorf("SwapAndPublish over version %q returned %v, want ErrStale", stale, err)
		}
		s.mustLoad(engine, "second", version)
		s.mustRead(engine, oneURL, "two")
	}
}

func baseURLsAreKeptApart(s suite) {
	engine, ok := s.openPublisher()
	if !ok {
		return
	}
	version := s.mustPublish(engine, "first", oneURL, "one", "")
	s.mustRead(engine, otherURL, "")
	s.mustPublish(engine, "second", otherURL, "\x00other\xff", version)
	s.mustRead(engine, oneURL, "one")
	s.mustRead(engine, otherURL, "\x00other\xff")
	s.mustRead(engine, oneURL+"/v3", "")
}

func aReaderSeesThatWhatIsPublishedHasChanged(s suite) {
	engine, ok := s.openPublisher()
	if !ok {
		return
	}
	version := s.mustPublish(engine, "first", oneURL, "one", "")
	reader := engine.Published(oneURL)
	if err := reader.Changed(s.Context(), ""); err != nil {
		s.Errorf("after a change: %v", err)
	}
	was := s.mustRead(engine, oneURL, "one")
	var change sync.WaitGroup
	defer change.Wait()
	change.Go(func() {
		_ = protocol.Wait(s.Context(), moment) // so that Changed waits already, most times
		s.mustPublish(engine, "second", oneURL, "two", version)
	})
	for now := was; now == was; { // Changed may be early
		err := reader.Changed(s.Context(), was)
		if _, now, _ = reader.Load(s.Context()); err != nil {
			s.Fatalf("during a change: %v", err)
		}
	}
}
