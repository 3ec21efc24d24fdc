package wrapper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Retry is the policy of a call: how often, how patiently and how late a request may be sent.
type Retry struct {
	// MaxAttempts is how often a request is sent at most, the first time included; 1 turns
	// retries off.
	MaxAttempts int
	// AttemptTimeout bounds one attempt, from asking for credentials and signing to the last byte
	// of the answer. The context bounds the whole call. A connection that was upgraded, as for a
	// WebSocket, is no longer bounded.
	AttemptTimeout time.Duration
	// MaxRetryAfter is the longest Retry-After that is waited for. When the service asks for more,
	// the call returns at once.
	MaxRetryAfter time.Duration
	// MaxDelay is how long after the first attempt began another may begin. The default is 2 s for
	// POST, PUT and PATCH other than those that manage API keys, unless [WithPolicy] or
	// [WithPolicyFor] sets MaxRetryAfter; there is no bound for others. An order is thereby not placed
	// late without its caller's consent, and the waits between four attempts still fit (our own choice).
	MaxDelay time.Duration
	// FirstBackoff and MaxBackoff bound the first and the longest wait between attempts: each wait
	// is drawn evenly from zero to a bound that doubles.
	FirstBackoff, MaxBackoff time.Duration
	// Resend says what may be sent again after an unknown outcome. The default is [ByMethod].
	Resend Resend
}

// orderMaxDelay is MaxDelay where Retry says so.
const orderMaxDelay = 2 * time.Second

// DefaultRetry returns what a client does unless [WithRetry] says otherwise (our own choice): 4
// attempts of at most 15 s each, waits that start at up to 250 ms and end at up to 8 s, and a
// Retry-After of at most 30 s.
func DefaultRetry() Retry {
	return Retry{
		MaxAttempts:    4,
		AttemptTimeout: 15 * time.Second,
		MaxRetryAfter:  30 * time.Second,
		FirstBackoff:   250 * time.Millisecond,
		MaxBackoff:     8 * time.Second,
		Resend:         ByMethod,
	}
}

// WithRetry sets the policy of all calls. A zero field leaves what an earlier WithRetry or else
// [DefaultRetry] says. A negative field is an error, and so is a MaxBackoff that is shorter than
// FirstBackoff.
func WithRetry(retry Retry) Option {
	return func(c *config) error {
		c.retry = retry.or(c.retry)
		if err := c.retry.check(); err != nil {
			return fmt.Errorf("WithRetry: %w", err)
		}
		return nil
	}
}

// WithPolicyFor sets the policy of each call by its request, such as one for orders alone. A zero
// field of the policy leaves what [WithRetry] says. The function is called once per call, must not
// read the request's body and must be safe for concurrent use.
func WithPolicyFor(policyFor func(*http.Request) Retry) Option {
	return func(c *config) error {
		if policyFor == nil {
			return errors.New("WithPolicyFor: the function is nil; leave the option out")
		}
		c.retryFor = policyFor
		return nil
	}
}

type policyKey struct{}

// WithPolicy returns a context whose calls follow the policy. A zero field leaves what an outer
// WithPolicy, then [WithPolicyFor], then [WithRetry] says. A call with an invalid policy, as WithRetry
// defines it, is refused with [ErrInvalidRequest] before anything is sent.
func WithPolicy(ctx context.Context, policy Retry) context.Context {
	return context.WithValue(ctx, policyKey{}, policy.or(policyIn(ctx)))
}

func policyIn(ctx context.Context) Retry {
	policy, _ := ctx.Value(policyKey{}).(Retry)
	return policy
}

// policyOf returns the policy of a call.
func (r *retry) policyOf(ctx context.Context, req *http.Request, operation protocol.Operation) (Retry, error) {
	asked := policyIn(ctx)
	if r.retryFor != nil {
		asked = asked.or(r.retryFor(req))
	}
	policy := asked.or(r.policy)
	if policy.MaxDelay == 0 && asked.MaxRetryAfter == 0 && operation == "" && !protocol.IsRepeatable(protocol.Method(req)) {
		policy.MaxDelay = orderMaxDelay
	}
	return policy, policy.check()
}

func (r Retry) check() error {
	switch {
	case r.MaxAttempts < 0 || min(r.AttemptTimeout, r.MaxRetryAfter, r.MaxDelay, r.FirstBackoff, r.MaxBackoff) < 0:
		return errors.New("no field may be negative; leave it zero for the default")
	case r.MaxBackoff < r.FirstBackoff:
		return fmt.Errorf("MaxBackoff (%s) is shorter than FirstBackoff (%s)", r.MaxBackoff, r.FirstBackoff)
	}
	switch r.Resend {
	case ByMethod, Idempotent, ByClientOrderID, NeverAgain:
		return nil
	}
	return fmt.Errorf("Resend is %q; use ByMethod, Idempotent, ByClientOrderID or NeverAgain", r.Resend)
}

// or returns r with the fields of other where its own are zero.
func (r Retry) or(other Retry) Retry {
	return Retry{
		MaxAttempts:    cmp.Or(r.MaxAttempts, other.MaxAttempts),
		AttemptTimeout: cmp.Or(r.AttemptTimeout, other.AttemptTimeout),
		MaxRetryAfter:  cmp.Or(r.MaxRetryAfter, other.MaxRetryAfter),
		MaxDelay:       cmp.Or(r.MaxDelay, other.MaxDelay),
		FirstBackoff:   cmp.Or(r.FirstBackoff, other.FirstBackoff),
		MaxBackoff:     cmp.Or(r.MaxBackoff, other.MaxBackoff),
		Resend:         cmp.Or(r.Resend, other.Resend),
	}
}
