package chaos_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"kalshi.internal/apikeys/wrapper/fleet/internal/server"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// proxy stands between a program and a server.
type proxy struct {
	*toxiproxy.Proxy

	t    *testing.T
	port string
}

func newProxy(t *testing.T, upstreamPort string) *proxy {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &proxy{toxiproxy.NewProxy(api, "proxy", "127.0.0.1:0", "127.0.0.1:"+upstreamPort), t, ""}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	var err error
	if _, p.port, err = net.SplitHostPort(p.Listen); err != nil {
		t.Fatal(err)
	}
	return p
}

// The toxics of these tests. A direction is that of a program: what it sends goes upstream.
const (
	lostUpstream   = `{"name": "lost-up", "type": "timeout", "stream": "upstream", "attributes": {"timeout": 0}}`
	lostDownstream = `{"name": "lost-down", "type": "timeout", "stream": "downstream", "attributes": {"timeout": 0}}`
	latency        = `{"name": "latency", "type": "latency", "stream": "downstream", "attributes": {"latency": 2000}}`
)

func (p *proxy) add(toxics ...string) {
	p.t.Helper()
	for _, toxic := range toxics {
		if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			p.t.Fatal(err)
		}
	}
}

// heal ends all toxics. What was lost stays lost, and its connections end.
func (p *proxy) heal() { p.Toxics.ResetToxics(context.Background()) }

// eachProxied runs a test with a server of each kind behind a proxy, and the way past it.
func eachProxied(t *testing.T, test func(t *testing.T, p *proxy, through, past string)) {
	t.Helper()
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		db := server.NewPostgres(t)
		p := newProxy(t, db.Port)
		test(t, p, server.PostgresURL("postgres", p.port, "desk"), db.URL("postgres", "desk"))
	})
	t.Run("etcd", func(t *testing.T) {
		t.Parallel()
		cluster := server.NewEtcd(t, 1)
		p := newProxy(t, cluster.Members[0].Port)
		test(t, p, server.EtcdURL([]string{p.port}, "desk"), cluster.URL("desk"))
	})
}

// longLease is that of the field.
func longLease() keystore.Lease {
	return keystore.Lease{Term: 15 * time.Second, Beat: 5 * time.Second, Takeover: time.Minute}
}

func TestAWriteWhoseAnswerIsLostIsSettled(t *testing.T) {
	t.Parallel()
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		db := server.NewPostgres(t)
		c := newCutter(t, db.Port)
		settleLostAnswers(t, c, server.PostgresURL("postgres", c.port(), "desk"), db.URL("postgres", "desk"))
	})
	t.Run("etcd", func(t *testing.T) {
		t.Parallel()
		cluster := server.NewEtcd(t, 1)
		c := newCutter(t, cluster.Members[0].Port)
		settleLostAnswers(t, c, server.EtcdURL([]string{c.port()}, "desk"), cluster.URL("desk"))
	})
}

func settleLostAnswers(t *testing.T, c *cutter, through, past string) {
	t.Helper()
	s := newSite(t, past, longLease())
	direct := s.store(s.open())
	s.address = through
	cut := &cutEngine{engine: s.open()}
	store := s.store(cut)
	lock, err := store.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cut.beforeSwap.Store(func() {})
	const writes = 100
	landed := 0
	for n := range writes {
		before := must(direct.Status(t.Context())).Revision
		lost := downstream
		if n%2 == 1 {
			lost = upstream
		}
		cutting, done := make(chan struct{}), make(chan error)
		cut.beforeSwap.Store(func() { c.lose(lost); close(cutting) })
		go func() {
			done <- store.PutJournal(t.Context(), keystore.JournalRecord{ID: fmt.Sprint("record", n), Data: []byte("data")})
		}()
		select {
		case <-cutting: // which a busy machine may take long to come to
		case failed := <-done:
			t.Fatalf("write %d ended before it came to the server: %v", n, failed)
		}
		if s.awaits(direct, before) {
			landed++
		}
		c.heal()
		failed := <-done
		records := must(direct.Journal(t.Context()))
		is := len(records) > 0 && records[len(records)-1].ID == fmt.Sprint("record", n)
		if failed != nil || !is {
			t.Errorf("write %d: the store says %v, and the server has it: %t", n, failed, is)
		}
	}
	t.Logf("%d of %d writes had taken effect when their answer was lost", landed, writes)
	if landed < writes/4 {
		t.Error("too few to say that the outcome was unknown")
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}

// cutEngine is cut off right before a swap.
type cutEngine struct {
	engine

	beforeSwap atomic.Value // of func(), once
}

func (c *cutEngine) Swap(ctx context.Context, data []byte, ifVersion string) (string, error) {
	if cut, _ := c.beforeSwap.Swap(func() {}).(func()); cut != nil {
		cut()
	}
	return c.engine.Swap(ctx, data, ifVersion)
}

// awaits reports whether the store gets past a revision within a moment.
func (s *site) awaits(direct *keystore.Store, revision int64) bool {
	deadline := time.After(100 * time.Millisecond)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if must(direct.Status(s.t.Context())).Revision > revision {
				return true
			}
		case <-deadline:
			return false
		}
	}
}

func TestALockOutlastsASlowNetwork(t *testing.T) {
	t.Parallel()
	eachProxied(t, func(t *testing.T, p *proxy, through, past string) {
		t.Helper()
		s := newSite(t, past, longLease())
		s.address = through
		store := s.store(s.open())
		lock, err := store.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.add(latency)
		deadline := time.After(20 * time.Second)
		for n, over := 0, false; !over; n++ {
			if err := store.PutJournal(t.Context(), keystore.JournalRecord{ID: fmt.Sprint("record", n)}); err != nil {
				t.Errorf("write %d with 2 s of latency: %v", n, err)
			}
			select {
			case <-deadline:
				over = true
			default:
			}
		}
		if err := lock.Held(); err != nil {
			t.Errorf("after 20 s: %v", err)
		}
		p.heal()
		if err := lock.Unlock(); err != nil {
			t.Error(err)
		}
	})
}

func TestABlackHoleEndsALockBeforeAnotherHasIt(t *testing.T) {
	t.Parallel()
	for name, toxics := range map[string][]string{
		"nothing gets through":  {lostUpstream, lostDownstream},
		"no request gets there": {lostUpstream},
		"no answer comes back":  {lostDownstream},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachProxied(t, func(t *testing.T, p *proxy, through, past string) {
				t.Helper()
				s := newShortSite(t, past)
				other := s.store(s.open())
				s.address = through
				lock, err := s.store(s.open()).Lock(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				p.add(toxics...)
				lost := make(chan time.Time, 1)
				go func() {
					for lock.Held() == nil {
						<-time.After(time.Millisecond)
					}
					lost <- time.Now()
				}()
				taken, err := other.Lock(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				now := time.Now()
				select {
				case at := <-lost:
					if margin := now.Sub(at); margin < 200*time.Millisecond {
						t.Errorf("the lock went on %v after its holder had lost it", margin)
					}
				default:
					t.Error("two hold the lock")
				}
				p.heal()
				if lock.Held() == nil || taken.Held() != nil {
					t.Error("the lock has come back to who had lost it")
				}
				_, _ = lock.Unlock(), taken.Unlock()
			})
		})
	}
}
