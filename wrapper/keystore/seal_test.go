package keystore_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// aesGCM seals with AES-256-GCM. The nonce is random and stands in front.
type aesGCM struct{ cipher.AEAD }

func newAESGCM(key []byte) (keystore.Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return aesGCM{aead}, err
}

func (s aesGCM) Seal(plain []byte, _ keystore.Purpose) ([]byte, error) {
	return s.AEAD.Seal(nil, nil, plain, nil), nil
}

func (s aesGCM) Open(sealed []byte) ([]byte, error) { return s.AEAD.Open(nil, nil, sealed, nil) }

func newSealer(t *testing.T) keystore.Sealer {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // which never fails
	sealer, err := newAESGCM(key)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// mustSeal returns a sealed store.
func mustSeal(t *testing.T, engine keystore.Locker) *keystore.Store {
	t.Helper()
	return keystore.New(engine, keystore.WithSealer(newSealer(t)))
}

func TestASealedStoreShowsItsEngineNoClearText(t *testing.T) {
	engine, sealer := keystore.NewMemory(), newSealer(t)
	entry := newEntry(t, "some-key-id", testURL)
	mustPut(t, keystore.New(engine, keystore.WithSealer(sealer)), entry)
	data, _, err := engine.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"some-key-id", testURL, "PRIVATE KEY", "current"} {
		if strings.Contains(string(data), text) {
			t.Errorf("the engine sees %q", text)
		}
	}
	mustHold(t, keystore.New(engine, keystore.WithSealer(sealer)), entry)
}

func TestAStoreThatCannotBeUnsealedIsReportedAndLeftAlone(t *testing.T) {
	sealer := newSealer(t)
	for name, test := range map[string]struct {
		write, read keystore.Sealer
		problem     string
	}{
		"another key":               {sealer, newSealer(t), "cannot be unsealed with this key"},
		"no key":                    {sealer, nil, "it is sealed"},
		"clear text, and a key":     {nil, sealer, "it is not sealed"},
		"an error that quotes text": {sealer, quotingSealer{}, "cannot be unsealed with this key"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			path := filepath.Join(dir, "store.json")
			writer, err := keystore.Open(dir, keystore.WithSealer(test.write))
			if err != nil {
				t.Fatal(err)
			}
			entry := newEntry(t, "id", testURL)
			mustPut(t, writer, entry)
			reader, err := keystore.Open(dir, keystore.WithSealer(test.read))
			if err != nil {
				t.Fatal(err)
			}
			_, err = reader.List(t.Context())
			refusal := mustBeDamaged(t, err, path)
			if !strings.Contains(refusal.Problem, test.problem) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want %q", err, test.problem)
			}
			locked(t, reader, func() {
				mustBeDamaged(t, reader.Put(t.Context(), entry), path)
				if moved, err := reader.SetAside(t.Context()); err != nil || len(moved) > 0 {
					t.Errorf("set aside %q, %v", moved, err)
				}
			})
			mustHold(t, writer, entry)
		})
	}
}

// quotingSealer fails with an error that shows what it is about.
type quotingSealer struct{}

func (quotingSealer) Seal([]byte, keystore.Purpose) ([]byte, error) {
	return nil, errors.New("no entropy")
}
func (quotingSealer) Open(sealed []byte) ([]byte, error) {
	return nil, errors.New("canary " + string(sealed))
}

func TestAStoreThatCannotBeSealedIsNotWritten(t *testing.T) {
	engine := keystore.NewMemory()
	err := put(t, keystore.New(engine, keystore.WithSealer(quotingSealer{})), newEntry(t, "id", testURL))
	if err == nil || !strings.Contains(err.Error(), "no entropy") {
		t.Errorf("got %v", err)
	}
	if data, _, _ := engine.Load(t.Context()); len(data) > 0 {
		t.Error("something was written")
	}
}

func TestASealedDocumentThatWasChangedIsRefused(t *testing.T) {
	engine, sealer := keystore.NewMemory(), newSealer(t)
	mustPut(t, keystore.New(engine, keystore.WithSealer(sealer)), newEntry(t, "id", testURL))
	data, version, err := engine.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if _, err := engine.Swap(t.Context(), data, version); err != nil {
		t.Fatal(err)
	}
	_, err = keystore.New(engine, keystore.WithSealer(sealer)).List(t.Context())
	mustBeDamaged(t, err, "the store")
}
