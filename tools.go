// Package apikeys holds no code. Its go:generate lines write everything below gen/ from
// openapi.yaml, in this order; `go generate ./...` runs them.
package apikeys

//go:generate go tool oapi-codegen -config api/codegen/client.yaml openapi.yaml
//go:generate go tool oapi-codegen -config api/codegen/server.yaml openapi.yaml
//go:generate go tool oapi-codegen -config api/codegen/spec.yaml openapi.yaml
