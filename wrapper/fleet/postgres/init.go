package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// schema makes what is not there. The version is not a number, so that a table that was put back from a
// backup does not give an old version to a new content.
const schema = `
CREATE SCHEMA IF NOT EXISTS kalshi_keys;
CREATE TABLE IF NOT EXISTS kalshi_keys.document (
	name text PRIMARY KEY, version text NOT NULL, data bytea NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS kalshi_keys.current (
	name text, base_url text, version text NOT NULL, data bytea NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (name, base_url)
);
CREATE TABLE IF NOT EXISTS kalshi_keys.follower (
	name text, follower text, base_url text NOT NULL, revision bigint NOT NULL,
	seen_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (name, follower)
);`

// Init makes the tables unless they are there. It needs a role that may create a schema.
func (e *Engine) Init(ctx context.Context) error {
	for {
		err := e.do(ctx, func(ctx context.Context) error {
			_, err := e.pool.Exec(ctx, schema) // several statements, so without arguments
			return err
		})
		refused, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || refused.Code != "23505" {
			return err
		}
		// Another has made the same at this moment, which IF NOT EXISTS does not see. It is there now.
	}
}
