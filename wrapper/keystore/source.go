package keystore

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// MaxFollowDelay is how long a [CurrentSource] may give the key that was current before, once
// another is: our own choice. Whoever revokes the key that was replaced waits longer than that,
// and than a request takes.
const MaxFollowDelay = time.Second

const (
	// lookEvery is how old an answer of the store may be before it is looked at again. The rest of
	// MaxFollowDelay is for the store to answer.
	lookEvery = MaxFollowDelay / 4
	// lookTimeout bounds a look at the store: our own choice.
	lookTimeout = 15 * time.Second
	// quickLook is what a look may take for the call that begins the next one to wait for that: our own
	// choice, a multiple of what a directory needs.
	quickLook = 50 * time.Millisecond
)

var _ wrapper.CredentialSource = (*CurrentSource)(nil)

var errNoSource = errors.New("keystore: the source has no store; make one with Source, of a store from Open")

// followPause is how long [CurrentSource.Follow] waits after an error: our own choice.
const followPause = time.Second

// CurrentSource is a [wrapper.CredentialSource] that gives the credentials of the entry that is
// current for a base URL, and follows when another becomes current. It is safe for concurrent
// use. It holds nothing open: the store is looked at when credentials are asked for and the last look is
// 250 ms old. The look is made in the background and takes at most 15 s. Calls go on with what they
// have; only where the last look took less than 50 ms does the call that begins one wait for it. So a slow
// store costs no call anything, and one that hangs stops no program that has credentials.
type CurrentSource struct {
	store   CurrentReader
	baseURL string
	signer  func(context.Context, Entry) (crypto.Signer, error)
	logger  *slog.Logger
	now     func() time.Time

	last atomic.Pointer[look]
	// following is set while Follow waits for a change.
	following atomic.Bool
	// mu guards underWay, the look that is under way, nil if none is.
	mu       sync.Mutex
	underWay *pending
}

// pending is a look at the store that is under way.
type pending struct {
	// done is closed at its end. err is set before, if there are no credentials.
	done chan struct{}
	err  error
}

// look is one reading of the store. It does not change.
type look struct {
	credentials *wrapper.Credentials
	// publicKey is that of the credentials, as the entry has it.
	publicKey string
	at        time.Time
	// quick says that the store answered in less than quickLook.
	quick bool
	// problem says why the credentials are those of an earlier look.
	problem string
}

// SourceOption sets up a [CurrentSource].
type SourceOption func(*CurrentSource)

// WithSigner calls open for an entry without a private key in the store, to get the signer that
// stands for it, in an HSM or a KMS. It is called once each time that another entry becomes
// current, and again after an error. The signer must be safe for concurrent use; its public key
// is compared with the entry's.
func WithSigner(open func(ctx context.Context, entry Entry) (crypto.Signer, error)) SourceOption {
	return func(s *CurrentSource) { s.signer = open }
}

// WithLogger logs a warning when the current entry cannot be used and the one before stays in
// use, once for each cause, and when another entry is followed. Records hold key IDs and errors,
// no key material. Nothing is logged without this option, or with nil.
func WithLogger(logger *slog.Logger) SourceOption {
	return func(s *CurrentSource) { s.logger = cmp.Or(logger, slog.New(slog.DiscardHandler)) }
}

// WithClock sets where the time comes from, for tests. Without this option, or with nil, it is
// the system's.
func WithClock(now func() time.Time) SourceOption {
	return func(s *CurrentSource) {
		if s.now = now; now == nil {
			s.now = time.Now
		}
	}
}

// Source returns a source that follows what is current for baseURL in store, which is a [*Store] or, on a
// server, a [*Published]. It does not look at the store yet. An option that is nil is left out.
func Source(store CurrentReader, baseURL string, opts ...SourceOption) *CurrentSource {
	if store == (*Store)(nil) || store == (*Published)(nil) {
		store = nil
	}
	s := &CurrentSource{
		store: store, baseURL: baseURL,
		logger: slog.New(slog.DiscardHandler), now: time.Now,
	}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	return s
}

// Credentials returns the credentials of the current entry. If that cannot be used, because it
// is damaged, revoked, without a private key, or because the store does not answer, it returns
// those it returned last; the first time there are none, and it waits for the store and returns the
// error. Once no call has come for [MaxFollowDelay], one call waits for the store, 250 ms at most, so that
// it does not get a key that was replaced long ago. A CurrentSource that does not come from [Source], or
// has no store, returns an error that says so.
func (s *CurrentSource) Credentials(ctx context.Context) (*wrapper.Credentials, error) {
	if s == nil || s.store == nil {
		return nil, errNoSource
	}
	last := s.last.Load()
	if last == nil {
		return s.first(ctx)
	}
	if age := s.now().Sub(last.at); age >= s.lookAfter() && ctx.Err() == nil {
		underWay, isMine := s.begin(ctx)
		if isMine && (last.quick || age >= MaxFollowDelay) {
			s.waitFor(ctx, underWay)
		}
	}
	return s.last.Load().credentials, nil
}

