// Package postgres keeps a store in PostgreSQL, for programs on several machines.
//
//	engine, err := postgres.Open("postgres://db.example.com/trading?name=desk&sslmode=verify-full")
//	store := keystore.New(engine, keystore.WithSealer(sealer))
//
// The user name and the password come from the URL or, better, from PGUSER, PGPASSWORD, PGPASSFILE or a
// client certificate, as with psql. [Engine.Init] makes the tables. A program that only signs reads them by
// keystore.NewPublished(engine, sealer), and its role needs no more than to select from kalshi_keys.current.
//
// What a write has confirmed is lost if the server loses it: with synchronous_commit off, which is refused,
// and on a failover to a standby that replicates asynchronously, which nobody can see from here. Reads go to
// a server that takes writes.
package postgres

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"kalshi.internal/apikeys/wrapper/fleet/internal/timeout"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// Times: our own choices.
const (
	// connectTimeout bounds connecting, which goes on when a statement gives up on it.
	connectTimeout = 15 * time.Second
	// pollEvery is how often a waiter looks, and pollNotified how often while notifications tell it.
	pollEvery    = 250 * time.Millisecond
	pollNotified = time.Second
)

// maxConnections is how many connections an Engine has at most, without the one that listens: our own choice.
// It uses one at a time for each goroutine. The rest is for those that a dead network holds on to for some
// seconds, while a store asks again.
const maxConnections = 16

var _ keystore.Publisher = (*Engine)(nil)

// Engine is a [keystore.Publisher] in a database. It is safe for concurrent use. Its errors are
// [keystore.ErrUnavailable] while the server does not answer, is starting or takes no writes.
type Engine struct {
	pool        *pgxpool.Pool
	name, place string
	notified    bool
	timeout     timeout.Adaptive
	listener    *listener

	// mu guards durable, which is set once the check of synchronous_commit has passed.
	mu      sync.Mutex
	durable bool
}

// Option sets up an [Engine].
type Option func(*Engine)

// WithoutNotifications has the Engine neither send nor listen to notifications, for servers and poolers that
// have none. A waiter then looks four times a second.
func WithoutNotifications() Option {
	return func(e *Engine) { e.notified = false }
}

// Open returns the Engine for the store that the parameter name of the URL names. It does not connect yet.
// It returns a [*keystore.InsecureError] for a host that is not this machine unless the connection is
// encrypted and the server's certificate is verified. Close the Engine at the end.
func Open(address string, options ...Option) (*Engine, error) {
	connection, name, err := split(address)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(connection)
	if err != nil { // which hides the password
		return nil, fmt.Errorf("postgres: the URL of the store cannot be used: %w", err)
	}
	host := net.JoinHostPort(config.ConnConfig.Host, strconv.Itoa(int(config.ConnConfig.Port)))
	place := fmt.Sprintf("postgres://%s/%s?name=%s", host, config.ConnConfig.Database, url.QueryEscape(name))
	if err := requireTLS(&config.ConnConfig.Config, place); err != nil {
		return nil, err
	}
	config.MaxConns = maxConnections
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // a store asks again
	config.ConnConfig.ConnectTimeout = connectTimeout
	// Poolers lose prepared statements.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	if config.ConnConfig.ValidateConnect == nil {
		config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	e := &Engine{pool: pool, name: name, place: place, notified: true, listener: newListener(config.ConnConfig)}
	for _, option := range options {
		option(e)
	}
	return e, nil
}

// split takes the store's name out of a URL.
func split(address string) (connection, name string, err error) {
	parsed, err := url.Parse(address)
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") {
		return "", "", errors.New("postgres: the URL of a store has the form postgres://HOST/DATABASE?name=STORE")
	}
	query := parsed.Query()
	name = query.Get("name")
	if name == "" {
		return "", "", errors.New("postgres: the URL names no store: add ?name= and a name of your choice")
	}
	query.Del("name")
	parsed.RawQuery = query.Encode()
	return parsed.String(), name, nil
}

// requireTLS refuses every host that the configuration might connect to in clear text.
func requireTLS(config *pgconn.Config, place string) error {
	refuse := func(host string, encryption *tls.Config) error {
		switch {
		case isThisMachine(host):
			return nil
		case encryption == nil:
			return &keystore.InsecureError{
				Path: place, Problem: "the connection to " + host + " would not be encrypted, or only if the server likes",
				Hint: "Add sslmode=verify-full to the URL",
			}
		case encryption.InsecureSkipVerify && encryption.VerifyPeerCertificate == nil && encryption.VerifyConnection == nil:
			return &keystore.InsecureError{
				Path: place, Problem: "the certificate of " + host + " would not be verified",
				Hint: "Add sslmode=verify-full to the URL, and sslrootcert if the server's authority is your own",
			}
		}
		return nil
	}
	err := refuse(config.Host, config.TLSConfig)
	for _, other := range config.Fallbacks {
		err = errors.Join(err, refuse(other.Host, other.TLSConfig))
	}
	return err
}

func isThisMachine(host string) bool {
	return protocol.IsLoopback(host) || strings.HasPrefix(host, "/") // a Unix socket
}

// Close closes all connections. No call may be under way.
func (e *Engine) Close() {
	e.listener.close()
	e.pool.Close()
}

// String returns the URL of the store, without user and password.
func (e *Engine) String() string { return e.place }

// StoreName implements [keystore.Publisher].
func (e *Engine) StoreName() string { return e.name }

// Load implements [keystore.Document].
func (e *Engine) Load(ctx context.Context) (data []byte, version string, err error) {
	return e.load(ctx, `SELECT data, version FROM kalshi_keys.document WHERE name = $1`, e.name)
}

