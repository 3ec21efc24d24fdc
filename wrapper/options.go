package wrapper

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Defaults of a client (our own choices).
const (
	// DefaultMaxAttempts is how often a request is sent at most.
	DefaultMaxAttempts = 4
	// DefaultAttemptTimeout bounds one attempt, from asking for credentials to the last byte of
	// the answer.
	DefaultAttemptTimeout = 15 * time.Second
	// DefaultMaxRetryAfter is the longest Retry-After that is waited for.
	DefaultMaxRetryAfter = 30 * time.Second
	// DefaultFirstBackoff and DefaultMaxBackoff bound the first and the longest wait between
	// attempts. A wait is drawn evenly from zero to its bound, which doubles each time.
	DefaultFirstBackoff = 250 * time.Millisecond
	DefaultMaxBackoff   = 8 * time.Second
)

var errNoSource = errors.New("kalshi: a client needs credentials; see NewCredentials, LoadCredentials and CredentialsFromEnv")

// maxIdleConnections lets a client with many callers reuse its connections: net/http keeps two
// per host unless told otherwise.
const maxIdleConnections = 256

// Option sets up a [Client] or a [Transport]. Options that exclude each other, or hold values
// that cannot be, make NewClient and NewTransport return an error.
type Option func(*config) error

type config struct {
	baseURL          *url.URL
	transport        http.RoundTripper
	logger           *slog.Logger
	clock            Clock
	maxResponseBytes int64
	retry            retryPolicy
}

func newConfig(source CredentialSource, opts []Option) (*config, error) {
	if source == nil {
		return nil, errNoSource
	}
	config := &config{
		clock:            SystemClock(),
		maxResponseBytes: DefaultMaxResponseBytes,
		retry: retryPolicy{
			maxAttempts:    DefaultMaxAttempts,
			maxRetryAfter:  DefaultMaxRetryAfter,
			attemptTimeout: DefaultAttemptTimeout,
			firstBackoff:   DefaultFirstBackoff,
			maxBackoff:     DefaultMaxBackoff,
		},
	}
	for i, option := range append([]Option{WithEnvironment(Production)}, opts...) {
		if option == nil {
			return nil, fmt.Errorf("kalshi: option %d is nil", i)
		}
		if err := option(config); err != nil {
			return nil, fmt.Errorf("kalshi: %w", err)
		}
	}
	if config.transport == nil {
		config.transport = newHTTPTransport()
	}
	return config, nil
}

func newHTTPTransport() http.RoundTripper {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport = transport.Clone()
	transport.MaxIdleConns = maxIdleConnections
	transport.MaxIdleConnsPerHost = maxIdleConnections
	return transport
}

// WithEnvironment chooses one of the service's hosts. The default is [Production].
func WithEnvironment(environment Environment) Option {
	return WithBaseURL(string(environment))
}

// WithBaseURL sets the base URL, such as that of a sandbox: absolute, https or (for loopback
// only) http, with the path that all routes share.
func WithBaseURL(baseURL string) Option {
	return func(c *config) error {
		base, err := parseBaseURL(baseURL)
		c.baseURL = base
		return err
	}
}

// WithHTTPTransport sets the transport that carries the signed requests: for a proxy, client
// certificates, recording or contract checks. It must be safe for concurrent use, must send each
// request once, and must use the request's context for nothing but sending it. The default is a
// clone of [http.DefaultTransport] that keeps more idle connections.
func WithHTTPTransport(transport http.RoundTripper) Option {
	return func(c *config) error {
		if transport == nil {
			return errors.New("WithHTTPTransport: the transport is nil; leave the option out for the default")
		}
		c.transport = transport
		return nil
	}
}

// WithLogger logs one record per attempt: operation, attempt, status, duration, whether it is
// retried and why, and the wait before. Nothing else is ever logged: no body, no header, no
// signature, no key ID. Answered attempts are logged at debug level, all others as warnings.
// Without this option nothing is logged.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		c.logger = logger
		return nil
	}
}

// WithClock sets where the time comes from and how waits pass, for tests.
func WithClock(clock Clock) Option {
	return func(c *config) error {
		if clock == nil {
			return errors.New("WithClock: the clock is nil; leave the option out for the system's clock")
		}
		c.clock = clock
		return nil
	}
}

// WithMaxAttempts sets how often a request is sent at most, the first time included; 1 turns
// retries off. The default is [DefaultMaxAttempts].
func WithMaxAttempts(attempts int) Option {
	return func(c *config) error {
		c.retry.maxAttempts = attempts
		return requirePositive("WithMaxAttempts", attempts)
	}
}

// WithMaxRetryAfter sets the longest Retry-After that is waited for. When the service asks for
// more, the call returns at once. The default is [DefaultMaxRetryAfter].
func WithMaxRetryAfter(longest time.Duration) Option {
	return func(c *config) error {
		c.retry.maxRetryAfter = longest
		return requirePositive("WithMaxRetryAfter", longest)
	}
}

// WithBackoff sets the bounds of the first and the longest wait between attempts. The defaults
// are [DefaultFirstBackoff] and [DefaultMaxBackoff].
func WithBackoff(first, longest time.Duration) Option {
	return func(c *config) error {
		c.retry.firstBackoff, c.retry.maxBackoff = first, longest
		if longest < first {
			return errors.New("WithBackoff: the longest wait is shorter than the first")
		}
		return requirePositive("WithBackoff", first)
	}
}

// WithAttemptTimeout bounds one attempt, from asking for credentials and signing to the last byte
// of the answer. The context bounds the whole call. The default is [DefaultAttemptTimeout].
func WithAttemptTimeout(timeout time.Duration) Option {
	return func(c *config) error {
		c.retry.attemptTimeout = timeout
		return requirePositive("WithAttemptTimeout", timeout)
	}
}

// WithMaxResponseBytes sets how large a response body may be, in bytes, up to 1 GiB: a body is
// held in memory. A larger one is an [ErrUnexpectedResponse]. The default is
// [DefaultMaxResponseBytes].
func WithMaxResponseBytes(limit int64) Option {
	return func(c *config) error {
		c.maxResponseBytes = limit
		if limit > 1<<30 {
			return errors.New("WithMaxResponseBytes: must be at most 1 GiB")
		}
		return requirePositive("WithMaxResponseBytes", limit)
	}
}

func requirePositive[N int | int64 | time.Duration](option string, value N) error {
	if value <= 0 {
		return fmt.Errorf("%s: must be greater than zero, is %v", option, value)
	}
	return nil
}
