package wrapper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// maxResponseBytes is how large a response body may be unless [WithMaxResponseBytes] says
// otherwise (our own choice).
const maxResponseBytes = 10 << 20

// maxClockCorrection is by how much a clock is corrected unless [WithMaxClockCorrection] says
// otherwise (our own choice): a time zone mistaken for another, or a machine that slept for hours.
const maxClockCorrection = 24 * time.Hour

var errNoSource = errors.New("kalshi: a client needs credentials; see NewCredentials, LoadCredentials and CredentialsFromEnv")

// maxIdleConnections lets a client with many callers reuse its connections: net/http keeps two
// per host unless told otherwise.
const maxIdleConnections = 256

// Option sets up a [Client] or a [Transport]. An invalid option makes NewClient and
// NewTransport return an error.
type Option func(*config) error

type config struct {
	baseURL          *url.URL
	transport        http.RoundTripper
	logger           *slog.Logger
	clock            Clock
	maxResponseBytes int64
	retry            Retry
	retryFor         func(*http.Request) Retry
	beforeAttempt    []func(context.Context, *http.Request) error
	observer         Observer

	maxClockCorrection time.Duration
}

func newConfig(source CredentialSource, opts []Option) (*config, error) {
	if source == nil {
		return nil, errNoSource
	}
	config := &config{
		clock: SystemClock(), maxClockCorrection: maxClockCorrection, maxResponseBytes: maxResponseBytes, retry: DefaultRetry(),
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
		base, err := protocol.ParseBaseURL(baseURL)
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

// WithLogger logs one record per attempt, and one for a call that [WithBeforeAttempt] ends: operation, attempt, status, duration, whether it is
// retried and why, and the wait before the next one. Nothing else is logged: no body, no header,
// no signature, no key ID. Answered attempts are logged at debug level, all others as warnings.
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

// WithMaxClockCorrection sets by how much the time may be corrected from the Date header of an answer
// that refuses the timestamp. The default is 24 hours (our own choice); 0 turns the correction off. A
// server that says a later time receives a signature that is good at that time, and only for the same
// method and path. Beyond the limit, and beyond the time in which the server's TLS certificate is
// valid, the call fails with [ErrClockSkew], and its hint says what to do.
func WithMaxClockCorrection(most time.Duration) Option {
	return func(c *config) error {
		c.maxClockCorrection = most
		if most < 0 {
			return fmt.Errorf("WithMaxClockCorrection: must not be negative, is %s", most)
		}
		return nil
	}
}

// WithMaxResponseBytes sets how large a response body may be, in bytes, up to 1 GiB: a body is
// held in memory. A larger one is an [ErrUnexpectedResponse]. The default is
// 10 MiB.
func WithMaxResponseBytes(limit int64) Option {
	return func(c *config) error {
		c.maxResponseBytes = limit
		if limit <= 0 || limit > 1<<30 {
			return fmt.Errorf("WithMaxResponseBytes: must be from 1 byte to 1 GiB, is %d", limit)
		}
		return nil
	}
}
