package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"time"
)

// RSABits is the length of the RSA keys that generateApiKey makes, and the least that
// createApiKey accepts (source: published).
const RSABits = 2048

// settings holds every choice of the table in the package documentation.
type settings struct {
	now            func() time.Time
	behind, ahead  time.Duration
	refuseReplay   bool
	anySalt        bool
	listScope      string
	manageScope    string
	restrictedMay  bool
	keepSelf       bool
	accounts       map[string]Account
	maxNameLength  int
	emptyNames     bool
	uniqueNames    bool
	emptyScopes    bool
	maxKeys        int
	maxRSABits     int
	unknownRefused bool
	order          ListOrder
	createDelay    time.Duration
	deleteDelay    time.Duration
	listDelay      time.Duration
	limits         RateLimits
	defaultAnswers map[Refusal]Answer
	answers        map[Refusal]Answer
	newRSAKey      func() (*rsa.PrivateKey, error)
	exchanges      int
	control        bool
	controlHosts   []string
	wait           func(context.Context, time.Duration) error
	observe        func(Exchange)
}

func defaultSettings() settings {
	return settings{
		now:            time.Now,
		behind:         15 * time.Second,
		ahead:          30 * time.Second,
		listScope:      "read",
		manageScope:    "write",
		accounts:       map[string]Account{},
		maxRSABits:     4096,
		order:          OldestFirst,
		defaultAnswers: defaultAnswers(),
		answers:        map[Refusal]Answer{},
		newRSAKey:      func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, RSABits) },
		exchanges:      256,
		wait:           waitForTimer,
		observe:        func(Exchange) {},
	}
}

func waitForTimer(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
