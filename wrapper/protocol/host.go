package protocol

import (
	"net/url"
	"strings"
)

// The environments by name. Keys belong to one environment: production does not know a demo key,
// nor demo a production key (source: published).
const (
	// ProductionEnvironment trades with real money.
	ProductionEnvironment = "production"
	// DemoEnvironment trades with play money.
	DemoEnvironment = "demo"
)

// EnvironmentOf returns the name of the environment that a host belongs to, without port and in
// any case. It returns "" for any other host (source: seed and published).
func EnvironmentOf(host string) string {
	switch strings.ToLower(host) {
	case "api.elections.kalshi.com", "external-api.kalshi.com", "external-api-ws.kalshi.com":
		return ProductionEnvironment
	case "demo-api.kalshi.co", "external-api.demo.kalshi.co", "external-api-ws.demo.kalshi.co":
		return DemoEnvironment
	}
	return ""
}

// WebSocketPath is the path of the service's WebSocket (source: published).
const WebSocketPath = "/trade-api/ws/v2"

// WebSocketURL returns the URL of the WebSocket that belongs to a base URL: for the hosts that are recommended
// to API traders the WebSocket's own host, for any other the same host (source: published, May 2026).
func WebSocketURL(base *url.URL) *url.URL {
	host := base.Host
	switch strings.ToLower(host) {
	case "external-api.kalshi.com":
		host = "external-api-ws.kalshi.com"
	case "external-api.demo.kalshi.co":
		host = "external-api-ws.demo.kalshi.co"
	}
	scheme := "wss"
	if base.Scheme == "http" {
		scheme = "ws"
	}
	return &url.URL{Scheme: scheme, Host: host, Path: WebSocketPath}
}
