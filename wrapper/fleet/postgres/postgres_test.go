package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"kalshi.internal/apikeys/wrapper/fleet/internal/server"
	"kalshi.internal/apikeys/wrapper/fleet/postgres"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/keystore/enginetest"
)

func TestPostgresIsAnEngine(t *testing.T) {
	runAcross(t)
}

func TestPostgresWithoutNotificationsIsAnEngine(t *testing.T) {
	runAcross(t, postgres.WithoutNotifications())
}

func TestPostgresWithTLSIsAnEngine(t *testing.T) {
	runAcrossAt(t, func() (urlOf func(store string) string) {
		certificate := server.NewCertificate(t)
		db := server.NewPostgres(t, "ssl=on", "ssl_cert_file="+certificate.Cert, "ssl_key_file="+certificate.Key)
		return func(store string) string { return db.EncryptedURL(certificate, store) }
	})
}

func TestPostgresBehindPgBouncerWithTLSIsAnEngine(t *testing.T) {
	runAcrossAt(t, func() (urlOf func(store string) string) {
		return server.NewPgBouncer(t, server.NewPostgres(t)).URL
	})
}

func runAcross(t *testing.T, options ...postgres.Option) {
	t.Helper()
	runAcrossAt(t, func() (urlOf func(store string) string) {
		db := server.NewPostgres(t)
		return func(store string) string { return db.URL("postgres", store) }
	}, options...)
}

func runAcrossAt(t *testing.T, start func() (urlOf func(store string) string), options ...postgres.Option) {
	t.Helper()
	var stores atomic.Int64
	started := sync.OnceValue(func() func(string) string { // but in another process, which has an address
		urlOf := start()
		mustInit(t, urlOf("any"))
		return urlOf
	})
	enginetest.RunAcross(t, enginetest.Backend{
		Make: func(*testing.T) string { return started()(fmt.Sprint("store", stores.Add(1))) },
		Open: func(address string) (keystore.Document, error) { return postgres.Open(address, options...) },
	})
}

func mustInit(t *testing.T, address string) {
	t.Helper()
	engine := mustOpen(t, address)
	for range 2 { // the second finds all there
		if err := engine.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func mustOpen(t *testing.T, address string) *postgres.Engine {
	t.Helper()
	engine, err := postgres.Open(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	return engine
}

func TestAURLThatCannotBeUsedIsRefusedWithWhatToDo(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://db.example.com/trading":                                 "names no store",
		"postgres://db.example.com/trading?name=desk":                       "sslmode=verify-full",
		"postgres://db.example.com/trading?name=desk&sslmode=disable":       "sslmode=verify-full",
		"postgres://db.example.com/trading?name=desk&sslmode=require":       "certificate",
		"postgres://localhost,db.example.com/trading?name=desk":             "sslmode=verify-full",
		"postgres://127.0.0.1.example.com/trading?name=desk":                "sslmode=verify-full",
		"postgres://user:canary@db.example.com/trading?name=desk&sslmode=x": "sslmode",
		"mysql://localhost/trading?name=desk":                               "postgres://HOST/DATABASE?name=STORE",
		"":                                                                  "postgres://HOST/DATABASE?name=STORE",
	} {
		if _, err := postgres.Open(address); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %q", address, err, want)
		}
	}
	for _, address := range []string{
		"postgres://localhost/trading?name=desk",
		"postgresql://user:canary@[::1]:5433/trading?name=a%20desk",
		"postgres:///trading?host=/run/postgresql&name=desk",
		"postgres://db.example.com/trading?name=desk&sslmode=verify-full",
		"postgres://one.example.com,two.example.com:5433/trading?name=desk&sslmode=verify-full",
	} {
		engine, err := postgres.Open(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if strings.Contains(engine.String(), "canary") || !strings.Contains(engine.StoreName(), "desk") {
			t.Errorf("%s is shown as %s", address, engine)
		}
		engine.Close()
	}
}

func TestAServerThatIsNotReadyIsToldFromOneThatRefuses(t *testing.T) {
	db := server.NewPostgres(t)
	engine := mustOpen(t, db.URL("postgres", "desk"))
	_, _, err := engine.Load(t.Context())
	if err == nil || errors.Is(err, keystore.ErrUnavailable) || !strings.Contains(err.Error(), "store init") {
		t.Errorf("without tables: %v", err)
	}
	mustInit(t, db.URL("postgres", "any"))
	db.Exec(`CREATE ROLE nobody LOGIN; CREATE ROLE hasty LOGIN SUPERUSER; ALTER ROLE hasty SET synchronous_commit = off`)
	if _, _, err := mustOpen(t, db.URL("nobody", "desk")).Load(t.Context()); err == nil || !strings.Contains(err.Error(), "may not") {
		t.Errorf("without rights: %v", err)
	}
	hasty := mustOpen(t, db.URL("hasty", "desk"))
	_, err = hasty.Swap(t.Context(), []byte("data"), "")
	if refused, ok := errors.AsType[*keystore.InsecureError](err); !ok || !strings.Contains(refused.Hint, "synchronous_commit") {
		t.Errorf("where writes are confirmed too early: %v", err)
	}
	if _, err := engine.Swap(t.Context(), []byte("data"), ""); err != nil {
		t.Fatal(err)
	}
	db.Kill()
	for err = nil; err == nil; { // its processes for connections end a moment later
		_, _, err = engine.Load(t.Context())
	}
	if !errors.Is(err, keystore.ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := engine.Changed(ended, "x"); !errors.Is(err, context.Canceled) || errors.Is(err, keystore.ErrUnavailable) {
		t.Errorf("after the context's end: %v", err)
	}
	db.Start()
	for range 10 {
		data, _, err := engine.Load(t.Context())
		if err == nil && string(data) == "data" {
			return
		}
	}
	t.Error("the connections of before are not replaced")
}
