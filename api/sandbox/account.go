package sandbox

import "time"

// DefaultAccount is the account of keys that are bootstrapped without [InAccount].
const DefaultAccount = "default"

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
// operations can be tried at once, and is no FCM member.
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
