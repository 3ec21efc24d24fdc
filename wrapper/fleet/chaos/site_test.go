package chaos_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	filippo "filippo.io/age"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/fleet/age"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// site is a service, and a store on a server with a key in it.
type site struct {
	t       *testing.T
	box     *sandbox.Sandbox
	baseURL string
	first   sandbox.Key
	// hold has a function, if any, that is called with each request before the service works on it.
	hold atomic.Value

	address string
	lease   keystore.Lease
	// recipients is the file that says who opens what; rotator and bot are files with identities.
	recipients, rotator, bot string
}

// shortLease and shortWindow are the lease and the service's window for timestamps where a test waits for a
// takeover. As in the field, the two together are shorter than the silence before one.
func shortLease() keystore.Lease {
	return keystore.Lease{Term: time.Second, Beat: 250 * time.Millisecond, Takeover: 2500 * time.Millisecond}
}

const shortWindow = 1400 * time.Millisecond

// newSite makes a site whose store is at the address.
func newSite(t *testing.T, address string, lease keystore.Lease, options ...sandbox.Option) *site {
	t.Helper()
	s := &site{t: t, box: sandbox.New(options...), address: address, lease: lease}
	s.makeIdentities()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hold, ok := s.hold.Load().(func(*http.Request)); ok {
			hold(r)
		}
		s.box.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.baseURL = server.URL + sandbox.BasePath
	var err error
	if s.first, err = s.box.Bootstrap(sandbox.OfType(sandbox.Ed25519), sandbox.Named("bot")); err != nil {
		t.Fatal(err)
	}
	opened := s.open()
	if err := opened.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	manager := s.manager(s.store(opened))
	if _, err := manager.Import(t.Context(), lifecycle.ImportRequest{KeyID: s.first.ID, PrivateKey: s.first.PrivateKey}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) makeIdentities() {
	s.t.Helper()
	dir, text := s.t.TempDir(), ""
	for role, path := range map[string]*string{"rotator": &s.rotator, "bot": &s.bot} {
		identity, err := filippo.GenerateX25519Identity()
		if err != nil {
			s.t.Fatal(err)
		}
		*path = filepath.Join(dir, role)
		text += role + " " + identity.Recipient().String() + "\n"
		if err := os.WriteFile(*path, []byte(identity.String()+"\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	s.recipients = filepath.Join(dir, "recipients")
	if err := os.WriteFile(s.recipients, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) open() engine {
	s.t.Helper()
	opened, err := openEngine(s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(opened.Close)
	return opened
}

func (s *site) sealer() *age.Sealer {
	s.t.Helper()
	sealer, err := age.Load(s.recipients, s.rotator)
	if err != nil {
		s.t.Fatal(err)
	}
	return sealer
}

// store returns the store of a rotator.
func (s *site) store(opened keystore.Document) *keystore.Store {
	s.t.Helper()
	return keystore.New(opened, keystore.WithSealer(s.sealer()), keystore.WithLease(s.lease))
}

func (s *site) manager(store *keystore.Store) *lifecycle.Manager {
	s.t.Helper()
	manager, err := lifecycle.New(store, s.baseURL, lifecycle.WithSettle(time.Second))
	if err != nil {
		s.t.Fatal(err)
	}
	return manager
}

// published returns what a bot reads.
func (s *site) published(opened keystore.Publisher) *keystore.Published {
	s.t.Helper()
	sealer, err := age.Load("", s.bot)
	if err != nil {
		s.t.Fatal(err)
	}
	return keystore.NewPublished(opened, sealer)
}

// works signs a request with the key of an entry.
func (s *site) works(ctx context.Context, source wrapper.CredentialSource) error {
	client, err := wrapper.NewClient(source, wrapper.WithBaseURL(s.baseURL))
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	_, err = client.GetAPIKeys(ctx)
	return err
}

// checkPromises recovers, and checks that no key was lost or orphaned. The journal may go on to watch for a key
// that a request did not make.
func (s *site) checkPromises() {
	s.t.Helper()
	store := s.store(s.open())
	report, err := s.manager(store).Recover(s.t.Context())
	if err != nil {
		s.t.Errorf("recover: %v", err)
	}
	for _, open := range report.Open {
		if open.Action != lifecycle.RecoverWatch {
			s.t.Errorf("after recovering there is still %+v", open)
		}
	}
	entries, err := store.List(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, key := range s.box.Keys() {
		at := slices.IndexFunc(entries, func(e keystore.Entry) bool { return e.KeyID == key.ID })
		switch {
		case key.Deleted:
			if at >= 0 && entries[at].State != keystore.StateRevoked {
				s.t.Errorf("key %s is deleted, and %s in the store", key.ID, entries[at].State)
			}
		case at < 0:
			s.t.Errorf("key %s (%s) is live, and nobody holds it", key.ID, key.Name)
		case entries[at].State != keystore.StateActive:
			s.t.Errorf("key %s is live, and %s in the store", key.ID, entries[at].State)
		}
	}
	current, err := s.published(s.open()).Current(s.t.Context(), s.baseURL)
	if err != nil {
		s.t.Fatal(err)
	}
	credentials, err := current.Credentials()
	if err == nil {
		err = s.works(s.t.Context(), credentials)
	}
	if err != nil {
		s.t.Errorf("the current key: %v", err)
	}
}

// process is a rotator.
type process struct {
	t       *testing.T
	command *exec.Cmd
	lines   *bufio.Scanner
	stderr  strings.Builder
}

func (s *site) start(r rotator) *process {
	s.t.Helper()
	r.Store, r.BaseURL, r.Recipients, r.Identity, r.Lease = s.address, s.baseURL, s.recipients, s.rotator, s.lease
	if r.Rotations == 0 {
		r.Rotations = 1
	}
	text, err := json.Marshal(r)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &process{t: s.t, command: exec.CommandContext(s.t.Context(), os.Args[0])}
	p.command.Env = append(os.Environ(), roleVariable+"="+string(text))
	p.command.Stderr = &p.stderr
	stdout, err := p.command.StdoutPipe()
	if err == nil {
		err = p.command.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = p.command.Process.Kill() })
	p.lines = bufio.NewScanner(stdout)
	return p
}

// next returns what the process says of its next rotation, and whether it has stopped instead. Without
// either, it has ended.
func (p *process) next() (said rotated, stopped, ended bool) {
	p.t.Helper()
	if !p.lines.Scan() {
		return said, false, true
	}
	if p.lines.Text() == stopping {
		p.awaitStop()
		return said, true, false
	}
	if err := json.Unmarshal(p.lines.Bytes(), &said); err != nil {
		p.t.Fatalf("the rotator says %q", p.lines.Text())
	}
	return said, false, false
}

// awaitStop waits until the system has stopped the process.
func (p *process) awaitStop() {
	p.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
		if err != nil {
			p.t.Fatal(err)
		}
		if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "T") {
			return
		}
	}
}

func (p *process) signal(signal syscall.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
}

// finish waits for the end of the process, and returns what it says until then.
func (p *process) finish() (all []rotated) {
	p.t.Helper()
	for {
		said, stopped, ended := p.next()
		switch {
		case stopped:
			p.t.Error("the rotator has stopped again")
			p.signal(syscall.SIGCONT)
		case ended:
			if err := p.command.Wait(); err != nil {
				p.t.Errorf("the rotator: %v %s", err, p.stderr.String())
			}
			return all
		default:
			all = append(all, said)
		}
	}
}

// exchanges returns how many exchanges the service has had.
func (s *site) exchanges() int {
	all := s.box.Exchanges()
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Number
}

// accepted returns the requests after the first so many that have changed something.
func (s *site) accepted(since int) (requests []string) {
	for _, exchange := range s.box.Exchanges() {
		if exchange.Number > since && exchange.Status >= 200 && exchange.Status < 300 && exchange.Method != http.MethodGet {
			requests = append(requests, exchange.Method+" "+exchange.Path)
		}
	}
	return requests
}

// must returns what a test cannot go on without.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
