package sandbox

import (
	"net/http"
	"slices"
	"strings"

	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// WithFallback has handler answer the requests for endpoints of the service that the contract does not
// have: what is below the base path, and the WebSocket's path. It gets them as they came, once the
// sandbox has checked signature, timestamp, rate limits and scopes and applied faults; it may hijack the
// connection. The exchange is noted when its answer begins, or when it hijacks. Without a fallback they
// are checked as well and answered 404, with an explanation that says so.
func WithFallback(handler http.Handler) Option {
	return func(s *Sandbox) { s.fallback = handler }
}

// isOther reports whether a path may be that of an endpoint that the contract does not have. A path of the
// contract is not, whatever the method.
func isOther(target string) bool {
	_, hasPath := find("", strings.TrimSuffix(target, "/"))
	return !hasPath && (strings.HasPrefix(target, BasePath+"/") || target == protocol.WebSocketPath)
}

// serve hands a request that was authenticated to its operation, or to the fallback.
func (s *Sandbox) serve(operation http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := callOf(r)
		switch {
		case call.endpoint != nil:
			operation.ServeHTTP(w, r)
		case s.fallback == nil:
			call.log.Refusal = RefusedNoOperation
			tell(w, r, explain.Named("not_served", ""))
			http.NotFound(w, r)
		case !s.mayUseOther(call.key, r.Method):
			s.refuse(w, r, RefusedScope, "")
		default:
			call.toFallback = true
			s.fallback.ServeHTTP(w, r)
		}
	})
}

// mayUseOther reports whether a key has the scope for reading or for the rest, or a child of it: which
// endpoint needs which child is not documented.
func (s *Sandbox) mayUseOther(k key, method string) bool {
	scope := s.choices.ManageScope
	if !protocol.ChangesState(method) {
		scope = s.choices.ListScope
	}
	return scope == NoScope || slices.ContainsFunc(k.Scopes, func(has string) bool {
		return has == scope || strings.HasPrefix(has, scope+"::")
	})
}
