package verify

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
	"kalshi.internal/apikeys/wrapper/secret"
)

// Target is a live server to verify, and the key to do it with. fmt, log/slog and encoding/json
// show its base URL and key ID, never its signer.
type Target struct {
	// BaseURL is where the contract's paths start, such as
	// https://demo-api.kalshi.co/trade-api/v2. Plain http is for loopback only.
	BaseURL string
	// KeyID is the ID of a key with full access. It is never deleted.
	KeyID string
	// Signer holds the private half of that key, RSA or Ed25519.
	Signer crypto.Signer
	// HTTPClient sends the requests. Its redirect policy is not used: a redirect is an answer to be
	// judged. When nil, a client with a timeout of 30 s is used (our own choice).
	HTTPClient *http.Client
}

// Format writes the base URL and the key ID for every valid verb.
func (t Target) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "Target{BaseURL: %q, KeyID: %q, Signer: %s}", t.BaseURL, t.KeyID, secret.Redacted)
}

// LogValue returns the base URL and the key ID for log/slog.
func (t Target) LogValue() slog.Value {
	return slog.GroupValue(slog.String("base_url", t.BaseURL), slog.String("key_id", t.KeyID))
}

// MarshalJSON writes the base URL and the key ID.
func (t Target) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"base_url": t.BaseURL, "key_id": t.KeyID})
}

// An Option changes how [Run] works.
type Option func(*settings)

type settings struct {
	readOnly bool
	progress func(Check)
	settle   time.Duration
}

// ReadOnly makes [Run] send GET requests only, so that nothing can change.
func ReadOnly() Option {
	return func(s *settings) { s.readOnly = true }
}

// WithProgress makes [Run] call progress after every check, from the goroutine that called Run.
func WithProgress(progress func(Check)) Option {
	return func(s *settings) { s.progress = progress }
}

// WithSettleTime sets how long a key may take to work, to be listed and to disappear before it
// is a deviation. What counts is when the target is asked, not when it answers. The service's
// list is known to lag behind; how long is not recorded. The default is 10 s (our own choice).
func WithSettleTime(d time.Duration) Option {
	return func(s *settings) { s.settle = d }
}

// Times and counts, all our own choice.
const (
	defaultSettleTime    = 10 * time.Second
	defaultClientTimeout = 30 * time.Second
	pollInterval         = 200 * time.Millisecond
	cleanupTime          = 60 * time.Second
	// The documented limits refill within this time.
	rateLimitWait    = time.Second
	maxRateLimitWait = 30 * time.Second
	maxRateLimited   = 10
	maxSilent        = 5
	// Well inside every clock window on record.
	maxSkew = 5 * time.Second
	// Far outside every clock window on record.
	expiredBy = 10 * time.Minute
)

// Run verifies target and returns what it found. It takes some minutes with the service's rate
// limits, and up to another minute to delete its keys after ctx has ended.
//
// The report is never nil. An error says that the checks are incomplete: the target does not describe
// a server that can be verified, the server has stopped answering, or ctx has ended. A deviation is
// not an error: ask [Report.Passed].
func Run(ctx context.Context, target Target, opts ...Option) (*Report, error) {
	report := &Report{BaseURL: target.BaseURL, Started: time.Now().UTC()}
	p, err := newProbe(ctx, target, report, opts)
	if err != nil {
		return report, fmt.Errorf("verify: the target cannot be verified: %w", err)
	}
	defer p.stop(nil)
	p.run()
	report.Duration = time.Since(report.Started)
	if err := context.Cause(p.ctx); err != nil {
		report.Unfinished = true
		return report, fmt.Errorf("verify: interrupted: %w", err)
	}
	return report, nil
}

func (t Target) check() (baseURL, basePath string, err error) {
	base, err := protocol.ParseBaseURL(t.BaseURL)
	switch {
	case err != nil:
		return "", "", err
	case !protocol.IsKeyID(t.KeyID):
		return "", "", errors.New("it needs the ID of a key, which is a UUID")
	case t.Signer == nil:
		return "", "", errors.New("it needs the signer of the key")
	}
	return base.String(), base.Path, nil
}