// lookAfter returns how old a look may be. One that is followed is looked at all the same, for a
// connection that is dead without saying so.
func (s *CurrentSource) lookAfter() time.Duration {
	if s.following.Load() {
		return MaxFollowDelay
	}
	return lookEvery
}

// Follow looks whenever the store has changed, until ctx ends, and then returns the error of ctx. Run it in
// a goroutine where many programs follow one server: a change is followed at once, and calls ask the
// server four times less. Without it, a call looks by itself.
func (s *CurrentSource) Follow(ctx context.Context) error {
	if s == nil || s.store == nil {
		return errNoSource
	}
	defer s.following.Store(false)
	for {
		_, err := s.first(ctx)
		if err == nil {
			s.following.Store(true)
			err = s.store.Changed(ctx, s.baseURL)
		}
		if err == nil {
			underWay, _ := s.begin(ctx)
			select {
			case <-underWay.done:
			case <-ctx.Done():
			}
		} else {
			s.following.Store(false)
			_ = protocol.Wait(ctx, followPause)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// first waits for a look, whoever has begun it.
func (s *CurrentSource) first(ctx context.Context) (*wrapper.Credentials, error) {
	if last := s.last.Load(); last != nil {
		return last.credentials, nil
	}
	underWay, _ := s.begin(ctx)
	select {
	case <-underWay.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if last := s.last.Load(); last != nil {
		return last.credentials, nil
	}
	return nil, underWay.err
}

func (s *CurrentSource) waitFor(ctx context.Context, underWay *pending) {
	ctx, cancel := context.WithTimeout(ctx, lookEvery)
	defer cancel()
	select {
	case <-underWay.done:
	case <-ctx.Done():
	}
}

// begin begins a look unless one is under way, and reports whether it did. The look outlives the call
// that began it, and ends by itself.
func (s *CurrentSource) begin(ctx context.Context) (underWay *pending, isMine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.underWay != nil {
		return s.underWay, false
	}
	underWay = &pending{done: make(chan struct{})}
	s.underWay = underWay
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	go func() {
		defer cancel()
		underWay.err = s.look(ctx)
		s.mu.Lock()
		s.underWay = nil
		s.mu.Unlock()
		close(underWay.done)
	}()
	return underWay, true
}

// look looks at the store, and returns an error if there are no credentials.
func (s *CurrentSource) look(ctx context.Context) error {
	last, begun := s.last.Load(), time.Now()
	next, err := s.next(ctx, last)
	switch {
	case err == nil:
		next.quick = time.Since(begun) < quickLook
		s.follow(ctx, last, next)
	case last == nil:
		return err
	default:
		next = s.stay(ctx, last, err)
	}
	s.last.Store(next)
	return nil
}

// next looks at the store.
func (s *CurrentSource) next(ctx context.Context, last *look) (*look, error) {
	at := s.now()
	entry, err := s.store.Current(ctx, s.baseURL)
	if err != nil {
		return nil, err
	}
	if entry.State == StateRevoked {
		return nil, fmt.Errorf("%w: %s, which is current, is revoked", ErrNoPrivateKey, entry.KeyID)
	}
	if last != nil && last.credentials.KeyID() == entry.KeyID && last.publicKey == entry.PublicKey {
		return &look{credentials: last.credentials, publicKey: entry.PublicKey, at: at}, nil
	}
	credentials, err := s.open(ctx, entry)
	if err != nil {
		return nil, err
	}
	return &look{credentials: credentials, publicKey: entry.PublicKey, at: at}, nil
}

func (s *CurrentSource) open(ctx context.Context, entry Entry) (*wrapper.Credentials, error) {
	credentials, err := s.credentialsOf(ctx, entry)
	if err != nil {
		return nil, err
	}
	public, ok := parsePublicKey(entry.PublicKey)
	if !ok || !sameKey(credentials.Signer().Public(), public) {
		return nil, fmt.Errorf("%w: the private key for %s does not belong to its public key", ErrInvalid, entry.KeyID)
	}
	return credentials, nil
}

func (s *CurrentSource) credentialsOf(ctx context.Context, entry Entry) (*wrapper.Credentials, error) {
	if !entry.PrivateKey.IsEmpty() || s.signer == nil {
		return entry.Credentials()
	}
	signer, err := s.signer(ctx, entry)
	if err != nil {
		return nil, fmt.Errorf("keystore: the signer for %s cannot be opened: %w", entry.KeyID, err)
	}
	return wrapper.NewSignerCredentials(entry.KeyID, signer)
}

func (s *CurrentSource) follow(ctx context.Context, last, next *look) {
	if last != nil && (last.credentials != next.credentials || last.problem != "") {
		s.logger.LogAttrs(ctx, slog.LevelInfo, "following the current API key", slog.String("key_id", next.credentials.KeyID()))
	}
}

// stay returns a look with the credentials of last, and says why once.
func (s *CurrentSource) stay(ctx context.Context, last *look, cause error) *look {
	problem := cause.Error()
	if problem != last.problem {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "the current API key cannot be used; the one before stays in use",
			slog.String("key_id", last.credentials.KeyID()), slog.String("error", problem))
	}
	return &look{credentials: last.credentials, publicKey: last.publicKey, at: s.now(), quick: last.quick, problem: problem}
}
