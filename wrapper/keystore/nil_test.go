package keystore_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

func TestASourceTakesNilForWhatIsLeftOut(t *testing.T) {
	dir := newDir(t)
	prepared(t, dir)
	for name, opt := range map[string]keystore.SourceOption{
		"a clock": keystore.WithClock(nil), "a signer": keystore.WithSigner(nil), "an option": nil,
	} {
		credentials, err := keystore.Source(mustOpen(t, dir), testURL, opt).Credentials(t.Context())
		if err != nil || credentials.KeyID() != "old" {
			t.Errorf("%s: got %v, %v", name, credentials, err)
		}
	}
}

func TestASourceWithANilLoggerLogsNothing(t *testing.T) {
	dir, clock := newDir(t), &handClock{}
	prepared(t, dir)
	source := keystore.Source(mustOpen(t, dir), testURL, keystore.WithClock(clock.now), keystore.WithLogger(nil))
	for range 2 {
		if credentials, err := source.Credentials(t.Context()); err != nil || credentials.KeyID() != "old" {
			t.Fatalf("got %v, %v", credentials, err)
		}
		// Of this there would be something to log.
		damageAll(t, dir)
		clock.advance(keystore.MaxFollowDelay)
	}
}

func TestASourceWithoutAStoreSaysHowToGetOne(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	var none *keystore.CurrentSource
	for name, source := range map[string]*keystore.CurrentSource{
		"the zero source": {}, "none": none, "no store": keystore.Source(nil, testURL),
	} {
		credentials, err := source.Credentials(ended)
		if credentials != nil || err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "make one with Source") {
			t.Errorf("%s: got %v, %v", name, credentials, err)
		}
	}
}

func TestAStoreTakesNilForWhatIsLeftOut(t *testing.T) {
	store, err := keystore.Open(filepath.Join(t.TempDir(), "keys"), nil, keystore.WithSealer(nil))
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, store, newEntry(t, "id", testURL))
}
