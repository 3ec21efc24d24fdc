package sandbox

import (
	"net/http"
	"path"
	"strings"

	"kalshi.internal/apikeys/api/sandbox/explain"
)

// The operations, named as the contract names them (source: seed). [Exchange] and [Fault] use
// these names.
const (
	OperationGetAPIKeys     = "getApiKeys"
	OperationCreateAPIKey   = "createApiKey"
	OperationGenerateAPIKey = "generateApiKey"
	OperationDeleteAPIKey   = "deleteApiKey"
)

func allOperations() []string {
	return []string{OperationGetAPIKeys, OperationCreateAPIKey, OperationGenerateAPIKey, OperationDeleteAPIKey}
}

const (
	keysPath     = BasePath + "/api_keys"
	generatePath = keysPath + "/generate"
)

// route answers what is no operation: 301 for a trailing slash (source: published), 404 as
// plain text for the rest (source: observed). Neither needs authentication.
func (s *Sandbox) route(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := rawPath(r)
		if slashless, found := strings.CutSuffix(target, "/"); found && isRoute(slashless) {
			tell(w, r, explain.Named("url_trailing_slash", ""))
			redirect(w, r, slashless)
			return
		}
		operation := operationOf(r.Method, target)
		if operation == "" {
			tell(w, r, explainNotFound(r.Method, target))
			http.NotFound(w, r)
			return
		}
		callOf(r).log.Operation = operation
		next.ServeHTTP(w, r)
	})
}

// rawPath returns the path with the bytes of the request line, which are what is signed.
func rawPath(r *http.Request) string {
	target, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(target, "/") {
		// The absolute form of a request line, or a request that never had one.
		return r.URL.EscapedPath()
	}
	return target
}

func operationOf(method, target string) string {
	switch {
	case target == keysPath && method == http.MethodGet:
		return OperationGetAPIKeys
	case target == keysPath && method == http.MethodPost:
		return OperationCreateAPIKey
	case target == generatePath && method == http.MethodPost:
		return OperationGenerateAPIKey
	case isKeyPath(target) && method == http.MethodDelete:
		return OperationDeleteAPIKey
	}
	return ""
}

func isRoute(target string) bool {
	return target == keysPath || isKeyPath(target)
}

// isKeyPath reports whether target is one segment below the list of keys. Dot segments are
// none: the generated router would clean them away.
func isKeyPath(target string) bool {
	segment, found := strings.CutPrefix(target, keysPath+"/")
	return found && segment != "" && !strings.Contains(segment, "/") && path.Clean(target) == target
}

func redirect(w http.ResponseWriter, r *http.Request, target string) {
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusMovedPermanently)
}
