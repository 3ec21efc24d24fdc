package ratelimit

import (
	"fmt"
	"strings"
)

// Tier is an account's API usage tier (source: published). GET /account/limits tells which one an account has.
type Tier string

// The published tiers, with their tokens per second for reads and for the rest. An ordinary request costs 10.
const (
	Basic    Tier = "basic"    // 200 and 100
	Advanced Tier = "advanced" // 300 and 300
	Premier  Tier = "premier"  // 1,000 and 1,000
	Paragon  Tier = "paragon"  // 2,000 and 2,000
	Prime    Tier = "prime"    // 4,000 and 4,000
)

// Rates are the tokens per second by which the two buckets are refilled.
type Rates struct {
	// Read is for GET and HEAD, Write for all other requests. Which bucket key management draws on is
	// not documented, so it is held to be a write.
	Read, Write float64
}

// Rates returns the published rates of a tier, in any case of letters, and an error for one that is unknown.
func (t Tier) Rates() (Rates, error) {
	switch Tier(strings.ToLower(string(t))) {
	case Basic:
		return Rates{200, 100}, nil
	case Advanced:
		return Rates{300, 300}, nil
	case Premier:
		return Rates{1000, 1000}, nil
	case Paragon:
		return Rates{2000, 2000}, nil
	case Prime:
		return Rates{4000, 4000}, nil
	}
	return Rates{}, fmt.Errorf("ratelimit: the tier %q is unknown; give its rates to New", t)
}