func (e *Engine) load(ctx context.Context, query string, args ...any) (data []byte, version string, err error) {
	err = e.do(ctx, func(ctx context.Context) error {
		err := e.pool.QueryRow(ctx, query, args...).Scan(&data, &version)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return data, version, err
}

// Changed implements [keystore.Document].
func (e *Engine) Changed(ctx context.Context, version string) error {
	return e.changed(ctx, version, `SELECT NULL::bytea, version FROM kalshi_keys.document WHERE name = $1`, e.name)
}

func (e *Engine) changed(ctx context.Context, version, query string, args ...any) error {
	if e.notified {
		e.listener.start()
	}
	for {
		notified := e.listener.next() // before the look, so that nothing passes between the two
		_, now, err := e.load(ctx, query, args...)
		if err != nil || now != version {
			return err
		}
		poll := pollEvery
		if e.listener.listening.Load() {
			poll = pollNotified
		}
		timer := time.NewTimer(poll)
		select {
		case <-notified:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Swap implements [keystore.Document].
func (e *Engine) Swap(ctx context.Context, data []byte, ifVersion string) (version string, err error) {
	return e.SwapAndPublish(ctx, data, nil, ifVersion)
}

// The statements of a swap. Each is one transaction, and needs no session, so that it works behind a pooler.
const (
	insertDocument = `INSERT INTO kalshi_keys.document (name, version, data) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	updateDocument = `UPDATE kalshi_keys.document SET version = $2, data = $3, changed_at = now() WHERE name = $1 AND version = $6`

	withPublished = `WITH swapped AS (%s RETURNING name), published AS (
		INSERT INTO kalshi_keys.current (name, base_url, version, data)
		SELECT swapped.name, object.base_url, $2, object.data
			FROM swapped, unnest($4::text[], $5::bytea[]) AS object (base_url, data)
		ON CONFLICT (name, base_url) DO UPDATE SET version = excluded.version, data = excluded.data, changed_at = now()
	) SELECT count(*) FROM swapped`
)

// SwapAndPublish implements [keystore.Publisher].
func (e *Engine) SwapAndPublish(ctx context.Context, data []byte, published map[string][]byte, ifVersion string) (version string, err error) {
	if err := e.requireDurable(ctx); err != nil {
		return "", err
	}
	version = rand.Text() // which no other content has, not even after a table was put back
	baseURLs, objects := []string{}, [][]byte{}
	for baseURL, object := range published {
		baseURLs, objects = append(baseURLs, baseURL), append(objects, object)
	}
	statement, args := insertDocument, []any{e.name, version, data, baseURLs, objects}
	if ifVersion != "" {
		statement, args = updateDocument, append(args, ifVersion)
	}
	var swapped int
	err = e.do(ctx, func(ctx context.Context) error {
		return e.pool.QueryRow(ctx, fmt.Sprintf(withPublished, statement), args...).Scan(&swapped)
	})
	switch {
	case err != nil:
		return "", err
	case swapped == 0:
		return "", keystore.ErrStale
	}
	e.notify(ctx)
	return version, nil
}

// notify tells the waiters. They look by themselves if it fails.
func (e *Engine) notify(ctx context.Context) {
	if e.notified {
		_ = e.do(ctx, func(ctx context.Context) error {
			_, err := e.pool.Exec(ctx, `SELECT pg_notify($1, $2)`, channel, e.name)
			return err
		})
	}
}

// requireDurable refuses a server that confirms writes before they are on its disk.
func (e *Engine) requireDurable(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.durable {
		return nil
	}
	var setting string
	err := e.do(ctx, func(ctx context.Context) error {
		return e.pool.QueryRow(ctx, `SHOW synchronous_commit`).Scan(&setting)
	})
	if err == nil && setting == "off" {
		err = &keystore.InsecureError{
			Path: e.place, Problem: "the server confirms writes before they are on its disk",
			Hint: "Run ALTER ROLE with the role of this connection: SET synchronous_commit = on",
		}
	}
	e.durable = err == nil
	return err
}

// Published implements [keystore.Publisher].
func (e *Engine) Published(baseURL string) keystore.Reader { return object{e, baseURL} }

// object is what is published for one base URL.
type object struct {
	engine  *Engine
	baseURL string
}

func (o object) Load(ctx context.Context) (data []byte, version string, err error) {
	return o.engine.load(ctx, `SELECT data, version FROM kalshi_keys.current WHERE name = $1 AND base_url = $2`, o.engine.name, o.baseURL)
}

func (o object) Changed(ctx context.Context, version string) error {
	return o.engine.changed(ctx, version,
		`SELECT NULL::bytea, version FROM kalshi_keys.current WHERE name = $1 AND base_url = $2`, o.engine.name, o.baseURL)
}

// do runs a statement with an end, and tells what does not answer from what was refused.
func (e *Engine) do(ctx context.Context, statement func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := e.timeout.Do(ctx, statement)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	refused, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && (refused.Code == "42P01" || refused.Code == "3F000"):
		return fmt.Errorf("postgres: %s has no tables for a store; run kalshi-keys store init with a role that may make them: %w", e.place, err)
	case ok && refused.Code == "42501":
		return fmt.Errorf("postgres: the role of this connection may not do that in %s; see the roles in the documentation of wrapper/fleet: %w", e.place, err)
	case ok && !mayPass(refused.Code):
		return fmt.Errorf("postgres: %s: %w", e.place, err)
	}
	return fmt.Errorf("%w: %s: %w", keystore.ErrUnavailable, e.place, err)
}

// mayPass reports whether an error of the server is about its state and not about the statement: of the
// connection, of resources, of a server that starts, stops or takes no writes, and of a transaction that met
// another. The last made no change.
func mayPass(code string) bool {
	class := code[:min(2, len(code))]
	return class == "08" || class == "53" || class == "57" || class == "40" || code == "25006"
}
