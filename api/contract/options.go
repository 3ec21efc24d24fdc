package contract

import (
	"net/http"
	"os"
	"slices"
)

// DefaultMaxBodyBytes is how much of a body is checked when [WithMaxBodyBytes] is not given:
// 1 MiB, far above what the contract's bodies need (our own choice).
const DefaultMaxBodyBytes = 1 << 20

// An Option changes how [Transport] and [Handler] check.
type Option func(*settings)

type settings struct {
	basePath string
	maxBody  int64
	coverage *Coverage
	allow    []func(Violation) bool
	// path of the file that test binaries share, or empty
	coverageFile string
}

func newSettings(opts []Option) settings {
	s := settings{
		basePath:     embedded().basePath,
		maxBody:      DefaultMaxBodyBytes,
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

// Allow lets every deviation pass for which allowed returns true. It is still reported, marked
// as allowed, and counted by [Coverage].
func Allow(allowed func(Violation) bool) Option {
	return func(s *settings) { s.allow = append(s.allow, allowed) }
}

// AllowRules lets deviations from rules pass, in requests and responses.
func AllowRules(rules ...Rule) Option {
	return Allow(func(v Violation) bool { return slices.Contains(rules, v.Rule) })
}

// AllowStatuses lets undocumented response statuses pass, beyond [DefaultAllowedStatuses].
func AllowStatuses(statuses ...int) Option {
	return Allow(isStatus(statuses...))
}

// AllowUnknownResponseProperties lets responses carry properties the contract does not have,
// because a service may grow. Requests still may not.
func AllowUnknownResponseProperties() Option {
	return Allow(func(v Violation) bool {
		return v.Direction == Response && v.Rule == RuleUnknownProperty
	})
}

// AllowAnyRequest lets every request pass: for tests that send wrong requests on purpose.
func AllowAnyRequest() Option {
	return Allow(func(v Violation) bool { return v.Direction == Request })
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

// WithMaxBodyBytes sets how many bytes of a body are held in memory and checked, before and
// after decompression. A larger body passes through unharmed and breaks [RuleSize].
func WithMaxBodyBytes(n int64) Option {
	return func(s *settings) { s.maxBody = n }
}

// WithCoverage records the exchanges in c, which any number of transports and handlers share.
func WithCoverage(c *Coverage) Option {
	return func(s *settings) { s.coverage = c }
}

func isStatus(statuses ...int) func(Violation) bool {
	return func(v Violation) bool {
		return v.Rule == RuleStatus && slices.Contains(statuses, v.Status)
	}
}
