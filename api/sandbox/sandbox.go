package sandbox

import (
	"net/http"
	"strings"
	"time"

	"kalshi.internal/apikeys/gen/server"
)

// BasePath is the path below which the routes live (source: seed). The base URL of a sandbox
// is the URL of its server followed by BasePath.
const BasePath = "/trade-api/v2"

// Sandbox is the service's API key management with its state in memory. It is an
// [http.Handler], and all its methods are safe for concurrent use. Make one with [New]; it
// owns no goroutine, so nothing has to be closed.
type Sandbox struct {
	settings settings
	keys     *keyStore
	buckets  *buckets
	replays  *replays
	faults   *faultSet
	log      *exchangeLog
	feed     *feed
	service  http.Handler
	control  http.Handler
}

// New returns a sandbox without keys. [Sandbox.Bootstrap] gives the first one.
func New(opts ...Option) *Sandbox {
	set := defaultSettings()
	for _, opt := range opts {
		opt(&set)
	}
	s := &Sandbox{
		settings: set,
		keys:     newKeyStore(),
		buckets:  newBuckets(),
		replays:  newReplays(),
		faults:   &faultSet{},
		log:      newExchangeLog(set.exchanges),
		feed:     newFeed(set.exchanges),
	}
	s.service = s.record(s.holdAgainstContract(s.route(s.injectFaults(s.authenticate(s.limitRate(s.checkRequest(s.generated())))))))
	s.control = s.guardControl(s.controlRoutes())
	return s
}

// ServeHTTP answers as the service does, except below [ControlPath] with [WithControl].
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.stampDate(w)
	if s.settings.control && strings.HasPrefix(r.URL.Path, ControlPath) {
		s.control.ServeHTTP(w, r)
		return
	}
	s.service.ServeHTTP(w, r)
}

// stampDate sets Date from the sandbox's clock; net/http leaves it alone then. Clients correct
// their clock by it.
func (s *Sandbox) stampDate(w http.ResponseWriter) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
}

func (s *Sandbox) now() time.Time { return s.settings.now() }

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
