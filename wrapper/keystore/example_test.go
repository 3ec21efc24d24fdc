package keystore_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// startSandbox returns the entry of a key that works at a sandbox, a directory for it, and how
// to stop the sandbox.
func startSandbox() (entry keystore.Entry, dir string, stop func()) {
	service := sandbox.New()
	key, err := service.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		log.Fatal(err)
	}
	creds, err := wrapper.NewCredentials(key.ID, []byte(key.PrivateKey.RevealPrivateKey()))
	if err != nil {
		log.Fatal(err)
	}
	public, err := keystore.PublicKeyPEM(creds.Signer().Public())
	if err != nil {
		log.Fatal(err)
	}
	above, err := os.MkdirTemp("", "keys")
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	entry = keystore.Entry{
		KeyID: key.ID, Name: "bot", Type: gen.KeyTypeEd25519, BaseURL: server.URL + sandbox.BasePath,
		PrivateKey: key.PrivateKey, PublicKey: public, State: keystore.StateActive,
		CreatedAt: time.Now(), ChangedAt: time.Now(),
	}
	return entry, filepath.Join(above, "keys"), func() {
		server.Close()
		_ = os.RemoveAll(above)
	}
}

// A client signs with whatever key is current in the store. Package lifecycle fills a store and
// keeps it up to date; here that is done by hand.
func Example() {
	entry, dir, stop := startSandbox()
	defer stop()
	ctx := context.Background()

	store, err := keystore.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	lock, err := store.Lock(ctx) // writing needs the lock, reading does not
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Put(ctx, entry); err != nil {
		log.Fatal(err)
	}
	if err := store.SetCurrent(ctx, entry.BaseURL, entry.KeyID); err != nil {
		log.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		log.Fatal(err)
	}

	source := keystore.Source(store, entry.BaseURL)
	client, err := wrapper.NewClient(source, wrapper.WithBaseURL(entry.BaseURL))
	if err != nil {
		log.Fatal(err)
	}
	list, err := client.GetAPIKeys(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(list.APIKeys), list.APIKeys[0].APIKeyID == entry.KeyID)
	// Output:
	// 1 true
}
