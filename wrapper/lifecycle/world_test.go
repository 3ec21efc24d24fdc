package lifecycle_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/keystore"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// world is a service, a store with a key in it, and a program between them that can die and be
// started afresh.
type world struct {
	t       *testing.T
	clock   *fakeClock
	box     *sandbox.Sandbox
	server  *httptest.Server
	engine  *keystore.Memory
	baseURL string
	first   sandbox.Key
	carrier *carrier

	seam    *seam
	store   *keystore.Store
	manager *lifecycle.Manager
	options []lifecycle.Option
	// openSigner leads to the keys whose private half is not in the store, if there are any.
	openSigner func(context.Context, keystore.Entry) (crypto.Signer, error)
	// awaitsLate is set until a late request that makes a key has come to the service.
	awaitsLate bool
	// serving is held for reading by the service while it works on a request.
	serving sync.RWMutex
	// kept is the state in which the promises were found kept last.
	kept string
}

func newWorld(t *testing.T, options ...sandbox.Option) *world {
	t.Helper()
	w := emptyWorld(t, options...)
	if _, err := w.manager.Import(t.Context(), lifecycle.ImportRequest{KeyID: w.first.ID, PrivateKey: w.first.PrivateKey}); err != nil {
		t.Fatal(err)
	}
	w.restart()
	return w
}

// emptyWorld has a key at the service and none in the store.
func emptyWorld(t *testing.T, options ...sandbox.Option) *world {
	t.Helper()
	clock := newFakeClock()
	box := sandbox.New(append([]sandbox.Option{
		sandbox.WithClock(clock.Now), sandbox.WithWait(clock.Wait),
	}, options...)...)
	first, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519), sandbox.Named("bot"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: clock, box: box, engine: keystore.NewMemory(), first: first, carrier: newCarrier(t)}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.serving.RLock()
		defer w.serving.RUnlock()
		box.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	w.baseURL = w.server.URL + sandbox.BasePath
	w.restart()
	return w
}

// patient lets an attempt take as long as the machine needs for it, RSA keys included.
func patient() wrapper.Option {
	return wrapper.WithRetry(wrapper.Retry{AttemptTimeout: 5 * time.Minute})
}

// restart starts the program afresh, with nothing but what is in the store.
func (w *world) restart() {
	w.t.Helper()
	w.seam = newSeam()
	w.store = keystore.New(mortal{w.engine, w.seam})
	w.manager = w.newManager(w.options...)
}

func (w *world) newManager(more ...lifecycle.Option) *lifecycle.Manager {
	w.t.Helper()
	options := append([]lifecycle.Option{
		lifecycle.WithClock(w.clock),
		lifecycle.WithClientOptions(patient(), wrapper.WithHTTPTransport(w.seam.transport(w.carrier))),
	}, more...)
	manager, err := lifecycle.New(w.store, w.baseURL, options...)
	if err != nil {
		w.t.Fatal(err)
	}
	return manager
}

// run lets the program do something, and reports whether it died of it.
func (w *world) run(work func(*lifecycle.Manager) error) (died bool, err error) {
	defer func() {
		if met := recover(); met != nil {
			if _, ok := met.(crash); !ok {
				panic(met)
			}
			died = true
		}
	}()
	err = work(w.manager)
	return w.seam.isDead(), err
}

// liveKey is a key as the service has it, whatever its list shows.
type liveKey = sandbox.KeyState

func (w *world) liveKeys() []liveKey {
	return slices.DeleteFunc(w.box.Keys(), func(key liveKey) bool { return key.Deleted })
}

