package sandbox

import (
	"cmp"
	"time"
)

// RSABits is the length of the RSA keys that generateApiKey makes, and the least that
// createApiKey accepts (source: published).
const RSABits = 2048

// DefaultAccount is the account of keys that are bootstrapped without [InAccount].
const DefaultAccount = "default"

// NoScope, as a scope that an operation needs, lets any key perform it.
const NoScope = "none"

// Choices are how the sandbox behaves where no document or recording tells what the service does. The zero
// value of each field is the default that the table in the package documentation names.
type Choices struct {
	// Behind and Ahead are how far a request's timestamp may lie behind and ahead of the sandbox's
	// clock. 0 stands for 15 s and 30 s. Observed: -10 s and +30 s are accepted, -30 s and +60 s
	// refused; between these the limits are our own choice.
	Behind, Ahead time.Duration
	// RefuseReplay refuses the same signed text of the same key when it comes again.
	RefuseReplay bool
	// AnySaltLength accepts RSA-PSS signatures with a salt of any length. Published is a salt of
	// 32 bytes.
	AnySaltLength bool
	// ListScope is the scope that a key needs for what is read (GET), and ManageScope the one for
	// all other operations. They are read and write if empty. [NoScope] stands for none.
	ListScope, ManageScope string
	// RestrictedManagement lets a key that is restricted to a subaccount or bound to a subtrader
	// generate, create and delete keys. A third party says that the service does not let it.
	RestrictedManagement bool
	// RefuseSelfDeletion refuses a key that deletes itself.
	RefuseSelfDeletion bool
	// Accounts says what accounts may do, by their names. An account that is not there is the zero
	// [Account]. The map must not be changed once the sandbox has it.
	Accounts map[string]Account
	// MaxNameLength limits the names of keys to this many bytes. 0 means no limit.
	MaxNameLength int
	// EmptyNames allows the empty string for a key's name. It must be present either way.
	EmptyNames bool
	// UniqueNames refuses a key with the name of another one of the account.
	UniqueNames bool
	// EmptyScopes allows a key with an empty list of scopes, which lets it do nothing.
	EmptyScopes bool
	// MaxKeys limits how many keys an account may have at once. 0 means no limit.
	MaxKeys int
	// MaxRSABits limits the length of the RSA keys that createApiKey accepts. 0 stands for 4096.
	MaxRSABits int
	// RefuseUnknownProperties refuses a request body with properties that the contract does not
	// know, instead of reading it without them.
	RefuseUnknownProperties bool
	// Order is the order of the key list.
	Order ListOrder
	// CreateDelay is how long after its creation a key starts to authenticate requests.
	CreateDelay time.Duration
	// DeleteDelay is how long after its deletion a key still authenticates requests.
	DeleteDelay time.Duration
	// ListDelay is how old the state is that the key list shows, up to an hour.
	ListDelay time.Duration
	// RateLimits limits nothing when it is zero.
	RateLimits RateLimits
	// Answers replaces the answers to requests that are refused, by the reason. It is how the
	// answers of which there is no recording can be set; see [Refusal]. The map must not be changed once
	// the sandbox has it.
	Answers map[Refusal]Answer
}

func (c Choices) withDefaults() Choices {
	c.Behind = cmp.Or(c.Behind, 15*time.Second)
	c.Ahead = cmp.Or(c.Ahead, 30*time.Second)
	c.ListScope = cmp.Or(c.ListScope, "read")
	c.ManageScope = cmp.Or(c.ManageScope, "write")
	c.MaxRSABits = cmp.Or(c.MaxRSABits, 4096)
	return c
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

// UsageLevel is an account's API usage level (source: published). createApiKey needs Premier
// or Market Maker (source: seed).
type UsageLevel string

// The levels that matter here.
const (
	// Premier may create keys from public keys.
	Premier UsageLevel = "premier"
	// MarketMaker may create keys from public keys.
	MarketMaker UsageLevel = "market_maker"
	// Basic may not create keys from public keys. It may generate them.
	Basic UsageLevel = "basic"
)

// Account says what an account may do. The zero Account is on the Premier level, so that all
// operations can be tried at once, and is not an FCM member.
type Account struct {
	// UsageLevel is [Premier] when empty.
	UsageLevel UsageLevel
	// FCMMember lets the account bind keys to subtraders (source: published).
	FCMMember bool
	// RegionExpiration is when the account's location attestation lapses, which getApiKeys
	// shows in seconds. The zero time stands for an account that never attested (source:
	// published).
	RegionExpiration time.Time
	// HiddenSubtraders holds, for each subtrader that is not visible yet, when it becomes
	// visible. Until then a key bound to it is refused with 409 (source: published). All other
	// subtraders are visible. The map must not be changed once the sandbox has it.
	HiddenSubtraders map[string]time.Time
}

func (a Account) mayCreate() bool {
	return a.UsageLevel == "" || a.UsageLevel == Premier || a.UsageLevel == MarketMaker
}
