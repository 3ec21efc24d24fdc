package contract

import (
	"net/http"
	"os"
	"slices"
)

// MaxBodyBytes is how much of a body is held in memory and checked, before and after
// decompression: 1 MiB, far above what the contract's bodies need (our own choice). A larger body
// passes through unharmed and breaks [RuleSize].
const MaxBodyBytes = 1 << 20

// An Option changes how [Transport] and [Handler] check.
type Option func(*settings)

type settings struct {
	basePath string
	allow    []func(Violation) bool
	// path of the file that test binaries share, or empty
	coverageFile string
}

func newSettings(opts []Option) settings {
	s := settings{
		basePath:     embedded().basePath,
		allow:        []func(Violation) bool{isAllowedByDefault},
		coverageFile: os.Getenv(CoverageFileVariable),
	}
	for _, opt := range opts {
		opt(&s)
	}
	return s
}

// DefaultAllowedStatuses returns the statuses that any operation may answer with although the
// contract does not have them: 429 (source: published) and the three of gateways in front of
// the service, 502, 503 and 504 (503: observed, the others our own choice).
func DefaultAllowedStatuses() []int {
	return []int{
		http.StatusTooManyRequests, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}
}

func isAllowedByDefault(v Violation) bool {
	return v.Rule == RuleStatus && slices.Contains(DefaultAllowedStatuses(), v.Status)
}

// Allow lets every deviation pass for which allowed returns true. It is still reported, marked as
// allowed.
func Allow(allowed func(Violation) bool) Option {
	return func(s *settings) { s.allow = append(s.allow, allowed) }
}

// AllowRules lets deviations from rules pass, in requests and responses.
func AllowRules(rules ...Rule) Option {
	return Allow(func(v Violation) bool { return slices.Contains(rules, v.Rule) })
}

// AllowNothing removes every allowance given before it, [DefaultAllowedStatuses] included.
func AllowNothing() Option {
	return func(s *settings) { s.allow = nil }
}

// WithBasePath sets the path in front of the contract's paths, without a slash at the end. The
// default is that of the contract's servers, /trade-api/v2.
func WithBasePath(path string) Option {
	return func(s *settings) { s.basePath = path }
}
