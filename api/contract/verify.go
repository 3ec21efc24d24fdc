package contract

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

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
	// HTTPClient sends the requests. Its redirect policy is not used: redirects are answers to
	// be judged. When nil, a client with a timeout of 30 s is used.
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

// A VerifyOption changes how [Verify] works.
type VerifyOption func(*verifySettings)

type verifySettings struct {
	readOnly bool
	progress func(Check)
	settle   time.Duration
	rateWait time.Duration
}

// ReadOnly has Verify send GET requests only, so that nothing can change.
func ReadOnly() VerifyOption {
	return func(s *verifySettings) { s.readOnly = true }
}

// WithProgress has Verify call progress after every check, from its own goroutine.
func WithProgress(progress func(Check)) VerifyOption {
	return func(s *verifySettings) { s.progress = progress }
}

// WithSettleTime sets how long a key may take to work, to be listed and to disappear before it
// is a deviation. What counts is when the target is asked, not when it answers. The service's
// list is known to lag behind; how long is not recorded. The default is 10 s (our own choice).
func WithSettleTime(d time.Duration) VerifyOption {
	return func(s *verifySettings) { s.settle = d }
}

// WithRateLimitWait sets how long to wait after a 429 without Retry-After. The default is 1 s
// (our own choice): the documented limits refill within that.
func WithRateLimitWait(d time.Duration) VerifyOption {
	return func(s *verifySettings) { s.rateWait = d }
}

// Times and counts of Verify, all our own choice.
const (
	defaultSettleTime    = 10 * time.Second
	defaultRateLimitWait = time.Second
	defaultClientTimeout = 30 * time.Second
	pollInterval         = 200 * time.Millisecond
	cleanupTime          = 60 * time.Second
	maxRateLimited       = 10
	maxRateLimitWait     = 30 * time.Second
	maxSilent            = 5
	// Well inside every clock window on record.
	maxSkew = 5 * time.Second
	// Far outside every clock window on record.
	expiredBy = 10 * time.Minute
)

// ErrTarget reports a target that cannot be verified: what [Verify] was given does not describe
// one, or it does not answer.
var ErrTarget = errors.New("contract: the target cannot be verified")

// Verify holds a live server against the contract. It sends right and wrong requests for every
// operation and judges each answer: its status, and its headers and body against the contract.
//
// Right requests are: a list; generate for each key type, with each scope, for the lowest and
// highest subaccount and for a subtrader; create with an RSA and an Ed25519 key; delete. Each
// key that is made must be listed, once, with the scopes and the restriction that were asked
// for and no others; those of each key type must sign one list and be refused once they are
// deleted. The list of a subtrader must hold its keys only.
//
// Wrong requests are derived from the contract: each required field missing, each type wrong,
// each bound crossed, each header missing or wrong, and foreign methods, paths and trailing
// slashes. One that is accepted all the same is a deviation, and the key it made is deleted.
//
// Tolerated, with a note in the report, is what depends on the account or is on no record: 403
// on create for want of the usage level; refusals of subaccounts and subtraders the account
// does not have; null for an optional field, unknown fields and duplicate keys in a request
// being ignored; 415 instead of 400 for a wrong content type; fields in responses that the
// contract does not have yet. A 429 is waited for, and a request that is answered 401 after so
// long that its timestamp may have expired on the way is sent once more.
//
// Keys are named kalshi-contract-verify-… and deleted as soon as they have served, at the
// latest before Verify returns: also when ctx ends, for which it then takes up to a minute.
// Keys that existed before, and the target's own, are never deleted. Nor is a key that has come
// into the list meanwhile without an answer or a name that tells whose it is: a request whose
// answer got lost may have made it, or another program. It is reported as breaking, to be looked
// at by hand. Private keys in answers are used for one request and dropped; neither they nor
// signatures are in the report.
//
// The report is never nil. The error is [ErrTarget] when nothing was sent or the target has
// stopped to answer, or that of ctx when it ended before all checks were done. Deviations are no error: ask [Report.Passed].
func Verify(ctx context.Context, target Target, opts ...VerifyOption) (*Report, error) {
	report := &Report{BaseURL: target.BaseURL, Started: time.Now().UTC()}
	p, err := newProbe(ctx, target, report, opts)
	if err != nil {
		return report, err
	}
	defer p.stop(nil)
	p.run()
	report.Duration = time.Since(report.Started)
	if err := context.Cause(p.ctx); err != nil {
		report.Unfinished = true
		return report, fmt.Errorf("contract: verification was interrupted: %w", err)
	}
	return report, nil
}

func newProbe(ctx context.Context, target Target, report *Report, opts []VerifyOption) (*probe, error) {
	settings := verifySettings{settle: defaultSettleTime, rateWait: defaultRateLimitWait}
	for _, opt := range opts {
		opt(&settings)
	}
	report.ReadOnly = settings.readOnly
	base, err := checkBaseURL(target.BaseURL)
	if err != nil {
		return nil, err
	}
	if !isUUID(target.KeyID) || target.Signer == nil {
		return nil, fmt.Errorf("%w: it needs a key ID, which is a UUID, and a signer", ErrTarget)
	}
	client := &http.Client{Timeout: defaultClientTimeout}
	if target.HTTPClient != nil {
		copied := *target.HTTPClient
		client = &copied
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var tag [6]byte
	if _, err := rand.Read(tag[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTarget, err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	return &probe{
		ctx: ctx, stop: stop, base: base, client: client, settings: settings, report: report,
		self:   identity{target.KeyID, target.Signer},
		prefix: "kalshi-contract-verify-" + hex.EncodeToString(tag[:]),
		kept:   map[string]bool{strings.ToLower(target.KeyID): true},
		made:   map[string]fate{},
		told:   map[string]bool{},
		late:   map[string]bool{},
	}, nil
}

func checkBaseURL(text string) (string, error) {
	base, err := url.Parse(text)
	switch {
	case err != nil || base.Host == "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil:
		return "", fmt.Errorf("%w: the base URL must be scheme, host and path", ErrTarget)
	case base.Scheme != "https" && (base.Scheme != "http" || !isLoopback(base.Hostname())):
		return "", fmt.Errorf("%w: the base URL must be https, or http to loopback", ErrTarget)
	}
	return strings.TrimSuffix(base.String(), "/"), nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
