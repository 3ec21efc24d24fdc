// Command follow is a program as it may run beside a rotation: it follows its key in a store, or in two
// files that a platform exchanges, and lists the API keys of its account now and then.
//
//	KALSHI_STORE=/var/lib/kalshi/keys follow -every 10s
//	follow -id-file /run/secrets/kalshi/id -key-file /run/secrets/kalshi/key.pem
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
)

func main() {
	idFile := flag.String("id-file", "", "file with the key ID, in place of a store")
	keyFile := flag.String("key-file", "", "file with the private key")
	every := flag.Duration("every", time.Minute, "time between two lists")
	once := flag.Bool("once", false, "list once and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *idFile, *keyFile, *every, *once); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, idFile, keyFile string, every time.Duration, once bool) error {
	baseURL := os.Getenv("KALSHI_BASE_URL")
	source, err := source(idFile, keyFile, baseURL)
	if err != nil {
		return err
	}
	client, err := wrapper.NewClient(source, wrapper.WithBaseURL(baseURL))
	if err != nil {
		return err
	}
	for {
		err := list(ctx, client, source)
		if once {
			return err
		}
		if err != nil {
			log.Print(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// source follows the files if they are named, and else the store.
func source(idFile, keyFile, baseURL string) (wrapper.CredentialSource, error) {
	if idFile != "" {
		return wrapper.CredentialsFromFiles(idFile, keyFile), nil
	}
	store, err := keystore.Open(os.Getenv("KALSHI_STORE"))
	if err != nil {
		return nil, fmt.Errorf("opening the store that KALSHI_STORE names: %w", err)
	}
	return keystore.Source(store, baseURL), nil
}

func list(ctx context.Context, client *wrapper.Client, source wrapper.CredentialSource) error {
	credentials, err := source.Credentials(ctx)
	if err != nil {
		return err
	}
	keys, err := client.GetAPIKeys(ctx)
	if err != nil {
		return err
	}
	slog.InfoContext(ctx, "listed", slog.String("signed_by", credentials.KeyID()), slog.Int("api_keys", len(keys.APIKeys)))
	return nil
}
