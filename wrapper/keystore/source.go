package keystore

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

// MaxFollowDelay is how long a [CurrentSource] may give the key that was current before, once
// another is: our own choice. Whoever revokes the key that was replaced waits longer than that,
// and than a request takes.
const MaxFollowDelay = time.Second

// lookEvery is how old an answer of the store may be. The rest of MaxFollowDelay is for the
// store to answer.
const lookEvery = MaxFollowDelay / 4

var _ wrapper.CredentialSource = (*CurrentSource)(nil)

var errNoSource = errors.New("keystore: the source has no store; make one with Source, of a store from Open")

// CurrentSource is a [wrapper.CredentialSource] that gives the credentials of the entry that is
// current for a base URL, and follows when another becomes current. It is safe for concurrent
// use. It starts nothing and holds nothing open: the store is looked at when credentials are
// asked for and the last look is 250 ms old.
type CurrentSource struct {
	store   *Store
	baseURL string
	signer  func(context.Context, Entry) (crypto.Signer, error)
	logger  *slog.Logger
	now     func() time.Time

	// looking is held by the one who looks at the store.
	looking chan struct{}
	last    atomic.Pointer[look]
}

// look is one reading of the store. It does not change.
type look struct {
	credentials *wrapper.Credentials
	// publicKey is that of the credentials, as the entry has it.
	publicKey string
	at        time.Time
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

// Source returns a source that follows what is current for baseURL in store. It does not look
// at the store yet. An option that is nil is left out.
func Source(store *Store, baseURL string, opts ...SourceOption) *CurrentSource {
	s := &CurrentSource{
		store: store, baseURL: baseURL,
		logger: slog.New(slog.DiscardHandler), now: time.Now,
		looking: make(chan struct{}, 1),
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
// those it returned last; the first time there are none, and it returns the error. A
// CurrentSource that does not come from [Source], or has no store, returns an error that says so.
func (s *CurrentSource) Credentials(ctx context.Context) (*wrapper.Credentials, error) {
	if s == nil || s.store == nil {
		return nil, errNoSource
	}
	last := s.last.Load()
	if last != nil {
		if s.now().Sub(last.at) < lookEvery || !s.tryLook() {
			return last.credentials, nil
		}
	} else if err := s.waitToLook(ctx); err != nil {
		return nil, err
	}
	defer func() { <-s.looking }()
	return s.look(ctx)
}

// tryLook reports whether the caller is the one to look. Nobody who has credentials waits for
// another's look, which may take long.
func (s *CurrentSource) tryLook() bool {
	select {
	case s.looking <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *CurrentSource) waitToLook(ctx context.Context) error {
	select {
	case s.looking <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *CurrentSource) look(ctx context.Context) (*wrapper.Credentials, error) {
	last := s.last.Load()
	if last != nil && s.now().Sub(last.at) < lookEvery {
		return last.credentials, nil // another has looked in the meantime
	}
	next, err := s.next(ctx, last)
	switch {
	case err == nil:
		s.follow(ctx, last, next)
	case last == nil:
		return nil, err
	case ctx.Err() != nil:
		next = last // what failed was the caller's patience, not the store
	default:
		next = s.stay(ctx, last, err)
	}
	s.last.Store(next)
	return next.credentials, nil
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
	return &look{credentials: last.credentials, publicKey: last.publicKey, at: s.now(), problem: problem}
}
