package keystore_test

import (
	"errors"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/secret"
)

func noKeyIsLostByPuttingAnother(s suite) {
	entry := newEntry(s.T, "id", testURL)
	mustPut(s.T, s.Store, entry)
	other := newEntry(s.T, "id", testURL)
	revoked := other
	revoked.State = keystore.StateRevoked
	elsewhere := entry
	elsewhere.BaseURL = "https://elsewhere.invalid"
	without := entry
	without.PrivateKey = secret.PEM{}
	for name, next := range map[string]keystore.Entry{
		"another key": other, "another key, revoked": revoked,
		"another base URL": elsewhere, "no private key": without,
	} {
		if err := put(s.T, s.Store, next); !errors.Is(err, keystore.ErrConflict) {
			s.Errorf("%s: got %v, want ErrConflict", name, err)
		}
		mustHold(s.T, s.Store, entry)
	}
}

func aPrivateKeyCanBeAdded(s suite) {
	entry := newEntry(s.T, "id", testURL)
	without := entry
	without.PrivateKey = secret.PEM{}
	mustPut(s.T, s.Store, without)
	mustPut(s.T, s.Store, entry)
	mustHold(s.T, s.Store, entry)
}

func anEntryThatContradictsItselfIsRefused(s suite) {
	for name, spoil := range map[string]func(*keystore.Entry){
		"no key ID":                     func(e *keystore.Entry) { e.KeyID = "" },
		"a key ID with a space":         func(e *keystore.Entry) { e.KeyID = "a b" },
		"white space around the key ID": func(e *keystore.Entry) { e.KeyID = "id\n" },
		"a key ID that is too long":     func(e *keystore.Entry) { e.KeyID = strings.Repeat("a", 129) },
		"no state":                      func(e *keystore.Entry) { e.State = "" },
		"no type":                       func(e *keystore.Entry) { e.Type = "" },
		"another type":                  func(e *keystore.Entry) { e.Type = gen.KeyTypeRSA },
		"no base URL":                   func(e *keystore.Entry) { e.BaseURL = "" },
		"a base URL with a query":       func(e *keystore.Entry) { e.BaseURL += "?a=b" },
		"no public key":                 func(e *keystore.Entry) { e.PublicKey = "" },
		"two public keys":               func(e *keystore.Entry) { e.PublicKey += e.PublicKey },
		"the public key of another":     func(e *keystore.Entry) { e.PublicKey = newEntry(s.T, "id", testURL).PublicKey },
		"half a private key": func(e *keystore.Entry) {
			text := e.PrivateKey.RevealPrivateKey()
			e.PrivateKey = secret.NewPEM(text[:len(text)/2])
		},
		"a name that is no UTF-8": func(e *keystore.Entry) { e.Name = "\xff" },
		"a huge name":             func(e *keystore.Entry) { e.Name = strings.Repeat("x", 1<<20) },
		"a huge warning":          func(e *keystore.Entry) { e.Warning = strings.Repeat("x", 1<<20) },
		"a time without a text":   func(e *keystore.Entry) { e.CreatedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		entry := newEntry(s.T, "id", testURL)
		spoil(&entry)
		err := put(s.T, s.Store, entry)
		if !errors.Is(err, keystore.ErrInvalid) {
			s.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
		if key := newEntry(s.T, "id", testURL).PrivateKey.RevealPrivateKey(); err != nil && strings.Contains(err.Error(), key[:27]) {
			s.Errorf("%s: the error quotes a private key", name)
		}
	}
	mustList(s.T, s.Store)
}

func nothingIsWrittenWithoutTheLock(s suite) {
	entry := newEntry(s.T, "id", testURL)
	mustPut(s.T, s.Store, entry)
	for name, err := range map[string]error{
		"Put":           s.Put(s.Context(), newEntry(s.T, "other", testURL)),
		"SetCurrent":    s.SetCurrent(s.Context(), testURL, "id"),
		"PutJournal":    s.PutJournal(s.Context(), keystore.JournalRecord{ID: "id"}),
		"DeleteJournal": s.DeleteJournal(s.Context(), "id"),
	} {
		if !errors.Is(err, keystore.ErrNotLocked) {
			s.Errorf("%s: got %v, want ErrNotLocked", name, err)
		}
	}
	mustList(s.T, s.Store, "id")
	mustHaveNoCurrent(s.T, s.Store, testURL)
	mustRecord(s.T, s.Store)
}
