package wrapper

import (
	"net/http"
	"time"
)

// Transport is an [http.RoundTripper] that signs every attempt, retries where repeating a request
// cannot have a second effect, and corrects the clock. It serves any endpoint of the service and any HTTP client:
//
//	transport, err := wrapper.NewTransport(creds, wrapper.WithEnvironment(wrapper.Demo))
//	httpClient := &http.Client{Transport: transport}
//
// Every request must go to the origin of its base URL; others are refused before they are
// signed ([ErrInsecure]). A 4xx or 5xx answer is a response, as with any RoundTripper; a call
// without an answer returns an [*Error]. Response bodies are read whole, up to the limit,
// before RoundTrip returns. [CallInfo] tells what else is known of the call, and [ErrorFrom] makes the
// [*Error] of an answer. A request with which an http.Client follows a redirect is refused
// ([ErrUnexpectedResponse]), because it may be a GET in place of a POST: set CheckRedirect to
// return [http.ErrUseLastResponse], as [Client] does, to get the redirect as the answer.
//
// Bound a call by its context and not by the Timeout of an http.Client: the Timeout replaces the
// error, so that [ErrOutcomeUnknown] is lost. Below retry, net/http cannot send a POST with a body
// again by itself. It does send a POST without a body again if HTTP/2 resets the stream before
// there is an answer, and if there is an Idempotency-Key.
//
// A Transport is safe for concurrent use.
type Transport struct {
	config *config
	source CredentialSource
	chain  *retry
}

// NewTransport returns a Transport that signs with the credentials of source. It returns an
// error for a nil source or an invalid option.
func NewTransport(source CredentialSource, opts ...Option) (*Transport, error) {
	config, err := newConfig(source, opts)
	if err != nil {
		return nil, err
	}
	return &Transport{config: config, source: source, chain: assemble(source, config)}, nil
}

// assemble builds the chain from the caller's transport upwards: retry -> sign -> clock -> size
// limit -> the caller's transport. Signing stands below retry, so that every attempt has its own
// timestamp and signature.
func assemble(source CredentialSource, config *config) *retry {
	clock := &serviceClock{Clock: config.clock}
	chain := limitSize(config.transport, config.maxResponseBytes, clock.Clock.Now)
	chain = readClock(chain, clock, config.maxClockCorrection)
	chain = signEach(chain, source, config.clock, config.baseURL)
	return &retry{
		next: chain, clock: clock, logger: config.logger, policy: config.retry, retryFor: config.retryFor,
		before: config.beforeAttempt, observer: config.observer, base: config.baseURL,
	}
}

// RoundTrip implements [http.RoundTripper]. It does not change req.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	call, err := t.chain.do(req.Context(), req)
	if err != nil {
		return nil, err
	}
	call.attach()
	return call.response, nil
}

// BaseURL returns the base URL of the transport, without a slash at its end. A request goes to it, followed by the path
// that the service's documents give.
func (t *Transport) BaseURL() string { return t.config.baseURL.String() }

// ClockOffset returns how far the local clock is behind the service's, as learned from the last
// refused timestamp whose correction the service accepted; 0 if there was none or the clocks agree
// to within 2 s.
func (t *Transport) ClockOffset() time.Duration {
	return t.chain.clock.Offset()
}

// ServiceTime returns the service's time by the Date header of the last success that had one, which is
// cut to whole seconds. It reports false before there was one. Unlike the machine's clock it does not
// jump when that is set.
func (t *Transport) ServiceTime() (time.Time, bool) {
	return t.chain.clock.serviceTime()
}

// CloseIdleConnections closes the idle connections of the caller's transport, if it has that
// method, as [http.Client.CloseIdleConnections] expects.
func (t *Transport) CloseIdleConnections() {
	if closer, ok := t.config.transport.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}
