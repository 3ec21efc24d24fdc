package chaos_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
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
		done, failed atomic.Int64
		slowest      atomic.Int64
		both, probe  sync.WaitGroup
		progress     = make(chan struct{}, 2*rotations)
	)
	for range 2 {
		process := s.start(rotator{Rotations: rotations / 2})
		both.Go(func() {
			for {
				said, _, ended := process.next()
				switch {
				case ended:
					return
				case said.Already:
					continue
				case said.Error != "":
					t.Logf("after %v, unfinished: %t: %s", said.Took.Round(time.Millisecond), said.Unfinished, said.Error)
					failed.Add(1)
				default:
					done.Add(1)
				}
				slowest.Store(max(slowest.Load(), int64(said.Took)))
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
	t.Logf("%d rotations and %d errors; the slowest took %v; the current key was tried %d times", done.Load(), failed.Load(),
		time.Duration(slowest.Load()).Round(time.Millisecond), probes)
	if done.Load() < enough || done.Load()+failed.Load() != rotations {
		t.Errorf("%d rotations succeeded and %d failed, want %d of %d", done.Load(), failed.Load(), enough, rotations)
	}
	if took := time.Duration(slowest.Load()); took > 2*killedFor { // two may wait for one lock
		t.Errorf("a rotation took %v", took)
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
