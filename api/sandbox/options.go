package sandbox

import (
	"context"
	"crypto/rsa"
	"time"
)

// Option sets one choice of a sandbox. The table in the package documentation lists them with
// their defaults. Where an option takes a function, nil keeps the default.
type Option func(*settings)

// WithClock replaces the clock that timestamps are checked against, that Date is written from,
// and by which delays and rate limits run. It must be safe for concurrent use.
func WithClock(now func() time.Time) Option {
	return func(s *settings) {
		if now != nil {
			s.now = now
		}
	}
}

// WithWindow sets how far a request's timestamp may lie behind and ahead of the sandbox's
// clock. Observed: -10 s and +30 s are accepted, -30 s and +60 s refused; between these the
// limits are our own choice.
func WithWindow(behind, ahead time.Duration) Option {
	return func(s *settings) { s.behind, s.ahead = behind, ahead }
}

// WithReplay sets whether the same key may send the same signed text twice.
func WithReplay(accepted bool) Option {
	return func(s *settings) { s.refuseReplay = !accepted }
}

// WithAnySaltLength sets whether RSA-PSS signatures may have a salt of any length. Published
// is a salt of 32 bytes.
func WithAnySaltLength(accepted bool) Option {
	return func(s *settings) { s.anySalt = accepted }
}

// WithRequiredScopes sets the scope that a key needs to list keys, and the one it needs to
// generate, create and delete them. An empty scope means that none is needed.
func WithRequiredScopes(list, manage string) Option {
	return func(s *settings) { s.listScope, s.manageScope = list, manage }
}

// WithRestrictedManagement sets whether a key that is restricted to a subaccount or bound to a
// subtrader may generate, create and delete keys. A third party says that the service does not
// let it.
func WithRestrictedManagement(allowed bool) Option {
	return func(s *settings) { s.restrictedMay = allowed }
}

// WithSelfDeletion sets whether a key may delete itself.
func WithSelfDeletion(allowed bool) Option {
	return func(s *settings) { s.keepSelf = !allowed }
}

// WithAccount declares what the account of this name may do. An account that is not declared
// is the zero [Account].
func WithAccount(name string, account Account) Option {
	return func(s *settings) { s.accounts[name] = account }
}

// WithMaxNameLength limits the names of keys to this many bytes. 0 is no limit.
func WithMaxNameLength(bytes int) Option {
	return func(s *settings) { s.maxNameLength = bytes }
}

// WithEmptyNames sets whether a key's name may be the empty string. It must be present either
// way.
func WithEmptyNames(allowed bool) Option {
	return func(s *settings) { s.emptyNames = allowed }
}

// WithUniqueNames sets whether an account's keys must have different names.
func WithUniqueNames(required bool) Option {
	return func(s *settings) { s.uniqueNames = required }
}

// WithEmptyScopes sets whether a key may be made with an empty list of scopes, which lets it do
// nothing.
func WithEmptyScopes(allowed bool) Option {
	return func(s *settings) { s.emptyScopes = allowed }
}

// WithMaxKeys limits how many keys an account may have at once. 0 is no limit.
func WithMaxKeys(keys int) Option {
	return func(s *settings) { s.maxKeys = keys }
}

// WithMaxRSABits limits the length of the RSA keys that createApiKey accepts.
func WithMaxRSABits(bits int) Option {
	return func(s *settings) { s.maxRSABits = bits }
}

// WithUnknownPropertiesRefused sets whether a request body with properties that the contract
// does not know is refused instead of being read without them.
func WithUnknownPropertiesRefused(refused bool) Option {
	return func(s *settings) { s.unknownRefused = refused }
}

// ListOrder is the order in which getApiKeys lists keys.
type ListOrder int

// The orders. The service's own is not documented.
const (
	// OldestFirst lists keys in the order in which they were made.
	OldestFirst ListOrder = iota
	// NewestFirst lists the key that was made last first.
	NewestFirst
	// ByName lists keys by name, and those of one name in the order in which they were made.
	ByName
)

// WithListOrder sets the order of the key list.
func WithListOrder(order ListOrder) Option {
	return func(s *settings) { s.order = order }
}

// WithCreateDelay sets how long after its creation a key starts to authenticate requests.
func WithCreateDelay(delay time.Duration) Option {
	return func(s *settings) { s.createDelay = delay }
}

// WithDeleteDelay sets how long after its deletion a key still authenticates requests.
func WithDeleteDelay(delay time.Duration) Option {
	return func(s *settings) { s.deleteDelay = delay }
}

// WithListDelay sets how old the state is that the key list shows.
func WithListDelay(delay time.Duration) Option {
	return func(s *settings) { s.listDelay = delay }
}

// WithRateLimits turns rate limiting on.
func WithRateLimits(limits RateLimits) Option {
	return func(s *settings) { s.limits = limits }
}

// WithAnswer replaces the answer to every request that is refused for this reason. It is how
// the answers that nobody has recorded can be set; see [Refusal].
func WithAnswer(refusal Refusal, answer Answer) Option {
	return func(s *settings) { s.answers[refusal] = answer }
}

// WithRSAKeySource replaces the source of the RSA keys that generateApiKey and
// [Sandbox.Bootstrap] hand out, whose making takes a tenth of a second or more. Tests may hand
// out keys made beforehand, each for as long as sharing it does not matter to them. The source
// must be safe for concurrent use; its error becomes an answer with status 500.
func WithRSAKeySource(newKey func() (*rsa.PrivateKey, error)) Option {
	return func(s *settings) {
		if newKey != nil {
			s.newRSAKey = newKey
		}
	}
}

// WithExchangeLog sets how many exchanges [Sandbox.Exchanges] keeps; 0 keeps none.
func WithExchangeLog(exchanges int) Option {
	return func(s *settings) { s.exchanges = max(exchanges, 0) }
}

// WithObserver has observe called after every exchange, from the goroutine that served it.
// It must be safe for concurrent use.
func WithObserver(observe func(Exchange)) Option {
	return func(s *settings) {
		if observe != nil {
			s.observe = observe
		}
	}
}

// WithWait replaces how a fault of kind [FaultDelay] waits; it is the other half of [WithClock].
// It must return early, with an error, when the context ends: the client has gone.
func WithWait(wait func(ctx context.Context, d time.Duration) error) Option {
	return func(s *settings) {
		if wait != nil {
			s.wait = wait
		}
	}
}

// WithControl serves [ControlPath] beside the service: the inspector, a page for people, and
// faults, keys, exchanges and reset by HTTP, for clients in other languages. Only requests that come from loopback, for a loopback
// host, and not from a page of another origin are answered.
func WithControl() Option {
	return func(s *settings) { s.control = true }
}

// WithControlHosts lets other machines use [ControlPath] as well, which needs [WithControl]. They
// must ask for one of these hosts, names or addresses without a port. Whoever can reach the
// sandbox by one can then change its faults and keys.
func WithControlHosts(hosts ...string) Option {
	return func(s *settings) { s.controlHosts = hosts }
}
