package wrapper

import (
	"net/http"
	"strings"
)

// An operation is one of the contract's, by its operation ID (source: seed). The empty
// operation stands for every endpoint outside the contract.
type operation string

const (
	opNone           operation = ""
	opGetAPIKeys     operation = "getApiKeys"
	opCreateAPIKey   operation = "createApiKey"
	opGenerateAPIKey operation = "generateApiKey"
	opDeleteAPIKey   operation = "deleteApiKey"
)

const (
	keysPath     = "/api_keys"
	generatePath = "/api_keys/generate"
)

// operationOf tells which operation a request is, from its method and its path below the base
// path.
func operationOf(method, path, basePath string) operation {
	rest, below := strings.CutPrefix(path, basePath)
	if !below {
		return opNone
	}
	switch {
	case method == http.MethodGet && rest == keysPath:
		return opGetAPIKeys
	case method == http.MethodPost && rest == keysPath:
		return opCreateAPIKey
	case method == http.MethodPost && rest == generatePath:
		return opGenerateAPIKey
	case method == http.MethodDelete && isKeyPath(rest):
		return opDeleteAPIKey
	}
	return opNone
}

func isKeyPath(path string) bool {
	id, below := strings.CutPrefix(path, keysPath+"/")
	return below && id != "" && !strings.Contains(id, "/")
}

// makesKey reports whether the operation leaves a live key behind.
func (o operation) makesKey() bool {
	return o == opCreateAPIKey || o == opGenerateAPIKey
}

// changesState reports whether a request can have an outcome that is worth knowing.
func changesState(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// isIdempotent reports whether HTTP defines that sending a request of this method twice has
// the effect of sending it once (RFC 9110).
func isIdempotent(method string) bool {
	switch method {
	case http.MethodPut, http.MethodDelete:
		return true
	}
	return !changesState(method)
}
