package keystore_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"reflect"
	"testing"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

// NewEntry returns an active entry with a new Ed25519 key, for tests.
func newEntry(tb testing.TB, keyID, baseURL string) keystore.Entry {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	publicKey, err := keystore.PublicKeyPEM(public)
	if err != nil {
		tb.Fatal(err)
	}
	made := time.Date(2026, time.October, 5, 12, 0, 0, 123456789, time.UTC)
	return keystore.Entry{
		KeyID: keyID, Name: "bot", Type: gen.KeyTypeEd25519, BaseURL: baseURL,
		PrivateKey: secret.NewPEM(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))),
		PublicKey:  publicKey, Scopes: []gen.Scope{gen.ScopeRead, gen.ScopeWrite},
		CreatedAt: made, ChangedAt: made, State: keystore.StateActive,
	}
}

func anEmptyStoreListsNothing(s suite) {
	entries, err := s.List(s.Context())
	if err != nil || len(entries) != 0 {
		s.Errorf("got %d entries, %v", len(entries), err)
	}
}

func anEntryComesBackAsItWasPut(s suite) {
	entry := newEntry(s.T, "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11", testURL)
	entry.Name = "Größe \"<&>\" \n\x00"
	entry.Warning = "<b>\n"
	entry.Scopes = []gen.Scope{"read", "write::not_known_yet"}
	entry.Subaccount, entry.FCMSubtraderID = new(0), new("user_Desk1")
	entry.ChangedAt, entry.State = entry.CreatedAt.Add(time.Hour), keystore.StatePending
	mustPut(s.T, s.Store, entry)
	mustHold(s.T, s.Store, entry)
}

func anRSAKeyComesBackAsItWasPut(s suite) {
	entry := newEntry(s.T, "rsa", testURL)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.Fatal(err)
	}
	entry.Type = gen.KeyTypeRSA
	entry.PrivateKey = secret.NewPEM(string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key),
	})))
	if entry.PublicKey, err = keystore.PublicKeyPEM(key.Public()); err != nil {
		s.Fatal(err)
	}
	mustPut(s.T, s.Store, entry)
	mustHold(s.T, s.Store, entry)
}

func anEntryWithoutOptionalPartsComesBackAsItWasPut(s suite) {
	entry := newEntry(s.T, "hsm", testURL)
	entry.PrivateKey, entry.Scopes = secret.PEM{}, nil
	mustPut(s.T, s.Store, entry)
	mustHold(s.T, s.Store, entry)
}

func aBaseURLIsKeptInNormalForm(s suite) {
	entry := newEntry(s.T, "id", " https://DEMO.invalid/trade-api/v2/ ")
	mustPut(s.T, s.Store, entry)
	entry.BaseURL = testURL
	mustHold(s.T, s.Store, entry)
}

func anEntryIsReplaced(s suite) {
	entry := newEntry(s.T, "id", testURL)
	mustPut(s.T, s.Store, entry)
	entry.Name, entry.State = "renamed", keystore.StateRetiring
	mustPut(s.T, s.Store, entry)
	mustHold(s.T, s.Store, entry)
}

func aRevokedEntryStaysWithoutItsPrivateKey(s suite) {
	entry := newEntry(s.T, "id", testURL)
	mustPut(s.T, s.Store, entry)
	entry.State = keystore.StateRevoked
	mustPut(s.T, s.Store, entry)
	entry.PrivateKey = secret.PEM{}
	mustHold(s.T, s.Store, entry)
}

func anAbsentEntryIsErrNotFound(s suite) {
	mustPut(s.T, s.Store, newEntry(s.T, "id", testURL))
	for _, keyID := range []string{"", "i", "idd", "ID", "../id", "/", "."} {
		if _, err := s.Get(s.Context(), keyID); !errors.Is(err, keystore.ErrNotFound) {
			s.Errorf("%q: got %v, want ErrNotFound", keyID, err)
		}
	}
}

func keyIDsThatLookAlikeAreKeptApart(s suite) {
	for _, keyID := range []string{"a", "A", "a/b", "a%2fb", "a.b", "..", "a\\b", "a:b", "con"} {
		mustPut(s.T, s.Store, newEntry(s.T, keyID, testURL))
	}
	entries, err := s.List(s.Context())
	if err != nil || len(entries) != 9 {
		s.Fatalf("got %d of 9 entries, %v", len(entries), err)
	}
	for _, entry := range entries {
		mustHold(s.T, s.Store, entry)
	}
}

func entriesAreListedOldestFirst(s suite) {
	for keyID, age := range map[string]time.Duration{"c": 3 * time.Hour, "a": 2 * time.Hour, "b": time.Hour} {
		entry := newEntry(s.T, keyID, testURL)
		entry.CreatedAt = entry.CreatedAt.Add(-age)
		mustPut(s.T, s.Store, entry)
	}
	mustList(s.T, s.Store, "c", "a", "b")
}

func whatIsHandedOutIsTheCallersOwn(s suite) {
	entry := newEntry(s.T, "id", testURL)
	entry.Subaccount = new(3)
	mustPut(s.T, s.Store, entry)
	entry.Scopes[0], *entry.Subaccount = "changed", 4
	got, err := s.Get(s.Context(), "id")
	if err != nil || got.Scopes[0] != gen.ScopeRead || *got.Subaccount != 3 {
		s.Fatalf("the stored entry changed with the one that was put: %v", err)
	}
	got.Scopes[0], *got.Subaccount = "changed", 4
	if got, err := s.Get(s.Context(), "id"); err != nil || got.Scopes[0] != gen.ScopeRead || *got.Subaccount != 3 {
		s.Errorf("the stored entry changed with the one that was returned: %v", err)
	}
}

// mustHold fails unless Get returns want, and List with it.
func mustHold(t *testing.T, store *keystore.Store, want keystore.Entry) {
	t.Helper()
	got, err := store.Get(t.Context(), want.KeyID)
	if err != nil {
		t.Fatalf("%s: %v", want.KeyID, err)
	}
	mustEqual(t, got, want)
	listed, err := store.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range listed {
		if entry.KeyID == want.KeyID {
			mustEqual(t, entry, want)
			return
		}
	}
	t.Errorf("%s is not listed", want.KeyID)
}

func mustEqual(t *testing.T, got, want keystore.Entry) {
	t.Helper()
	if got.PrivateKey.RevealPrivateKey() != want.PrivateKey.RevealPrivateKey() {
		t.Errorf("%s has another private key than it should", want.KeyID)
	}
	if !got.CreatedAt.Equal(want.CreatedAt) || !got.ChangedAt.Equal(want.ChangedAt) {
		t.Errorf("the times are %v and %v, want %v and %v", got.CreatedAt, got.ChangedAt, want.CreatedAt, want.ChangedAt)
	}
	for _, entry := range []*keystore.Entry{&got, &want} {
		entry.PrivateKey, entry.CreatedAt, entry.ChangedAt = secret.PEM{}, time.Time{}, time.Time{}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func mustList(t *testing.T, store *keystore.Store, want ...string) {
	t.Helper()
	entries, err := store.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.KeyID)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

func put(t *testing.T, store *keystore.Store, entry keystore.Entry) (err error) {
	t.Helper()
	locked(t, store, func() { err = store.Put(t.Context(), entry) })
	return err
}
