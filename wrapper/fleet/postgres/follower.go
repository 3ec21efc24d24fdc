package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// Announce notes which revision a program follows, and when, by the server's clock. It takes the place of
// what the program said before.
func (e *Engine) Announce(ctx context.Context, follower keystore.Follower) error {
	return e.do(ctx, func(ctx context.Context) error {
		_, err := e.pool.Exec(ctx, `INSERT INTO kalshi_keys.follower (name, follower, base_url, revision) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name, follower) DO UPDATE SET base_url = excluded.base_url, revision = excluded.revision, seen_at = now()`,
			e.name, follower.Name, follower.BaseURL, follower.Revision)
		return err
	})
}

// Followers returns what was announced, in the order of names.
func (e *Engine) Followers(ctx context.Context) ([]keystore.Follower, error) {
	var followers []keystore.Follower
	err := e.do(ctx, func(ctx context.Context) error {
		rows, err := e.pool.Query(ctx,
			`SELECT follower, base_url, revision, seen_at FROM kalshi_keys.follower WHERE name = $1 ORDER BY follower`, e.name)
		if err == nil {
			followers, err = pgx.CollectRows(rows, pgx.RowToStructByPos[keystore.Follower])
		}
		return err
	})
	return followers, err
}
