package keystore_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// BenchmarkPut replaces an entry durably: what is measured is mostly the disk, which is told
// twice to write, the file and its name.
func BenchmarkPut(b *testing.B) {
	inEachType(b, func(b *testing.B, store *keystore.Store, entries []keystore.Entry) {
		b.Helper()
		hold(b, store)
		for b.Loop() {
			if err := store.Put(b.Context(), entries[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSetCurrent switches between two entries, each time durably.
func BenchmarkSetCurrent(b *testing.B) {
	inEachType(b, func(b *testing.B, store *keystore.Store, entries []keystore.Entry) {
		b.Helper()
		hold(b, store)
		for n := 0; b.Loop(); n++ {
			if err := store.SetCurrent(b.Context(), testURL, entries[n%2].KeyID); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCurrent reads the current entry from the disk.
func BenchmarkCurrent(b *testing.B) {
	inEachType(b, func(b *testing.B, store *keystore.Store, _ []keystore.Entry) {
		b.Helper()
		for b.Loop() {
			if _, err := store.Current(b.Context(), testURL); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCredentials is what a client that follows the store pays for each attempt: alone,
// with others at the same time, and for the one attempt in 250 ms that looks at the disk.
func BenchmarkCredentials(b *testing.B) {
	inEachType(b, func(b *testing.B, store *keystore.Store, _ []keystore.Entry) {
		b.Helper()
		b.Run("look=recent", func(b *testing.B) {
			source := keystore.Source(store, testURL)
			b.ReportAllocs()
			for b.Loop() {
				ask(b.Context(), b, source)
			}
		})
		b.Run("look=recent/callers=many", func(b *testing.B) {
			source := keystore.Source(store, testURL)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					ask(b.Context(), b, source)
				}
			})
		})
		b.Run("look=due", func(b *testing.B) {
			clock := &handClock{}
			source := keystore.Source(store, testURL, keystore.WithClock(clock.now))
			b.ReportAllocs()
			for b.Loop() {
				clock.advance(keystore.MaxFollowDelay)
				ask(b.Context(), b, source)
			}
		})
	})
}

func ask(ctx context.Context, tb testing.TB, source *keystore.CurrentSource) {
	tb.Helper()
	if _, err := source.Credentials(ctx); err != nil {
		tb.Error(err)
	}
}

// inEachType runs do with a store of two keys, for either type of key.
func inEachType(b *testing.B, do func(*testing.B, *keystore.Store, []keystore.Entry)) {
	b.Helper()
	for _, each := range []struct {
		keyType  gen.KeyType
		newEntry func(testing.TB, string) keystore.Entry
	}{
		{gen.KeyTypeEd25519, newEd25519Entry},
		{gen.KeyTypeRSA, newRSAEntry},
	} {
		b.Run("type="+string(each.keyType), func(b *testing.B) {
			store, entries := filled(b, each.newEntry)
			b.ReportAllocs()
			do(b, store, entries)
		})
	}
}

func filled(b *testing.B, newEntry func(testing.TB, string) keystore.Entry) (*keystore.Store, []keystore.Entry) {
	b.Helper()
	dir := b.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	store, err := keystore.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	lock, err := store.Lock(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	entries := []keystore.Entry{newEntry(b, "first"), newEntry(b, "second")}
	for _, entry := range entries {
		if err := store.Put(b.Context(), entry); err != nil {
			b.Fatal(err)
		}
	}
	if err := store.SetCurrent(b.Context(), testURL, "first"); err != nil {
		b.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		b.Fatal(err)
	}
	return store, entries
}

// hold takes the lock until the benchmark ends.
func hold(b *testing.B, store *keystore.Store) {
	b.Helper()
	lock, err := store.Lock(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := lock.Unlock(); err != nil {
			b.Error(err)
		}
	})
}

func newEd25519Entry(tb testing.TB, keyID string) keystore.Entry {
	tb.Helper()
	return newEntry(tb, keyID, testURL)
}

func newRSAEntry(tb testing.TB, keyID string) keystore.Entry {
	tb.Helper()
	entry := newEntry(tb, keyID, testURL)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	if entry.PublicKey, err = keystore.PublicKeyPEM(key.Public()); err != nil {
		tb.Fatal(err)
	}
	entry.Type = gen.KeyTypeRSA
	entry.PrivateKey = secret.NewPEM(string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key),
	})))
	return entry
}
