package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"time"

	"kalshi.internal/apikeys/api/contract"
	"kalshi.internal/apikeys/gen/server"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// BasePath is the path below which the routes live (source: seed). The base URL of a sandbox
// is the URL of its server followed by BasePath.
const BasePath = protocol.BasePath

// Sandbox is the service's API key management with its state in memory. It is an
// [http.Handler], and all its methods are safe for concurrent use. Make one with [New]; it
// owns no goroutine, so nothing has to be closed.
type Sandbox struct {
	choices        Choices
	now            func() time.Time
	wait           func(context.Context, time.Duration) error
	newRSAKey      func() (*rsa.PrivateKey, error)
	observe        func(Exchange)
	checksContract bool
	fallback       http.Handler

	keys    keyStore
	buckets buckets
	replays replays
	faults  faultSet
	log     exchangeLog
	service http.Handler
}

// New returns a sandbox without keys. [Sandbox.Bootstrap] gives the first one.
func New(opts ...Option) *Sandbox {
	s := &Sandbox{
		now:       time.Now,
		wait:      protocol.Wait,
		newRSAKey: func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, RSABits) },
		observe:   func(Exchange) {},
	}
	for _, opt := range opts {
		opt(s)
	}
	s.choices = s.choices.withDefaults()
	s.service = s.record(s.checkContract(s.route(s.injectFaults(s.authenticate(s.limitRate(s.serve(s.checkRequest(s.generated()))))))))
	return s
}

// Choices returns the choices in effect, with the defaults of what [WithChoices] left out.
func (s *Sandbox) Choices() Choices { return s.choices }

// ServeHTTP answers as the service does.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.stampDate(w)
	s.service.ServeHTTP(w, r)
}

// stampDate sets Date from the sandbox's clock; net/http leaves it alone then. Clients correct
// their clock by it.
func (s *Sandbox) stampDate(w http.ResponseWriter) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
}

// checkContract notes what leaves the contract. It changes neither request nor answer.
func (s *Sandbox) checkContract(next http.Handler) http.Handler {
	if !s.checksContract {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.fallback != nil && isOther(rawPath(r)) {
			next.ServeHTTP(w, r)
			return
		}
		contract.Handler(next, &callOf(r).violations).ServeHTTP(w, r)
	})
}

func (s *Sandbox) generated() http.Handler {
	strict := server.NewStrictHandlerWithOptions(operations{s}, nil, server.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  s.refuseUndecodable,
		ResponseErrorHandlerFunc: s.refuseError,
	})
	return server.HandlerWithOptions(strict, server.StdHTTPServerOptions{
		BaseURL:          BasePath,
		ErrorHandlerFunc: s.refuseParameter,
	})
}

// Reset brings the sandbox back to what Bootstrap left: bootstrapped keys live again, all other
// keys are gone, and so are faults, exchanges and the levels of the rate limits.
func (s *Sandbox) Reset() {
	s.keys.reset()
	s.buckets.reset()
	s.replays.reset()
	s.ClearFaults()
	s.log.reset()
}