func (w *world) entries() []keystore.Entry {
	w.t.Helper()
	entries, err := w.store.List(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}

func (w *world) current() keystore.Entry {
	w.t.Helper()
	entry, err := w.store.Current(w.t.Context(), w.baseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	return entry
}

func (w *world) journal() []keystore.JournalRecord {
	w.t.Helper()
	records, err := w.store.Journal(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return records
}

// try signs a request as a client would that knows nothing of the program.
func (w *world) try(source wrapper.CredentialSource) error {
	client, err := w.newClient(source)
	if err != nil {
		return err
	}
	_, err = client.GetAPIKeys(w.t.Context())
	return err
}

func (w *world) newClient(source wrapper.CredentialSource) (*wrapper.Client, error) {
	return wrapper.NewClient(source, wrapper.WithBaseURL(w.baseURL), wrapper.WithClock(w.clock), patient(), wrapper.WithHTTPTransport(w.carrier))
}

func (w *world) currentWorks() error {
	return w.try(keystore.Source(w.store, w.baseURL, keystore.WithClock(w.clock.Now), keystore.WithSigner(w.openSigner)))
}

// checkAfterRecovery starts the program afresh, recovers, and checks the four promises.
func (w *world) checkAfterRecovery(before []keystore.Entry) error {
	w.restart()
	if err := w.currentWorks(); err != nil {
		return fmt.Errorf("current does not work before recovery: %w", err)
	}
	if _, err := w.manager.Recover(w.t.Context()); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if w.awaitsLate {
		return errors.New("recover has not waited for a request on its way")
	}
	// A grace period that has begun ends by itself.
	w.clock.advance(lifecycle.DefaultGrace)
	if _, err := w.manager.Recover(w.t.Context()); err != nil {
		return fmt.Errorf("recover after the grace period: %w", err)
	}
	return w.checkPromises(before)
}

func (w *world) checkPromises(before []keystore.Entry) error {
	if err := w.currentWorks(); err != nil {
		return fmt.Errorf("current does not work: %w", err)
	}
	state := w.snapshot()
	if state == w.kept {
		return nil // nothing has changed since it was checked
	}
	entries := w.entries()
	for _, key := range w.liveKeys() {
		at := slices.IndexFunc(entries, func(e keystore.Entry) bool { return e.KeyID == key.ID })
		if at < 0 {
			return fmt.Errorf("key %s (%s) is live, and nobody holds it", key.ID, key.Name)
		}
		if entries[at].State != keystore.StateActive {
			return fmt.Errorf("key %s is live, and %s", key.ID, entries[at].State)
		}
		if entries[at].PrivateKey.IsEmpty() {
			continue // its signer holds it
		}
		credentials, err := entries[at].Credentials()
		if err != nil {
			return err
		}
		if err := w.try(credentials); err != nil {
			return fmt.Errorf("the key that the store holds for %s does not work: %w", key.ID, err)
		}
	}
	for _, entry := range before {
		if !slices.ContainsFunc(entries, func(e keystore.Entry) bool { return e.KeyID == entry.KeyID }) {
			return fmt.Errorf("the entry of %s is lost", entry.KeyID)
		}
	}
	if err := w.checkSecondRecovery(state); err != nil {
		return err
	}
	w.kept = state
	return nil
}

// checkSecondRecovery makes sure that there is nothing left to recover.
func (w *world) checkSecondRecovery(was string) error {
	report, err := w.manager.Recover(w.t.Context())
	if err != nil {
		return fmt.Errorf("second recover: %w", err)
	}
	if len(report.Done) > 0 {
		return fmt.Errorf("the second recover still did %+v", report.Done)
	}
	if is := w.snapshot(); is != was {
		return fmt.Errorf("the second recover changed\n%s\ninto\n%s", was, is)
	}
	return nil
}

// snapshot is all that recovering could change: every byte of the store, and the service's keys.
func (w *world) snapshot() string {
	w.t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "store %x\n", sha256.Sum256(w.document()))
	for _, key := range w.liveKeys() {
		fmt.Fprintln(&text, "live", key.ID)
	}
	return text.String()
}

func (w *world) stateOf(keyID string) keystore.State {
	w.t.Helper()
	entry, err := w.store.Get(w.t.Context(), keyID)
	if err != nil {
		w.t.Fatal(err)
	}
	return entry.State
}

// mustMatch checks that err is each of the kinds.
func mustMatch(t *testing.T, err error, kinds ...error) {
	t.Helper()
	for _, kind := range kinds {
		if !errors.Is(err, kind) {
			t.Errorf("got %v, want %v", err, kind)
		}
	}
}

// Times of the package that it does not export.
const (
	proofTimeout = time.Minute
	watchPeriod  = 24 * time.Hour
	watchLooks   = 3
)

const ed25519Type = gen.KeyTypeEd25519

func (w *world) fault(fault sandbox.Fault) {
	w.t.Helper()
	if err := w.setFault(fault); err != nil {
		w.t.Fatal(err)
	}
}

// shortRequests returns the requests that the program sent, without what all paths share.
func (w *world) shortRequests() []string {
	short := make([]string, len(w.seam.requests))
	for i, request := range w.seam.requests {
		method, path, _ := strings.Cut(request, " ")
		if strings.HasSuffix(path, "/generate") {
			method += " generate"
		}
		short[i] = method
	}
	return short
}

func (w *world) makeCurrent(keyID string) {
	w.t.Helper()
	w.withLock(func(store *keystore.Store) error { return store.SetCurrent(w.t.Context(), w.baseURL, keyID) })
}

// cancelAtEnd calls cancel once the body has been read.
type cancelAtEnd struct {
	io.ReadCloser

	cancel func()
}

func (c cancelAtEnd) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		c.cancel()
	}
	return n, err
}

