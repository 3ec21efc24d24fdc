package protocol

import (
	"net/http"
	"strings"
)

// BasePath begins the path of every route of the service and ends every base URL (source: seed).
const BasePath = "/trade-api/v2"

// Paths of the operations, below the base path (source: seed).
const (
	// KeysPath is the path of list and create. A delete has the key ID as one more segment.
	KeysPath = "/api_keys"
	// GeneratePath is the path of generate.
	GeneratePath = "/api_keys/generate"
)

// Operation is one of the contract's operations, by its operation ID (source: seed). The zero
// Operation stands for every other endpoint of the service.
type Operation string

// The operations that manage API keys.
const (
	// GetAPIKeys lists the keys of the account.
	GetAPIKeys Operation = "getApiKeys"
	// CreateAPIKey makes a key from a public key of the caller's.
	CreateAPIKey Operation = "createApiKey"
	// GenerateAPIKey makes a key whose pair the service makes.
	GenerateAPIKey Operation = "generateApiKey"
	// DeleteAPIKey deletes a key for good.
	DeleteAPIKey Operation = "deleteApiKey"
)

// OperationOf returns the operation of a request, from its method and its path, which begins with
// basePath. It returns the zero Operation for any other request.
func OperationOf(method, path, basePath string) Operation {
	rest, below := strings.CutPrefix(path, basePath)
	if !below {
		return ""
	}
	switch {
	case method == http.MethodGet && rest == KeysPath:
		return GetAPIKeys
	case method == http.MethodPost && rest == KeysPath:
		return CreateAPIKey
	case method == http.MethodPost && rest == GeneratePath:
		return GenerateAPIKey
	case method == http.MethodDelete && isKeyPath(rest):
		return DeleteAPIKey
	}
	return ""
}

func isKeyPath(path string) bool {
	id, below := strings.CutPrefix(path, KeysPath+"/")
	return below && id != "" && !strings.Contains(id, "/")
}

// MakesKey reports whether the operation leaves a live key behind.
func (o Operation) MakesKey() bool {
	return o == CreateAPIKey || o == GenerateAPIKey
}

// Method returns the method of a request as it goes out: net/http sends an empty one as GET.
func Method(req *http.Request) string {
	if req.Method == "" {
		return http.MethodGet
	}
	return req.Method
}

// ChangesState reports whether a request of this method can have an effect whose outcome matters
// (RFC 9110: it is not safe).
func ChangesState(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// IsRepeatable reports whether a request of this method may be sent twice by default: it is safe, or a
// DELETE. PUT is idempotent by RFC 9110, but the service accepts and confirms quotes by it (source:
// published), so it is held to be like POST.
func IsRepeatable(method string) bool {
	return method == http.MethodDelete || !ChangesState(method)
}
