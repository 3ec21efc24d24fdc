package chaos_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/fleet/internal/server"
	"kalshi.internal/apikeys/wrapper/keystore"
)

const (
	rotations = 200
	enough    = 195
	kills     = 5
	// killedFor is how much longer a rotation may take that a server was killed under.
	killedFor = 5 * time.Second
)

func TestRotationsGoOnWhileTheLeaderOfEtcdIsKilled(t *testing.T) {
	cluster := server.NewEtcd(t, 3)
	s := newSite(t, cluster.URL("desk"), keystore.Lease{Term: 15 * time.Second, Beat: 5 * time.Second, Takeover: time.Minute})
	s.rotateUnderKills(func(resume <-chan struct{}) {
		leader := cluster.AwaitLeader(nil)
		leader.Kill()
		<-resume // the others go on without it
		leader.Start()
		cluster.AwaitLeader(nil)
	})
}

func TestRotationsGoOnWhilePostgresIsKilled(t *testing.T) {
	db := server.NewPostgres(t)
	s := newSite(t, db.URL("postgres", "desk"), keystore.Lease{Term: 15 * time.Second, Beat: 5 * time.Second, Takeover: time.Minute})
	s.rotateUnderKills(func(<-chan struct{}) {
		db.Kill()
		db.Start()
	})
}

// rotateUnderKills has two programs rotate, kills a server from time to time, and tries the current key all the
// while. kill may wait until the rotations have gone on.
func (s *site) rotateUnderKills(kill func(resume <-chan struct{})) {
	t := s.t
	var (
		mu           sync.Mutex
		took         []time.Duration
		done, failed int
		both, probe  sync.WaitGroup
		progress     = make(chan struct{}, 2*rotations)
	)
	for range 2 {
		process := s.start(rotator{Rotations: rotations / 2})
		both.Go(func() {
			for {
				said, _, ended := process.next()
				if ended {
					return
				}
				if said.Already {
					continue
				}
				mu.Lock()
				took = append(took, said.Took)
				if said.Error != "" {
					t.Logf("after %v, unfinished: %t: %s", said.Took.Round(time.Millisecond), said.Unfinished, said.Error)
					failed++
				} else {
					done++
				}
				mu.Unlock()
				progress <- struct{}{}
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	probes := 0
	probe.Go(func() { probes = s.probe(ctx) })
	for range kills {
		for range rotations / (kills + 1) / 2 {
			<-progress
		}
		resume := make(chan struct{})
		go func() {
			for range rotations / (kills + 1) / 4 {
				<-progress
			}
			close(resume)
		}()
		kill(resume)
		<-resume
	}
	both.Wait()
	stop()
	probe.Wait()
	slices.Sort(took)
	usual, slowest := took[len(took)/2], took[len(took)-1]
	t.Logf("%d rotations and %d errors; half took %v at most, the slowest %v; the current key was tried %d times",
		done, failed, usual.Round(time.Millisecond), slowest.Round(time.Millisecond), probes)
	if done < enough || done+failed != rotations {
		t.Errorf("%d rotations succeeded and %d failed, want %d of %d", done, failed, enough, rotations)
	}
	if slowest > killedFor+4*usual { // which may be to wait for the other's
		t.Errorf("a rotation took %v", slowest)
	}
	s.checkPromises()
	if records, err := s.store(s.open()).Journal(t.Context()); err != nil || len(records) > 0 {
		t.Errorf("%d records are left in the journal, %v", len(records), err)
	}
}

// probe tries the current key until ctx ends, and returns how often. One that was just replaced may fail.
func (s *site) probe(ctx context.Context) (times int) {
	published := s.published(s.open())
	for ctx.Err() == nil {
		entry, err := published.Current(ctx, s.baseURL)
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, keystore.ErrUnavailable) {
				s.t.Errorf("which key is current: %v", err)
			}
			continue
		}
		credentials, err := entry.Credentials()
		if err == nil {
			err = s.works(ctx, credentials)
		}
		if err != nil && ctx.Err() == nil {
			now, currentErr := published.Current(ctx, s.baseURL)
			if !errors.Is(err, wrapper.ErrUnknownKey) || currentErr == nil && now.KeyID == entry.KeyID {
				s.t.Errorf("the current key %s: %v", entry.KeyID, err)
			}
		}
		times++
	}
	return times
}