// deleteAtService deletes a key behind the program's back, signed with the world's first key.
func (w *world) deleteAtService(keyID string) {
	w.t.Helper()
	credentials, err := wrapper.NewCredentials(w.first.ID, []byte(w.first.PrivateKey.RevealPrivateKey()))
	if err != nil {
		w.t.Fatal(err)
	}
	client, err := w.newClient(credentials)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := client.DeleteAPIKey(w.t.Context(), keyID); err != nil {
		w.t.Fatal(err)
	}
}

// issueUntil lets the program die in an Issue by generate, at the first step of this name.
func (w *world) issueUntil(step string) {
	w.t.Helper()
	w.seam.strikeOn = step
	died, err := w.run(func(m *lifecycle.Manager) error {
		_, err := m.Issue(w.t.Context(), lifecycle.IssueRequest{Name: "bot", Type: ed25519Type})
		return err
	})
	if !died {
		w.t.Fatal(err)
	}
	w.restart()
}

// withLock lets a test change the store.
func (w *world) withLock(change func(*keystore.Store) error) {
	w.t.Helper()
	lock, err := w.store.Lock(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := errors.Join(change(w.store), lock.Unlock()); err != nil {
		w.t.Fatal(err)
	}
}

// document returns what the store's engine holds.
func (w *world) document() []byte {
	w.t.Helper()
	data, _, err := w.engine.Load(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// replaceDocument changes what the store's engine holds, behind the back of the store.
func (w *world) replaceDocument(data []byte) {
	w.t.Helper()
	_, version, err := w.engine.Load(w.t.Context())
	if err == nil {
		_, err = w.engine.Swap(w.t.Context(), data, version)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) writeJournal(id, data string) {
	w.t.Helper()
	w.withLock(func(store *keystore.Store) error {
		return store.PutJournal(w.t.Context(), keystore.JournalRecord{ID: id, Data: []byte(data)})
	})
}

// setState changes an entry behind the program's back.
func (w *world) setState(keyID string, state keystore.State) {
	w.t.Helper()
	w.withLock(func(store *keystore.Store) error {
		entry, err := store.Get(w.t.Context(), keyID)
		if err != nil {
			return err
		}
		entry.State, entry.ChangedAt = state, w.clock.Now()
		return store.Put(w.t.Context(), entry)
	})
}

func (w *world) markRevoked(keyID string) {
	w.t.Helper()
	w.setState(keyID, keystore.StateRevoked)
}
