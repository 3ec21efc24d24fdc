package chaos_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper/fleet/etcd"
	"kalshi.internal/apikeys/wrapper/fleet/internal/server"
	"kalshi.internal/apikeys/wrapper/fleet/postgres"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

const (
	followers = 100
	switches  = 20
)

// away is how long a store is away that bots do without.
const away = time.Minute

func TestAHundredFollowersSeeEachSwitch(t *testing.T) {
	db, cluster := server.NewPostgres(t), server.NewEtcd(t, 3)
	for _, row := range []struct {
		name    string
		address string
		open    func(address string) (engine, error)
		watch   bool
		within  time.Duration
	}{
		{"Postgres, notified", db.URL("postgres", "notified"), openEngine, true, 300 * time.Millisecond},
		{"Postgres, by polling alone", db.URL("postgres", "polled"), func(address string) (engine, error) {
			return postgres.Open(address, postgres.WithoutNotifications())
		}, false, time.Second},
		{"etcd, watched", cluster.URL("watched"), openEngine, true, 300 * time.Millisecond},
		{"etcd, by polling alone", cluster.URL("polled"), func(address string) (engine, error) {
			return etcd.Open(address, etcd.WithoutWatches())
		}, false, time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, row.address, longLease())
			ids := s.moreKeys(2)
			most, all := time.Hour, time.Hour
			// The machine may be busy with something else: the best of several tries counts.
			for try := 0; try < 3 && (most > row.within || all > time.Second); try++ {
				delays := s.followSwitches(row.open, row.watch, ids)
				slices.Sort(delays)
				most, all = min(most, delays[len(delays)*99/100]), min(all, delays[len(delays)-1])
				t.Logf("of %d switches seen: half within %v, 99 %% within %v, all within %v", len(delays),
					delays[len(delays)/2].Round(time.Millisecond), delays[len(delays)*99/100].Round(time.Millisecond),
					delays[len(delays)-1].Round(time.Millisecond))
			}
			if most > row.within || all > time.Second {
				t.Errorf("99 %% within %v and all within %v, want %v and a second", most, all, row.within)
			}
		})
	}
}

// moreKeys puts keys into the store, and returns their IDs.
func (s *site) moreKeys(n int) (ids []string) {
	s.t.Helper()
	manager := s.manager(s.store(s.open()))
	for i := range n {
		entry, err := manager.Issue(s.t.Context(), lifecycle.IssueRequest{Name: fmt.Sprint("more", i)})
		if err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, entry.KeyID)
	}
	return ids
}

// followSwitches has each follower look for each switch, and returns how long after it each saw it.
func (s *site) followSwitches(open func(string) (engine, error), watch bool, ids []string) (delays []time.Duration) {
	t := s.t
	store := s.store(s.open())
	ctx, stop := context.WithCancel(t.Context())
	var sources []*keystore.CurrentSource
	var following sync.WaitGroup
	for range followers {
		opened, err := open(s.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(opened.Close)
		source := keystore.Source(s.published(opened), s.baseURL)
		if _, err := source.Credentials(ctx); err != nil {
			t.Fatal(err)
		}
		if watch {
			following.Go(func() { _ = source.Follow(ctx) })
		}
		sources = append(sources, source)
	}
	defer following.Wait()
	defer stop()
	for n := range switches {
		id := ids[n%len(ids)]
		if err := s.switchTo(store, id); err != nil {
			t.Fatal(err)
		}
		switched := time.Now()
		var (
			mu  sync.Mutex
			all sync.WaitGroup
		)
		for _, source := range sources {
			all.Go(func() {
				delay := seenAfter(ctx, source, id, switched)
				mu.Lock()
				defer mu.Unlock()
				delays = append(delays, delay)
			})
		}
		all.Wait()
	}
	return delays
}

func (s *site) switchTo(store *keystore.Store, id string) error {
	lock, err := store.Lock(s.t.Context())
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	return store.SetCurrent(s.t.Context(), s.baseURL, id)
}

// seenAfter asks a source every 20 ms, as a bot does, until it gives the key.
func seenAfter(ctx context.Context, source *keystore.CurrentSource, id string, since time.Time) time.Duration {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if credentials, err := source.Credentials(ctx); err == nil && credentials.KeyID() == id {
			break
		}
		<-tick.C
	}
	return time.Since(since)
}

func TestADroppedConnectionDelaysNoFollower(t *testing.T) {
	t.Parallel()
	eachProxied(t, func(t *testing.T, p *proxy, through, past string) {
		t.Helper()
		s := newSite(t, past, longLease())
		ids, direct := s.moreKeys(2), s.store(s.open())
		s.address = through
		source := keystore.Source(s.published(s.open()), s.baseURL)
		ctx, stop := context.WithCancel(t.Context())
		var following sync.WaitGroup
		following.Go(func() { _ = source.Follow(ctx) })
		defer following.Wait()
		defer stop()
		if _, err := source.Credentials(ctx); err != nil {
			t.Fatal(err)
		}
		for n := range 10 {
			p.add(lostDownstream)
			p.heal() // which ends the connections
			id := ids[n%2]
			if err := s.switchTo(direct, id); err != nil {
				t.Fatal(err)
			}
			if delay := seenAfter(ctx, source, id, time.Now()); delay > time.Second {
				t.Errorf("after a dropped connection a switch was seen after %v", delay)
			}
		}
	})
}

func TestBotsSignWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	eachProxied(t, func(t *testing.T, p *proxy, through, past string) {
		t.Helper()
		s := newSite(t, past, longLease())
		s.address = through
		source := keystore.Source(s.published(s.open()), s.baseURL)
		var signed, failed atomic.Int64
		ctx, stop := context.WithTimeout(t.Context(), away)
		defer stop()
		sign := func() {
			if err := s.works(t.Context(), source); err != nil {
				failed.Add(1)
				t.Error(err)
			}
			signed.Add(1)
		}
		sign()
		p.add(lostUpstream, lostDownstream)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			sign()
			<-tick.C
		}
		p.heal()
		t.Logf("%d of %d signatures failed", failed.Load(), signed.Load())
	})
}
