package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kalshi.internal/apikeys/wrapper/keystore"
)

func (e *Engine) followersPrefix() string { return prefix + e.name + "/follower/" }

// Announce notes which revision a program follows, and when, by this machine's clock. It takes the place of
// what the program said before.
func (e *Engine) Announce(ctx context.Context, follower keystore.Follower) error {
	follower.SeenAt = time.Now().UTC()
	text, err := json.Marshal(follower)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	return e.do(ctx, func(ctx context.Context) error {
		_, err := e.client.Put(ctx, e.followersPrefix()+url.PathEscape(follower.Name), string(text))
		return err
	})
}

// Followers returns what was announced, in the order of names.
func (e *Engine) Followers(ctx context.Context) ([]keystore.Follower, error) {
	var followers []keystore.Follower
	err := e.do(ctx, func(ctx context.Context) error {
		got, err := e.client.Get(ctx, e.followersPrefix(), clientv3.WithPrefix())
		if err != nil {
			return err
		}
		followers = nil
		for _, stored := range got.Kvs {
			var follower keystore.Follower
			if json.Unmarshal(stored.Value, &follower) == nil { // what others have put there does not count
				followers = append(followers, follower)
			}
		}
		return nil
	})
	return followers, err
}
