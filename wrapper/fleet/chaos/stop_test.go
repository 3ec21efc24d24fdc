package chaos_test

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper/fleet/internal/server"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// servers are those that the tests of a kind share. Each test has a store of its own.
type servers struct {
	name string
	url  func(store string) string
}

// eachServer runs a test with Postgres and with three members of etcd.
func eachServer(t *testing.T, test func(t *testing.T, on servers)) {
	t.Helper()
	t.Run("Postgres", func(t *testing.T) {
		db := server.NewPostgres(t)
		test(t, servers{"Postgres", func(store string) string { return db.URL("postgres", store) }})
	})
	t.Run("etcd", func(t *testing.T) {
		cluster := server.NewEtcd(t, 3)
		test(t, servers{"etcd", cluster.URL})
	})
}

// newShortSite makes a site whose service refuses timestamps soon.
func newShortSite(t *testing.T, address string) *site {
	t.Helper()
	return newSite(t, address, shortLease(), sandbox.WithChoices(sandbox.Choices{Behind: shortWindow, Ahead: shortWindow}))
}

func TestAHolderThatWasStoppedTouchesNothingAfterATakeover(t *testing.T) {
	eachServer(t, func(t *testing.T, on servers) {
		t.Helper()
		var whole []rotated
		for try := 0; len(whole) != 1 || whole[0].Error != ""; try++ {
			if try == 5 {
				t.Fatalf("a rotation that is not stopped: %+v", whole)
			}
			whole = newShortSite(t, on.url(fmt.Sprint("whole", try))).start(rotator{}).finish()
		}
		t.Logf("a rotation makes %d writes and %d requests", whole[0].Writes, whole[0].Requests)
		// The first write takes the lock: who is stopped there holds nothing.
		for step := int64(2); step <= whole[0].Writes; step++ {
			t.Run(fmt.Sprint("at write ", step), func(t *testing.T) {
				t.Parallel()
				stopAndTakeOver(t, on.url(fmt.Sprint("write", step)), rotator{StopAtWrite: step})
			})
		}
		for step := int64(1); step <= whole[0].Requests; step++ {
			t.Run(fmt.Sprint("at request ", step), func(t *testing.T) {
				t.Parallel()
				stopAndTakeOver(t, on.url(fmt.Sprint("request", step)), rotator{StopAtRequest: step})
			})
		}
	})
}

// stopAndTakeOver stops a rotator at a step, has another take its lock and recover, and lets it go on.
func stopAndTakeOver(t *testing.T, address string, r rotator) {
	t.Helper()
	var (
		s       *site
		holder  *process
		stopped bool
	)
	for try := 0; !stopped; try++ {
		// On a machine that stands still the rotator may lose its lock before.
		s = newShortSite(t, fmt.Sprint(address, "-", try))
		holder = s.start(r)
		if _, stopped, _ = holder.next(); !stopped && try == 5 {
			t.Fatal("the rotator was not stopped")
		}
	}
	engine := s.open()
	if _, err := s.manager(s.store(engine)).Recover(t.Context()); err != nil {
		t.Fatalf("who takes over: %v", err)
	}
	since := s.exchanges()
	before, _, err := engine.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	holder.signal(syscall.SIGCONT)
	for _, said := range holder.finish() {
		if said.Error != "" && (!said.Unfinished || !said.LockLost) {
			t.Errorf("the former holder says %q", said.Error)
		}
	}
	if accepted := s.accepted(since); len(accepted) > 0 {
		t.Errorf("after the takeover the service has accepted %q", accepted)
	}
	after, _, err := engine.Load(t.Context())
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("after the takeover the former holder has written, %v", err)
	}
	s.checkPromises()
}

func TestADeletionOnItsWayDoesNotTakeTheCurrentKey(t *testing.T) {
	eachServer(t, func(t *testing.T, on servers) {
		t.Helper()
		for round := range 20 {
			t.Run(fmt.Sprint("round ", round+1), func(t *testing.T) {
				t.Parallel()
				deleteLate(t, on.url(fmt.Sprint("late", round)))
			})
		}
	})
}

// deleteLate holds a deletion back on its way, until another has taken the lock and gone back to the old key.
func deleteLate(t *testing.T, address string) {
	t.Helper()
	s := newShortSite(t, address)
	arrived, goOn := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	defer release()
	var held atomic.Bool
	s.hold.Store(func(r *http.Request) {
		if r.Method == http.MethodDelete && !held.Swap(true) {
			close(arrived)
			<-goOn
		}
	})
	holder := s.start(rotator{})
	<-arrived
	holder.signal(syscall.SIGSTOP)
	holder.awaitStop()
	store := s.store(s.open())
	lock, err := store.Lock(t.Context())
	if err == nil {
		err = store.SetCurrent(t.Context(), s.baseURL, s.first.ID)
	}
	if err == nil {
		err = lock.Unlock()
	}
	if err != nil {
		t.Fatal(err)
	}
	since := s.exchanges()
	release()
	holder.signal(syscall.SIGCONT)
	for _, said := range holder.finish() {
		if said.Error == "" || !said.Unfinished {
			t.Errorf("the former holder says %+v", said)
		}
	}
	if accepted := s.accepted(since); len(accepted) > 0 {
		t.Errorf("the service has accepted %q", accepted)
	}
	s.checkPromises()
	current, err := s.published(s.open()).Current(t.Context(), s.baseURL)
	if err != nil || current.KeyID != s.first.ID || current.State != keystore.StateActive {
		t.Errorf("the current key is %s, %s, %v; want the old one", current.KeyID, current.State, err)
	}
}
